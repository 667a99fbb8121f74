"""What a course is fitted out with: named sections, open enrolment methods, teachers."""

from collections.abc import Iterator

from syncd.core.model import Act
from syncd.tools.cells import Unfit, at
from syncd.tools.courses.asking import ASSIGN, ENROL, FOR_TEACHERS, SET_METHODS, SET_SECTIONS, Asking
from syncd.tools.courses.items import upon
from syncd.tools.courses.picture import Picture
from syncd.tools.courses.wish import CourseWish, Teacher
from syncd.tools.lookups.categories import ASIDE

People = list[tuple[int, int]]
"""Users with the roles that they are to have."""


class Fittings:
    """The acts that fit courses out."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._site = asking.memory.site

    def people(self, wish: CourseWish) -> tuple[People, list[Unfit]]:
        """The teachers of a row, with their roles, and why others can't be had."""
        found: People = []
        missed: list[Unfit] = []
        for teacher in wish.teachers:
            try:
                found.append(self._teacher(teacher))
            except Unfit as unfit:
                missed.append(unfit)
        return found, missed

    def _teacher(self, teacher: Teacher) -> tuple[int, int]:
        self._asking.demand(FOR_TEACHERS, f"teacher{teacher.number}_account", teacher.account)
        user = at(f"teacher{teacher.number}_account", lambda: self._asking.accounts.one(teacher.account))
        return user.id, at(f"teacher{teacher.number}_role", lambda: self._asking.roles.one(teacher.role))

    def fit(
        self, wish: CourseWish, picture: Picture, people: People, *, replaced: bool = False
    ) -> tuple[list[Act], tuple[str, ...]]:
        """The acts that fit out a course, and remarks; `replaced`: its enrolments will be gone."""
        sections, notes = self._sections(wish, picture)
        if replaced:
            picture.methods = {}
        methods, more = self._methods(wish, picture, replaced=replaced)
        teachers = list(self.teachers(picture, people, replaced=replaced))
        return [*sections, *methods, *teachers], notes + more

    def _sections(self, wish: CourseWish, picture: Picture) -> tuple[list[Act], tuple[str, ...]]:
        acts: list[Act] = []
        lost: list[str] = []
        for number, section in sorted(wish.sections.items()):
            name, summary = picture.sections.get(number, ("", ""))
            there = number in picture.sections
            changes = {
                key: value
                for key, value, present in (("name", section.name, name), ("summary", section.summary, summary))
                if value is not None and (value != present or not there)
            }
            if not changes:
                continue
            if self._site.has(SET_SECTIONS):
                acts.append(upon(picture.id, SET_SECTIONS, "courseid", {"section": number, **changes}, ASIDE))
                picture.sections[number] = changes.get("name", name), changes.get("summary", summary)
                continue
            # Core could name the sections of a course that is there, and not those of one that is being made: the same
            # file would go on changing the course when it is run again.
            lost.append(f"topic{number}")
        return acts, (_without_companion(lost),) if lost else ()

    def _methods(self, wish: CourseWish, picture: Picture, *, replaced: bool) -> tuple[list[Act], tuple[str, ...]]:
        wanted = {
            method: is_open for method, is_open in wish.methods.items() if self._differs(picture, method, is_open)
        }
        if replaced:
            # Moodle takes every enrolment method away with the content; without this one nobody can be enrolled.
            wanted = {"manual": True, **wanted}
        if not wanted:
            return [], ()
        if not self._site.has(SET_METHODS):
            return [], (_without_companion(list(wanted)),)
        picture.methods |= wanted
        return [
            upon(picture.id, SET_METHODS, "courseid", {"enrol": method, "status": int(not is_open)}, ASIDE)
            for method, is_open in wanted.items()
        ], ("all enrolments of the course go with its content",) if replaced else ()

    def _differs(self, picture: Picture, method: str, is_open: bool) -> bool:
        # A method that a course has not is as good as closed; what a copy of a template has nobody knows.
        if not picture.methods and not picture.id:
            return True
        return picture.methods.get(method, False) != is_open

    def teachers(self, picture: Picture, people: People, *, replaced: bool = False) -> Iterator[Act]:
        """The acts that bring teachers into a course."""
        for user, role in people:
            if (user, role) in picture.teachers and not replaced:
                continue
            part = self._asking.enrolments.part(picture.id, user) if picture.id and not replaced else None
            if part and part.enrolled and role in part.roles:
                continue
            picture.teachers.add((user, role))
            if part and part.enrolled:
                # Enrolling again would open a closed enrolment, and forget its dates.
                where = {"contextlevel": "course", "instanceid": picture.id}
                yield Act(ASSIGN, {"roleid": role, "userid": user, **where})
            else:
                yield upon(picture.id, ENROL, "courseid", {"roleid": role, "userid": user})


def _without_companion(what: list[str]) -> str:
    return f"left out, since it takes the companion plugin: {', '.join(what)}"
