"""What each column of a courses file may hold, and how its text becomes what Moodle stores."""

import re

from syncd.tools.cells import YES_OR_NO, Reader, Unfit, empty, name, number, raw, too_long, yes_or_no

FORMATS = frozenset({"topics", "weeks", "social", "singleactivity"})
"""The course formats that every Moodle has."""

TOPIC = re.compile(r"topic(\d|[1-4]\d|5[0-2])")
TEACHER = re.compile(r"teacher([1-9]\d{0,3})_(account|role)")
CUSTOM_FIELD = "customfield_"
CUSTOM_FIELDS = re.compile(CUSTOM_FIELD + r"[a-z0-9_-]+")
UPLOADCOURSE = re.compile(r"(enrolment_\d+(_\w+)?|role_\w+|tags?|format_\w+|courseformat_\w+)")
"""Columns of Moodle's own upload that are left out."""

LEFT_OUT = (
    "sortorder",
    "visibleold",
    "timecreated",
    "timemodified",
    "marker",
    "legacyfiles",
    "calendartype",
    "requested",
    "downloadcontent",
    "showactivitydates",
    "showcompletionconditions",
    "relativedatesmode",
    "reset",
)
"""Columns that Moodle's web services have no parameter for, or that other kinds of files are for."""

LONGEST_SUMMARY = 1_000_000


_LANGUAGES = re.compile(
    r"<span(\s+lang=\"[a-zA-Z0-9_-]+\"|\s+class=\"multilang\"){2}\s*>|</span>|<lang lang=\"[a-zA-Z0-9_-]+\"\s*>|</lang>"
)
"""The tags by which Moodle has a name in several languages; any other it refuses."""


def words(longest: int) -> Reader:
    """Text of at most so many characters, which must be there, perhaps in several languages, and without other tags."""

    def read(cell: str) -> str:
        value = cell.strip()
        if not value:
            raise empty()
        if len(value) > longest:
            raise too_long(value, longest)
        if re.search(r"<(?!\s)", _LANGUAGES.sub("", value)):
            raise Unfit("value-wrong", "the cell holds <, and Moodle takes no tags here", cure="Remove the <.")
        return value

    return read


def flag(cell: str) -> str:
    """`1`, `0`, or nothing."""
    value = YES_OR_NO.get(yes_or_no(cell))
    return "" if value is None else str(int(value))


def between(least: int, most: int) -> Reader:
    """A whole number within bounds, or nothing."""

    def read(cell: str) -> str:
        value = number(cell)
        if value and not least <= int(value) <= most:
            raise Unfit(
                "value-wrong",
                f"the number must be from {least} to {most}",
                cure="Correct the number, or leave the cell empty.",
            )
        return value

    return read


_AS_IN = "Write it as Moodle does, as in"

FIELDS: dict[str, Reader] = {
    "fullname": words(1333),
    "shortname": words(255),
    "idnumber": raw(100),
    "summary": raw(LONGEST_SUMMARY),
    "format": name(21, r"[a-z][a-z0-9_]*[a-z0-9]", f"{_AS_IN} topics or weeks."),
    "lang": name(30, r"[a-z]{2,3}(_[a-z0-9]+)*", f"{_AS_IN} en or pt_br."),
    "theme": name(50, r"[a-z][a-z0-9_]*[a-z0-9]", f"{_AS_IN} boost."),
    "visible": flag,
    "showgrades": flag,
    "showreports": flag,
    "groupmode": between(0, 2),
    "groupmodeforce": flag,
    "enablecompletion": flag,
    "newsitems": between(0, 10),
    "maxbytes": between(0, 2_147_483_647),
    "defaultgroupingid": between(0, 2_147_483_647),
    "coursedisplay": flag,
    "hiddensections": flag,
    "numsections": between(0, 52),
}
"""Columns that become fields of a course."""

DATES = ("startdate", "enddate")

CLEARABLE = frozenset({"idnumber", "summary"})
"""Fields that an empty cell clears; any other it leaves as it is."""

OPTIONS = frozenset({"coursedisplay", "hiddensections"})
"""Fields that belong to the course's format."""

AT_CREATION = frozenset({"numsections"})
"""Fields that count only for a new course."""

UNSEEN = {"theme": "forcetheme"}
"""Fields that the site may drop without a word: sent only with a creation or another change."""

TEXTS = frozenset({"fullname", "shortname", "idnumber", "summary", "format", "lang", "theme"})

NOT_BY_DEFAULT = frozenset({"fullname", "shortname", "idnumber"})
