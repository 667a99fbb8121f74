"""What each row of a courses file changes on the site."""

from collections.abc import Iterator, Mapping, Sequence

from syncd.core.model import Act, Outcome, Step
from syncd.tools.base import Conversation, Memory, short_of
from syncd.tools.cells import Unfit, moment, unix
from syncd.tools.courses.asking import (
    DELETE,
    DUPLICATE,
    FOR_COPIES,
    GET_METHODS,
    GET_SECTIONS,
    IMPORT,
    SET_METHODS,
    SET_SECTIONS,
    Asking,
)
from syncd.tools.courses.columns import AT_CREATION, CLEARABLE, CUSTOM_FIELD, DATES, FIELDS, UNSEEN
from syncd.tools.courses.fittings import Fittings
from syncd.tools.courses.homes import Homes, Placing
from syncd.tools.courses.items import is_by_weeks, item, upon, with_end
from syncd.tools.courses.picture import Picture
from syncd.tools.courses.settings import CourseSettings
from syncd.tools.courses.wish import CourseWish
from syncd.tools.lookups import categories as _categories
from syncd.tools.lookups.categories import Category
from syncd.tools.lookups.courses import COMPANION as GET_COURSES
from syncd.tools.lookups.courses import CORE, Course
from syncd.tools.lookups.enrolments import ASSIGNMENTS, ENROLMENTS
from syncd.tools.lookups.roles import COMPANION as GET_ROLES

CREATE = "core_course_create_courses"
UPDATE = "core_course_update_courses"

FUNCTIONS = frozenset({CORE, CREATE, UPDATE, _categories.LOOK_UP, _categories.CREATE})
COMPANION = frozenset(
    {
        *(GET_COURSES, GET_SECTIONS, SET_SECTIONS, GET_METHODS, SET_METHODS, GET_ROLES, ENROLMENTS, ASSIGNMENTS),
        _categories.HIDE,
    }
)
"""Functions of the companion that are used where they are."""

LACKS = {"course-missing": "course", "user-missing": "user"}
EXISTS = "the course exists, and courses that exist are left as they are: see force_update"


def planned(settings: CourseSettings, place: Placing, wishes: Sequence[CourseWish], memory: Memory) -> Conversation:
    """Ask the site about some rows, in file order, and return one step for each."""
    asking = memory.known.get("asking")
    if asking is None:
        asking = memory.known["asking"] = Asking(settings, memory)
    yield from asking.learn(wishes)
    plan = _Plan(settings, place, asking)
    return [plan.step(wish) for wish in wishes]


class _Plan:
    """The steps of some rows; each is settled against what those before it will have made."""

    def __init__(self, settings: CourseSettings, place: Placing, asking: Asking) -> None:
        self._settings = settings
        self._asking = asking
        self._memory = asking.memory
        self._fittings = Fittings(asking)
        self._homes = Homes(settings, place, asking)

    def step(self, wish: CourseWish) -> Step:
        """What becomes of a row; whatever stands after it in the file will meet its course so."""
        try:
            picture = self._whose(wish)
            if picture and picture.fields["shortname"] in self._settings.protected:
                cure = "Take it from the tool's `protected`, or change it in Moodle."
                raise Unfit("protected", "this course is protected", wish.column, wish.value, cure)
            if wish.delete:
                return self._delete(wish, picture)
            if picture is None:
                return self._create(wish)
            if not self._settings.force_update and wish.teachers and self._asking.completes(wish):
                return self._complete(wish, picture)
            if not self._settings.force_update:
                return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=(EXISTS,))
            return self._update(wish, picture)
        except Unfit as unfit:
            lacks = LACKS.get(unfit.refusal.code, "")
            return Step(wish.line, Outcome.REJECTED, wish.subject, refusal=unfit.refusal, lacks=lacks)

    # Which course

    def _whose(self, wish: CourseWish) -> Picture | None:
        """The course that a row is about, None for one that is to be made."""
        known = self._memory.known.get(wish.subject)
        if isinstance(known, Picture):
            return None if known.deleted else known
        course = self._asking.course(wish.column, wish.value)
        if course is None and wish.rename:
            # It may have its new name already.
            course = self._asking.course("shortname", wish.rename)
        if course is None and wish.column != "shortname" and (shortname := wish.fields.get("shortname")):
            course = self._by_halves(wish, shortname)
        return self._asking.picture(course) if course else None

    def _by_halves(self, wish: CourseWish, shortname: str) -> Course | None:
        """The course of a row's short name, if it has no idnumber yet; raises `Unfit` when it has another."""
        course = self._asking.course("shortname", shortname)
        if course and (wish.column == "id" or course.idnumber):
            raise Unfit(
                "shortname-taken",
                f"another course has this short name: the one with the {wish.column} {_identity(course, wish)}",
                "shortname",
                shortname,
                f"Correct the short name or the {wish.column}: they belong to two courses.",
            )
        return course

    # What becomes of it

    def _delete(self, wish: CourseWish, picture: Picture | None) -> Step:
        if not self._settings.allow_delete:
            cure = "Use a file of kind courses-delete, or set allow_delete."
            raise Unfit("not-allowed", "the row would delete a course", "delete", "1", cure)
        self._asking.demand((DELETE,), "delete", "1")
        if picture is None:
            return Step(wish.line, Outcome.UNCHANGED, wish.subject, notes=("there is no such course",))
        picture.deleted = True
        self._keep(wish, picture)
        return Step(wish.line, Outcome.DELETED, wish.subject, (upon(picture.id, DELETE, "courseid", {}),))

    def _create(self, wish: CourseWish) -> Step:
        if wish.column == "id":
            cure = "Correct the id, or leave it empty: Moodle chooses the ids of new courses."
            raise Unfit("course-missing", "the site has no course with this id", "id", wish.value, cure)
        if wish.rename:
            cure = "Correct the short name, or leave the column rename empty for a new course."
            raise Unfit("course-missing", "there is no course to rename", "shortname", wish.value, cure)
        template = self._template(wish) if wish.template else None
        fields = self._first_fields(wish, template)
        self._check_names(wish, fields, None)
        self._check_dates(fields, fields)
        people, missed = self._fittings.people(wish)
        custom = self._custom(wish, None)
        category, making, more = self._homes.of_new(wish)

        picture = Picture(0, fields, home=category, custom=custom)
        picture.methods = {} if template else {"guest": False, "self": False}
        acts = [*making, *self._made(fields, custom, category, template)]
        fitted, notes = self._fittings.fit(wish, picture, people)
        self._keep(wish, picture)
        made = Step(wish.line, Outcome.CREATED, wish.subject, (*acts, *fitted), notes=wish.notes + more + notes)
        return short_of(made, missed, LACKS)

    def _complete(self, wish: CourseWish, picture: Picture) -> Step:
        """Bring the teachers into a course that an earlier run made, and leave the rest of it alone."""
        people, missed = self._fittings.people(wish)
        acts = tuple(self._fittings.teachers(picture, people))
        self._keep(wish, picture)
        outcome = Outcome.UPDATED if acts else Outcome.UNCHANGED
        return short_of(Step(wish.line, outcome, wish.subject, acts, notes=(*wish.notes, EXISTS)), missed, LACKS)

    def _first_fields(self, wish: CourseWish, template: Course | None) -> dict[str, str]:
        """The fields of a new course; a template's own are left as they are."""
        usual = {} if template else self._usual()
        given = {name: value for name, value in wish.fields.items() if value}
        fields = {**usual, **given, **self._dates(wish)}
        for name in ("fullname", "shortname"):
            if name not in fields:
                raise Unfit("value-missing", "a new course must have one", name, "", "Fill the cell.")
        if not template and "numsections" not in fields:
            fields["numsections"] = str(max(wish.sections, default=self._settings.sections))
        return fields

    def _usual(self) -> dict[str, str]:
        """What the settings give new courses, of their own fields."""
        zone = self._memory.site.zone
        defaults = self._settings.defaults
        fields = {name: value for name, value in defaults.items() if name in FIELDS and value}
        return fields | {name: str(unix(moment(defaults[name]), zone)) for name in DATES if defaults.get(name)}

    def _made(
        self, fields: Mapping[str, str], custom: Mapping[str, str], category: Category, template: Course | None
    ) -> Iterator[Act]:
        """The acts that make a course, in its category."""
        where, takes = ({"categoryid": category.id}, {}) if category.id else ({}, {"categoryid": category.handle})
        own_end = "enddate" in fields and is_by_weeks(fields)
        if template is None:
            yield Act(CREATE, item(fields, custom, own_end=own_end) | where, takes=takes)
            return
        names = {"fullname": fields["fullname"], "shortname": fields["shortname"]}
        visible = int(fields.get("visible", "1"))
        yield Act(DUPLICATE, {"courseid": template.id, **names, "visible": visible, **where}, takes=takes)
        rest = {name: value for name, value in fields.items() if name not in {*names, "visible", *AT_CREATION}}
        if rest or custom:
            told = {name: str(template.told.get(name) or "") for name in ("startdate", "format")}
            own_end = "enddate" in rest and is_by_weeks(told | dict(fields))
            yield Act(UPDATE, item(with_end(rest, told | rest), custom, own_end=own_end), takes={"id": ""})

    def _update(self, wish: CourseWish, picture: Picture) -> Step:
        changes, unseen = self._changes(wish, picture)
        effective = picture.fields | changes
        self._check_names(wish, changes, picture)
        self._check_dates(changes, effective)
        custom = self._custom(wish, picture)
        people, missed = self._fittings.people(wish)
        template = self._wanted_template(wish, picture)
        category, making, more = self._homes.moved(wish, picture)
        copying, replaced = self._copied(picture, template)

        if replaced and "summary" not in changes and picture.fields.get("summary"):
            changes["summary"] = picture.fields["summary"]  # Moodle empties it with the rest
        acts = [*making, *copying]
        if changes or custom or category:
            acts.append(self._changed(wish, picture, changes | unseen, custom, category))
        picture.fields |= changes
        picture.custom |= custom
        fitted, others = self._fittings.fit(wish, picture, people, replaced=replaced)
        self._keep(wish, picture)
        acts += fitted
        outcome = Outcome.UPDATED if acts else Outcome.UNCHANGED
        step = Step(wish.line, outcome, wish.subject, tuple(acts), notes=(*wish.notes, *more, *others))
        return short_of(step, missed, LACKS)

    def _changed(
        self,
        wish: CourseWish,
        picture: Picture,
        changes: dict[str, str],
        custom: Mapping[str, str],
        category: Category | None,
    ) -> Act:
        effective = picture.fields | changes
        own_end = is_by_weeks(effective) and "enddate" in wish.dates
        if own_end:
            # Whatever is changed, Moodle lets such a course end with its last week again.
            changes = changes | {"enddate": effective.get("enddate", "0")}
        act = upon(picture.id, UPDATE, "id", item(with_end(changes, effective), custom, own_end=own_end))
        if category is None:
            return act
        if category.id:
            return Act(act.function, {**act.item, "categoryid": category.id}, takes=act.takes)
        return Act(act.function, act.item, takes={**act.takes, "categoryid": category.handle})

    def _changes(self, wish: CourseWish, picture: Picture) -> tuple[dict[str, str], dict[str, str]]:
        """The fields that differ, and those of which the site does not tell whether they do."""
        wanted = {name: value for name, value in wish.fields.items() if name not in AT_CREATION}
        if wish.rename:
            wanted["shortname"] = wish.rename
        elif wish.column == "shortname":
            wanted.pop("shortname", None)  # it found the course, perhaps in other capitals
        wanted |= self._dates(wish)
        changes: dict[str, str] = {}
        unseen: dict[str, str] = {}
        for name, value in wanted.items():
            if picture.fields.get(name, "") == value or (not value and name not in CLEARABLE):
                continue
            if not value and name == self._settings.identity:
                continue
            (unseen if name in UNSEEN else changes)[name] = value
        if "shortname" in changes and not self._settings.allow_rename:
            raise Unfit(
                "rename",
                f"the course's short name is {picture.fields['shortname']}, and the row may not change it",
                "rename" if wish.rename else "shortname",
                changes["shortname"],
                "Write that short name, or set allow_rename.",
            )
        return changes, unseen

    def _dates(self, wish: CourseWish) -> dict[str, str]:
        return {name: str(unix(when, self._memory.site.zone)) for name, when in wish.dates.items()}

    # Whether it can be

    def _check_names(self, wish: CourseWish, fields: Mapping[str, str], picture: Picture | None) -> None:
        for column, code in (("shortname", "shortname-taken"), ("idnumber", "idnumber-taken")):
            value = fields.get(column, "")
            other = self._asking.course(column, value) if value else None  # type: ignore[arg-type]  # both are identities
            if other and (picture is None or other.id != picture.id):
                reason = f"another course has this {column}: {other.shortname}"
                raise Unfit(code, reason, column, value, "Write another one, or correct that course.")

    def _check_dates(self, changes: Mapping[str, str], effective: Mapping[str, str]) -> None:
        if not any(name in changes for name in DATES):
            return
        start, end = (int(effective.get(name) or 0) for name in DATES)
        if start and end and end < start:
            column = "enddate" if "enddate" in changes else "startdate"
            raise Unfit("value-wrong", "the course would end before it begins", column, "", "Correct the dates.")

    # What is in it

    def _custom(self, wish: CourseWish, picture: Picture | None) -> dict[str, str]:
        """The custom fields that differ, as they are to be stored; raises `Unfit`."""
        usual = {} if picture else _custom_defaults(self._settings)
        wanted = usual | {name: cell for name, cell in wish.custom.items() if cell or picture}
        changes: dict[str, str] = {}
        for name, cell in wanted.items():
            try:
                value = self._asking.custom.stored(name, cell, self._memory.site.zone)
            except Unfit as unfit:
                refusal = unfit.refusal
                raise Unfit(refusal.code, refusal.reason, CUSTOM_FIELD + name, cell, refusal.cure) from unfit
            there = picture.custom.get(name, "") if picture else ""
            if self._asking.custom.same(name, there, value) or not (value or self._asking.custom.clears(name)):
                continue
            changes[name] = value
        return changes

    def _template(self, wish: CourseWish) -> Course:
        self._asking.demand(FOR_COPIES, "template", wish.template)
        return self._asking.template(wish.template)

    def _wanted_template(self, wish: CourseWish, picture: Picture) -> Course | None:
        """The template whose content an existing course is still to get; raises `Unfit`."""
        mode = self._settings.template_mode
        if not wish.template or mode == "nothing" or not picture.id:
            return None
        template = self._template(wish)
        if template.id in {picture.id, *picture.copied} or self._asking.has_content_of(picture.id, template.id):
            return None
        if mode == "replace" and not self._memory.site.has(SET_METHODS):
            raise Unfit(
                "not-allowed",
                "enrolment methods go with the content, and only the companion plugin can bring one back",
                "template",
                wish.template,
                'Install the plugin local_syncd, or set template_mode = "add".',
            )
        return template

    def _copied(self, picture: Picture, template: Course | None) -> tuple[tuple[Act, ...], bool]:
        """The act that brings a template's content into a course, and whether that replaces what is there."""
        if template is None:
            return (), False
        picture.copied.add(template.id)
        replaced = self._settings.template_mode == "replace"
        courses = {"importfrom": template.id, "importto": picture.id}
        return (Act(IMPORT, {**courses, "deletecontent": int(replaced)}),), replaced

    def _keep(self, wish: CourseWish, picture: Picture) -> None:
        if self._memory.again(wish.subject):
            self._memory.known[wish.subject] = picture


def _identity(course: Course, wish: CourseWish) -> str:
    return str(getattr(course, wish.column))


def _custom_defaults(settings: CourseSettings) -> dict[str, str]:
    return {
        name.removeprefix(CUSTOM_FIELD): value
        for name, value in settings.defaults.items()
        if name.startswith(CUSTOM_FIELD)
    }
