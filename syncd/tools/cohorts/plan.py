"""What each row of a cohorts file changes on the site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from syncd.core.model import Act, Outcome, Step
from syncd.tools.base import Conversation, Memory
from syncd.tools.cells import Unfit
from syncd.tools.cohorts.places import Places
from syncd.tools.cohorts.state import State
from syncd.tools.cohorts.wish import CohortWish
from syncd.tools.lookups.cohorts import IDNUMBER_LENGTH
from syncd.tools.lookups.memberships import Memberships
from syncd.tools.lookups.named_cohorts import SYSTEM, NamedCohorts, folded
from syncd.tools.lookups.users import User, Users
from syncd.tools.questions import ask

if TYPE_CHECKING:  # the settings are the kind itself
    from syncd.tools.cohorts import CohortsTool

CREATE = "core_cohort_create_cohorts"
UPDATE = "core_cohort_update_cohorts"
DELETE = "core_cohort_delete_cohorts"
ADD = "core_cohort_add_cohort_members"
REMOVE = "core_cohort_delete_cohort_members"

_KNOWN = "cohorts"
_LACKS = {"user-missing": "user", "cohort-missing": "cohort", "category-missing": "category"}


@dataclass(slots=True)
class Known:
    """What a run knows of the site, and of the cohorts that its rows have met so far."""

    users: Users
    cohorts: NamedCohorts
    members: Memberships = field(default_factory=Memberships)
    places: Places = field(default_factory=Places)
    states: dict[str, State] = field(default_factory=dict)
    by_id: dict[int, State] = field(default_factory=dict)
    taken: dict[tuple[str, str], State] = field(default_factory=dict)
    """Cohorts that rows of this file make or rename, by what no other cohort may have."""


def planned(tool: "CohortsTool", wishes: Sequence[CohortWish], memory: Memory) -> Conversation:
    """Look up what the rows name, then settle them in file order."""
    known: Known = memory.known.setdefault(_KNOWN, Known(Users(tool.user_identity), NamedCohorts(tool.cohort_identity)))
    plan = _Plan(tool, known, memory)
    site = memory.site
    places = dict.fromkeys(wish.place for wish in wishes if wish.place)
    yield from ask(
        [
            *known.users.questions(site, (wish.user for wish in wishes)),
            *known.cohorts.questions(site, (wish.key for wish in wishes)),
            *known.cohorts.questions(site, (wish.fields.get("idnumber") or wish.key for wish in wishes), "idnumber"),
            *known.cohorts.questions(site, (wish.fields.get("name") or wish.key for wish in wishes), "name"),
            *known.places.questions(places),
        ]
    )
    yield from ask(known.members.questions(site, plan.pairs(wishes), plan.whole(wishes)))
    yield from known.places.locate(plan.to_be_located(wishes), places)
    return plan.steps(wishes)


@dataclass(slots=True)
class _Emptying:
    """A row that empties a cohort, while the rows after it may still keep members in."""

    wish: CohortWish
    state: State
    users: dict[int, None]
    after: str

    def step(self) -> Step:
        """The row's step, when it is known who really leaves."""
        acts = tuple(_leaving(self.state, user) for user in self.users)
        outcome = Outcome.DELETED if acts else Outcome.UNCHANGED
        notes = (f"members taken out: {len(acts)}",) if acts else ()
        reach = max(0, len(acts) - 1)
        return Step(self.wish.line, outcome, self.wish.subject, acts, notes=notes, after=self.after, reach=reach)


class _Plan:
    """The steps of some rows; each is settled against what those before it will have made."""

    def __init__(self, tool: "CohortsTool", known: Known, memory: Memory) -> None:
        self._tool = tool
        self._known = known
        self._memory = memory
        self._emptying: dict[State, _Emptying] = {}

    # What must be asked, once the cohorts are known

    def pairs(self, wishes: Sequence[CohortWish]) -> list[tuple[int, int]]:
        """The cohorts and accounts of which it must be known whether one is in the other."""
        pairs = []
        for wish in wishes:
            if wish.user and (state := self._state(wish)) and state.id and (user := self._user(wish)):
                pairs.append((state.id, user.id))
        return pairs

    def whole(self, wishes: Sequence[CohortWish]) -> list[int]:
        """The cohorts all of whose members must be known."""
        leave = (wish for wish in wishes if wish.command == "free" or (wish.command == "del" and not wish.user))
        return [state.id for wish in leave if (state := self._state(wish)) and state.id]

    def to_be_located(self, wishes: Sequence[CohortWish]) -> list[int]:
        """The cohorts of which it must be known where they are: an update says it again, or changes it."""
        return [
            state.id
            for wish in wishes
            if wish.command == "add"
            and (state := self._state(wish))
            and state.category is None
            and (wish.place or self._changes(wish, state))
        ]

    def _state(self, wish: CohortWish) -> State | None:
        """The cohort that a row names, as it is by now; None for none, or for one of several."""
        try:
            return self._named(wish.key)
        except Unfit:
            return None

    def _user(self, wish: CohortWish) -> User | None:
        try:
            return self._known.users.find(wish.user)
        except Unfit:
            return None

    def _named(self, key: str) -> State | None:
        state = self._known.states.get(key)
        if state is None and (cohort := self._known.cohorts.find(key)):
            state = self._known.states[key] = self._known.by_id[cohort.id] = State.of(cohort)
        return state if state and not state.deleted else None

    # Settling them

    def steps(self, wishes: Sequence[CohortWish]) -> list[Step]:
        """What becomes of the rows; what stands after them in the file will meet the cohorts so."""
        steps = [self._step(wish) for wish in wishes]
        return [step.step() if isinstance(step, _Emptying) else step for step in steps]

    def _step(self, wish: CohortWish) -> Step | _Emptying:
        try:
            state = self._named(wish.key)
            match wish.command:
                case "add":
                    return self._add(wish, state)
                case "free":
                    return self._free(wish, state)
                case "del":
                    return self._remove(wish, state) if wish.user else self._delete(wish, state)
        except Unfit as unfit:
            refusal = replace(unfit.refusal, column=unfit.refusal.column or self._tool.key)
            lacks = _LACKS.get(refusal.code, "") if wish.command == "add" else ""
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=refusal, lacks=lacks)

    def _add(self, wish: CohortWish, state: State | None) -> Step:
        user = self._member(wish)
        category = self._known.places.one(wish.place) if wish.place else None
        outcome, after = Outcome.UPDATED, ""
        if state is None:
            state, acts = self._create(wish, category or SYSTEM)
            outcome = Outcome.CREATED
        elif acts := self._update(wish, state, category):
            after = state.last
        if user and not self._stays(state, user) and not state.has(user.id, self._known.members):
            state.join(user.id, again=self._memory.again(wish.subject))
            acts = (*acts, _joining(state, user))
            outcome = Outcome.CREATED
        if not acts:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject)
        state.last = wish.subject
        return Step(wish.line, outcome, wish.subject, acts, after=after)

    def _member(self, wish: CohortWish) -> User | None:
        if not wish.user:
            return None
        try:
            return self._known.users.one(wish.user)
        except Unfit as unfit:
            unfit.refusal = replace(unfit.refusal, column="userid")
            raise

    def _stays(self, state: State, user: User) -> bool:
        """Whether an earlier row of these would take the account out, and need not: this one keeps it in."""
        emptying = self._emptying.get(state)
        if emptying is None or user.id not in emptying.users:
            return False
        del emptying.users[user.id]
        state.join(user.id, again=True)
        return True

    def _create(self, wish: CohortWish, category: int) -> tuple[State, tuple[Act, ...]]:
        name, idnumber = wish.fields.get("name", wish.key), wish.fields.get("idnumber", wish.key)
        self._check_creation(wish, name, idnumber)
        description = wish.fields.get("description", "")
        state = State(0, name, idnumber, description, 1, category, f"cohort of line {wish.line}")
        self._known.states[wish.key] = state
        self._take(state)
        item = {"categorytype": _categorytype(category), "name": name, "idnumber": idnumber}
        if description:
            item["description"] = description
        return state, (Act(CREATE, item, gives=state.made_as),)

    def _check_creation(self, wish: CohortWish, name: str, idnumber: str) -> None:
        key = self._tool.cohort_identity
        if key == "id" or not self._tool.create:
            cure = "Make the cohort in Moodle, or correct the cell."
            raise Unfit("cohort-missing", f"the site has no cohort with this {key}", self._tool.key, wish.key, cure)
        if len(idnumber) > IDNUMBER_LENGTH:
            reason = "the row makes a cohort without an idnumber, and its name is too long to serve as one"
            raise Unfit("value-missing", reason, "cidnumber", "", "Give the new cohort an idnumber.")
        self._check_idnumber(idnumber, None)
        if not self._tool.same_names and (others := self._others("name", name, None)):
            known = ", ".join(other for other in others if other) or "one without an idnumber"
            raise Unfit(
                "name-taken",
                f"the row would make a second cohort of this name; the first has the idnumber: {known}",
                "cname",
                name,
                "Give that cohort this idnumber in Moodle, or write another name; or set same_names.",
            )

    def _check_idnumber(self, idnumber: str, state: State | None) -> None:
        if others := self._others("idnumber", idnumber, state):
            raise Unfit(
                "idnumber-taken",
                f"another cohort has this idnumber, or one that Moodle takes for the same: {others[0]}",
                "cidnumber" if self._tool.key != "cname" else "",
                idnumber,
                "Write the idnumber as that cohort has it, or another one.",
            )

    def _others(self, column: str, value: str, state: State | None) -> list[str]:
        """The idnumbers of the cohorts, but for `state`, that have a value: an idnumber alike, or the very name."""
        found = self._known.cohorts.like("idnumber" if column == "idnumber" else "name", value)
        others = []
        for cohort in found:
            present = self._known.by_id.get(cohort.id) or State.of(cohort)
            if present is state or present.deleted:
                continue
            if _same(column, getattr(present, column), value):
                others.append(present.idnumber)
        taker = self._known.taken.get((column, folded(value)))
        if taker and taker is not state and not taker.deleted and _same(column, getattr(taker, column), value):
            others.append(taker.idnumber)
        return others

    def _take(self, state: State) -> None:
        for column in ("idnumber", "name"):
            self._known.taken[column, folded(getattr(state, column))] = state

    def _update(self, wish: CohortWish, state: State, category: int | None) -> tuple[Act, ...]:
        changes = self._changes(wish, state)
        if not changes and category is None:
            return ()
        if state.category is None:
            state.category = self._known.places.where(state.id)
        moves = category is not None and category != state.category
        if not changes and not moves:
            return ()
        if not moves and state.category is None:
            raise _nowhere()
        if "idnumber" in changes:
            self._check_idnumber(changes["idnumber"], state)
        if moves:
            state.category = category
        for column, value in changes.items():
            setattr(state, column, value)
        self._take(state)
        item: dict[str, Any] = {
            "categorytype": _categorytype(state.category or SYSTEM),
            "name": state.name,
            "idnumber": state.idnumber,
            "descriptionformat": state.descriptionformat,
        }
        if "description" in changes:
            item["description"] = state.description
        return (_act(UPDATE, "id", state, item),)

    def _changes(self, wish: CohortWish, state: State) -> Mapping[str, str]:
        return {column: value for column, value in wish.fields.items() if getattr(state, column) != value}

    def _remove(self, wish: CohortWish, state: State | None) -> Step:
        user = self._member(wish)
        if state is None:
            return _nothing(wish)
        if user is None or not state.has(user.id, self._known.members):
            return Step(wish.line, Outcome.UNCHANGED, wish.subject)
        state.leave(user.id, again=self._memory.again(wish.subject))
        state.last = wish.subject
        return Step(wish.line, Outcome.DELETED, wish.subject, (_leaving(state, user.id),))

    def _free(self, wish: CohortWish, state: State | None) -> Step | _Emptying:
        if state is None:
            return _nothing(wish)
        self._emptying[state] = _Emptying(wish, state, dict.fromkeys(state.empty(self._known.members)), state.last)
        state.last = wish.subject
        return self._emptying[state]

    def _delete(self, wish: CohortWish, state: State | None) -> Step:
        if state is None:
            return _nothing(wish)
        reach = sum(1 for _ in state.empty(self._known.members))
        state.deleted = True
        after, state.last = state.last, wish.subject
        acts = (_act(DELETE, "cohortid", state, {}),)
        return Step(wish.line, Outcome.DELETED, wish.subject, acts, after=after, reach=reach)


def _nowhere() -> Unfit:
    # An update must say where the cohort is; a wrong place would move it.
    return Unfit(
        "category-missing",
        "the site does not tell in which category this cohort is, and without it nothing of it can be changed",
        "ccatcontext",
        cure="Name its category in the row, or give the token's user moodle/category:viewhiddencategories.",
    )


def _nothing(wish: CohortWish) -> Step:
    return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=("the site has no such cohort",))


def _same(column: str, one: str, other: str) -> bool:
    return folded(one) == folded(other) if column == "idnumber" else one == other


def _categorytype(category: int) -> dict[str, str]:
    return {"type": "id", "value": str(category)} if category else {"type": "system", "value": ""}


def _act(function: str, key: str, state: State, item: Mapping[str, Any]) -> Act:
    """An act upon a cohort, by its id or by the one that it will get."""
    if state.id:
        return Act(function, {key: state.id, **item})
    return Act(function, item, takes={key: state.made_as})


def _joining(state: State, user: User) -> Act:
    which = {"type": "id", "value": str(state.id)} if state.id else {"type": "id"}
    member = {"cohorttype": which, "usertype": {"type": "id", "value": str(user.id)}}
    return Act(ADD, member, takes={} if state.id else {"cohorttype.value": state.made_as})


def _leaving(state: State, user: int) -> Act:
    return _act(REMOVE, "cohortid", state, {"userid": user})
