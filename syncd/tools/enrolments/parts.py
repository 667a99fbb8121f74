"""What a row changes of the part that somebody has in a course."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncd.core.model import Act, Outcome, Site
from syncd.core.names import enumerated
from syncd.tools.cells import Unfit, at, unix
from syncd.tools.enrolments import acts
from syncd.tools.enrolments.settings import EnrolmentSettings
from syncd.tools.enrolments.wish import MANUAL, EnrolmentWish
from syncd.tools.lookups.enrolments import BY_HAND, UNTOLD, Enrolment, Pair, Part
from syncd.tools.lookups.roles import Roles

SYNCHRONISED = frozenset({"cohort", "meta"})
"""Methods by which people are enrolled as others are: nobody is enrolled by them alone."""

ROUNDED = 200
"""Seconds for which core may still take an enrolment for not yet begun, or not yet ended."""


_NAMES: Mapping[str, str] = {"timestart": "start date", "timeend": "end date"}


@dataclass(slots=True)
class Change:
    """What a row comes to so far."""

    outcome: Outcome = Outcome.UNCHANGED
    acts: list[Act] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def becomes(self, outcome: Outcome, *acts: Act) -> None:
        """Something is to be done; what the row was until now counts more than an update."""
        self.acts += acts
        if self.outcome is Outcome.UNCHANGED or outcome is not Outcome.UPDATED:
            self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Methods:
    """The enrolment methods of a course: those that are open, and those that are closed; None: nothing tells."""

    open: frozenset[str] | None = None
    closed: frozenset[str] | None = None

    @property
    def only_manual(self) -> bool:
        """Whether nobody is enrolled in any other way, as far as the site tells."""
        return self.open is not None and self.open <= {MANUAL, "guest"}


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that is being carried out: what it wishes, what it finds, and what it comes to."""

    wish: EnrolmentWish
    pair: Pair
    part: Part
    methods: Methods
    times: Mapping[str, int]
    role: int
    change: Change = field(default_factory=Change)

    def give_role(self, outcome: Outcome) -> None:
        """Give the role, unless it is there."""
        if self.role not in self.part.roles:
            self.change.becomes(outcome, acts.assigning(self.pair, self.role))
            self.part.roles[self.role] = {BY_HAND}

    def take_role(self) -> None:
        """Take the role away, as far as it was given by hand."""
        sources = self.part.roles.get(self.role, set())
        if BY_HAND in sources:
            self.change.becomes(Outcome.DELETED, acts.unassigning(self.pair, self.role))
            sources.discard(BY_HAND)
            if not sources:
                del self.part.roles[self.role]
        elif not sources:
            self.change.notes.append("there is nothing to take away: the account has not this role in the course")
        if sources:
            self.change.notes.append(f"the role stays: it comes from {_methods(sources)}")

    def say_lost_dates(self) -> None:
        """Say which dates Moodle has forgotten, since core takes none that stay."""
        if left := [name for key, name in _NAMES.items() if key not in self.times]:
            self.change.notes.append(f"Moodle keeps no {' or '.join(left)} that the row does not give: it is none now")


class Parts:
    """The changes of parts; what is changed shows in the part at once, for the rows that follow."""

    def __init__(self, settings: EnrolmentSettings, site: Site, roles: Roles) -> None:
        self._settings = settings
        self._site = site
        self._roles = roles
        self._by_method = acts.by_method(site)

    def change(self, wish: EnrolmentWish, pair: Pair, part: Part, methods: Methods) -> Change:
        """Carry a row out on a part; raises `Unfit` with the column that is at fault."""
        times = self._times(wish)
        method = self._usable(wish, part, methods)
        row = _Row(wish, pair, part, methods, times, self._role(wish))
        match wish.deed:
            case "add" | "shift":
                if method is None:
                    row.give_role(Outcome.CREATED)
                elif part.by(method):
                    self._update(row, method)
                else:
                    self._enrol(row, method)
                if wish.deed == "shift":
                    self._take_others(row)
            case "del":
                if method is None:
                    row.take_role()
                else:
                    self._unenrol(row, method)
            case "enable" | "disable":
                self._turn(row)
        return row.change

    def _times(self, wish: EnrolmentWish) -> dict[str, int]:
        times: dict[str, int] = {time: unix(moment, self._site.zone) for time, moment in wish.times.items()}
        start, end = times.get("timestart", 0), times.get("timeend", 0)
        if 0 < end < start:
            cure = "Correct one of both dates."
            raise Unfit("value-wrong", "the enrolment would end before it begins", "endtime", cure=cure)
        return times

    def _role(self, wish: EnrolmentWish) -> int:
        return at("rolename", lambda: self._roles.one(wish.role)) if wish.role else 0

    # Methods

    def _usable(self, wish: EnrolmentWish, part: Part, methods: Methods) -> str | None:
        """The method that a row is carried out by; None: by none, it is about the role alone."""
        method = wish.method
        if method is None:
            return None
        if method != MANUAL and not self._by_method:
            cure = "Install the plugin local_syncd, or enrol by manual."
            raise Unfit("companion-missing", f"only the companion plugin enrols by {method}", "enrol", method, cure)
        if method in SYNCHRONISED:
            cure = f"Change who belongs there, or take the row out: {method} enrols by itself."
            raise Unfit("method-missing", f"nobody is enrolled by {method} alone", "enrol", method, cure)
        if wish.deed not in {"add", "shift"} or part.by(method) or methods.open is None or method in methods.open:
            return method
        closed = methods.closed is None or method in methods.closed
        if closed and self._settings.use_disabled_methods and self._by_method:
            return method
        if self._settings.fallback == "role":
            return None
        if methods.closed and method in methods.closed:
            reason = f"the course has the enrolment method {method}, and it is closed"
        else:
            reason = f"the course has no open enrolment method {method}"
        cure = f"Open {method} in the course's enrolment methods in Moodle, or correct the cell."
        raise Unfit("method-missing", reason, "enrol", method, cure)

    def _enrol(self, row: _Row, method: str) -> None:
        if self._by_method:
            closed = self._settings.use_disabled_methods
            act = acts.enrolling(row.pair, method, closed=closed, role=row.role, **row.times)
        else:
            act = acts.enrolling_by_hand(row.pair, row.role, {"timestart": self._site.now, **row.times})
        row.change.becomes(Outcome.CREATED, act)
        start = row.times.get("timestart", self._site.now)
        row.part.methods[method if self._by_method else UNTOLD] = Enrolment(False, start, row.times.get("timeend", 0))
        row.part.roles.setdefault(row.role, set()).add(BY_HAND)
        row.part.active = True

    def _update(self, row: _Row, method: str) -> None:
        if not self._by_method:
            self._update_by_hand(row)
            return
        enrolment = row.part.methods[method]
        differing = _differing(enrolment, row.times)
        if enrolment.suspended and self._settings.reactivate:
            differing["status"] = 0
        elif enrolment.suspended:
            row.change.notes.append("the enrolment is suspended, and was left so")
        if differing:
            row.change.becomes(Outcome.UPDATED, acts.enrolling(row.pair, method, closed=True, **differing))
            _note(enrolment, differing)
        row.give_role(Outcome.UPDATED)

    def _update_by_hand(self, row: _Row) -> None:
        """Core tells no dates: only whether somebody may enter now can be compared with what the row gives."""
        wanted = self._may_enter(row.times)
        if wanted is not None and row.part.active not in {None, wanted} and row.methods.only_manual:
            row.change.becomes(Outcome.UPDATED, acts.enrolling_by_hand(row.pair, row.role, row.times))
            row.say_lost_dates()
            row.part.active = wanted
            row.part.roles.setdefault(row.role, set()).add(BY_HAND)
        else:
            row.give_role(Outcome.UPDATED)

    def _may_enter(self, times: Mapping[str, int]) -> bool | None:
        """Whether the dates that a row gives let somebody in now; None: they don't tell."""
        now = self._site.now
        start, end = times.get("timestart", 0), times.get("timeend")
        if any(abs(moment - now) < ROUNDED for moment in (start, end or 0)):
            return None
        if start > now or 0 < (end or 0) <= now:
            return False
        return None if end is None else True

    def _unenrol(self, row: _Row, method: str) -> None:
        if not row.part.by(method):
            row.change.notes.append("there is nothing to take away: the account is not enrolled by this method")
            return
        row.change.becomes(Outcome.DELETED, acts.unenrolling(self._site, row.pair, method))
        row.part.methods.pop(method if method in row.part.methods else UNTOLD)
        if not row.part.enrolled:
            row.part.roles.clear()

    # Roles

    def _take_others(self, row: _Row) -> None:
        for other in [other for other in row.part.roles if other != row.role]:
            sources = row.part.roles[other]
            if BY_HAND in sources:
                row.change.becomes(Outcome.UPDATED, acts.unassigning(row.pair, other))
                sources.discard(BY_HAND)
            if sources:
                row.change.notes.append(
                    f"the role {self._roles.shortname(other)} stays: it comes from {_methods(sources)}"
                )
            else:
                del row.part.roles[other]

    # States

    def _turn(self, row: _Row) -> None:
        if not (row.part.by(row.wish.method) if row.wish.method else row.part.enrolled):
            if row.wish.deed == "enable":
                cure = "Enrol the account by a row with the command add."
                raise Unfit(
                    "not-enrolled", "the account is not enrolled in the course in this way", "uid", row.wish.user, cure
                )
            row.change.notes.append("there is nothing to suspend: the account is not enrolled in this way")
            return
        if self._by_method:
            self._turn_each(row)
        else:
            self._turn_by_hand(row)

    def _turn_each(self, row: _Row) -> None:
        suspend = row.wish.deed == "disable"
        for method in [row.wish.method] if row.wish.method else list(row.part.methods):
            enrolment = row.part.methods[method]
            differing = _differing(enrolment, row.times)
            if enrolment.suspended is not suspend:
                differing["status"] = int(suspend)
            if not differing:
                continue
            if method in SYNCHRONISED:
                row.change.notes.append(f"the enrolment by {method} was left alone: it follows from something else")
                continue
            outcome = Outcome.SUSPENDED if suspend and "status" in differing else Outcome.UPDATED
            row.change.becomes(outcome, acts.enrolling(row.pair, method, closed=True, **differing))
            _note(enrolment, differing)

    def _turn_by_hand(self, row: _Row) -> None:
        suspend = row.wish.deed == "disable"
        if row.part.active is not suspend:
            return
        if not row.methods.only_manual:
            reason = "the course has other enrolment methods too, and only the companion plugin tells who came by which"
            cure = "Install the plugin local_syncd, or change the enrolment in Moodle."
            raise Unfit("companion-missing", reason, "cid", row.wish.course, cure)
        known = next(iter(row.part.roles), row.role)
        if not known:
            cure = "Fill the cell: without the companion plugin, Moodle takes no change of an enrolment without a role."
            raise Unfit("value-missing", "the account has no role in the course", "rolename", "", cure)
        act = acts.enrolling_by_hand(row.pair, known, row.times, suspend=suspend)
        row.change.becomes(Outcome.SUSPENDED if suspend else Outcome.UPDATED, act)
        row.say_lost_dates()
        row.part.active = not suspend


def _differing(enrolment: Enrolment, times: Mapping[str, int]) -> dict[str, int]:
    present = {"timestart": enrolment.start, "timeend": enrolment.end}
    return {time: moment for time, moment in times.items() if present[time] != moment}


def _note(enrolment: Enrolment, changes: Mapping[str, int]) -> None:
    enrolment.start = changes.get("timestart", enrolment.start)
    enrolment.end = changes.get("timeend", enrolment.end)
    if "status" in changes:
        enrolment.suspended = bool(changes["status"])


def _methods(sources: set[str]) -> str:
    return enumerated(sorted(source.removeprefix("enrol_") for source in sources if source))
