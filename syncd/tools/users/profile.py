"""The custom profile fields of the site: what their values may be, which Moodle itself does not look at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from syncd.core.model import Call, Site
from syncd.tools.cells import YES_OR_NO, Unfit, moment, too_long
from syncd.tools.lookups.users import CORE
from syncd.tools.questions import Question
from syncd.tools.users.columns import PROFILE_FIELD

COMPANION = "local_syncd_get_profile_fields"
LONGEST = 2048
"""How long a text may be where nothing else is known: Moodle cuts off the rest without a word."""

SEEN = 10_000
"""How many options of menus are remembered that accounts were seen to have."""


@dataclass(frozen=True, slots=True)
class Field:
    """A custom profile field; without `options` nobody knows those of a menu. `timed` is None when nobody knows."""

    datatype: str
    options: tuple[str, ...] = ()
    default: str = ""
    longest: int = LONGEST
    years: tuple[int, int] | None = None
    timed: bool | None = None
    unique: bool = False


class ProfileFields:
    """The fields of the site: those of the settings or the companion, or else those that accounts were seen to have.

    One object serves a whole run.
    """

    def __init__(self, site: Site, declared: Mapping[str, str | tuple[str, ...]]) -> None:
        self._zone = site.zone
        self._told = site.has(COMPANION)
        self._user = site.user
        self._complete = bool(declared) or self._told
        self._asked = not self._told and (self._complete or not self._user)
        self._fields = {
            name: Field(kind) if isinstance(kind, str) else Field("menu", kind) for name, kind in declared.items()
        }
        self._seen: set[tuple[str, str]] = set()

    def questions(self) -> list[Question]:
        """What must be asked before fields are known, once in a run."""
        if self._asked:
            return []
        self._asked = True
        if not self._told:
            # Moodle tells the checkboxes of any account, and other fields of one that has a value.
            return [(Call(CORE, {"field": "id", "values": [self._user]}), self._see_all)]

        def take(answer: Iterable[Mapping[str, Any]]) -> None:
            self._fields = {str(told["shortname"]): _field(told) for told in answer}

        return [(Call(COMPANION, {}), take)]

    def _see_all(self, answer: Iterable[Mapping[str, Any]]) -> None:
        for account in answer:
            for told in account.get("customfields") or ():
                self.see(told)

    def see(self, told: Mapping[str, Any]) -> None:
        """Take in what a look-up tells of one field of some account."""
        shortname, kind = str(told["shortname"]), str(told.get("type") or "text")
        if not self._complete:
            self._fields.setdefault(shortname, Field(kind))
            if kind == "menu" and len(self._seen) < SEEN:
                self._seen.add((shortname, str(told.get("value") or "")))

    def unique(self, column: str) -> bool:
        """Whether no two accounts may have one value of a column."""
        field = self._fields.get(_shortname(column))
        return bool(field and field.unique)

    def doubtful(self, column: str, value: str) -> bool:
        """Whether Moodle may lose a value: nothing told of such a field, or of such an option."""
        shortname = _shortname(column)
        field = self._fields.get(shortname)
        if field is None:
            return True
        unsure = field.datatype == "menu" and not field.options and value
        return bool(unsure) and (shortname, value) not in self._seen

    def read(self, column: str, cell: str) -> str | None:
        """What a cell is to be stored as; None for an empty one of a field that is not there.

        Raises `Unfit` for what Moodle would lose or make another thing of, without a word.
        """
        field = self._fields.get(_shortname(column))
        if field:
            return self._stored(field, column, cell)
        if not self._complete:
            return cell
        if cell:
            reason = "the site has no profile field of this short name, and Moodle would drop it without a word"
            raise Unfit(
                "field-missing", reason, column, cell, "Correct the column's name, or make the field in Moodle."
            )
        return None

    def _stored(self, field: Field, column: str, cell: str) -> str:
        try:
            match field.datatype:
                case "checkbox":
                    return _ticked(cell)
                case "datetime":
                    return self._date(field, cell)
                case "menu":
                    return _option(field, cell)
                case "text" if len(cell) > field.longest:
                    raise too_long(cell, field.longest)
                case _:
                    return cell
        except Unfit as unfit:
            refusal = unfit.refusal
            raise Unfit(refusal.code, refusal.reason, column, cell, refusal.cure) from unfit

    def same(self, column: str, there: str, wanted: str) -> bool:
        """Whether an account that has `there` has what is wanted."""
        field = self._fields.get(_shortname(column))
        if there == wanted or field is None:
            return there == wanted
        match field.datatype:
            case "checkbox":
                return (there or "0") == (wanted or "0")
            case "datetime":
                return _as_date(there, self._zone, timed=wanted.count("-") > 2) == wanted
            case _:
                return not wanted and there == field.default

    def _date(self, field: Field, cell: str) -> str:
        """The form in which Moodle reads dates in its own zone, whoever sends them."""
        when = moment(cell)
        if when is None:
            return ""
        local = when.astimezone(self._zone) if when.tzinfo else when
        if field.years and not field.years[0] <= local.year <= field.years[1]:
            reason = f"the year must be one from {field.years[0]} to {field.years[1]}"
            raise Unfit("value-wrong", reason, cure="Correct the date, or change the field in Moodle.")
        timed = field.timed if field.timed is not None else any((local.hour, local.minute, local.second))
        return _written(local, timed=timed)


def _field(told: Mapping[str, Any]) -> Field:
    kind = str(told["datatype"])
    years = int(told.get("yearfrom") or 0), int(told.get("yearto") or 0)
    return Field(
        kind,
        tuple(map(str, told.get("options") or ())),
        str(told.get("defaultdata") or ""),
        int(told.get("maxlength") or 0) or LONGEST,
        years if all(years) else None,
        bool(told.get("withtime")),
        bool(told.get("forceunique")),
    )


def _ticked(cell: str) -> str:
    if not cell:
        return ""
    ticked = YES_OR_NO.get(cell.lower())
    if ticked is None:
        raise Unfit("value-wrong", "the cell says neither yes nor no", cure="Write 1 or 0, or leave it empty.")
    return str(int(ticked))


def _option(field: Field, cell: str) -> str:
    if cell and field.options and cell not in field.options:
        shown = ", ".join(field.options[:10]) + (" …" if field.options[10:] else "")
        reason = "the menu has no such option, and Moodle would leave it empty without a word"
        raise Unfit("value-wrong", reason, cure=f"Write one of its options: {shown}.")
    return cell


def _as_date(there: str, zone: tzinfo, *, timed: bool) -> str:
    if "-" in there[1:]:
        return there  # an earlier row of the file has written it
    if not there.lstrip("-").isdecimal() or there == "0":
        return ""
    try:
        return _written(datetime.fromtimestamp(int(there), zone), timed=timed)
    except (ValueError, OverflowError, OSError):
        return ""


def _written(local: datetime, *, timed: bool) -> str:
    return local.strftime("%Y-%m-%d-%H-%M-%S" if timed else "%Y-%m-%d")


def _shortname(column: str) -> str:
    return column.removeprefix(PROFILE_FIELD)
