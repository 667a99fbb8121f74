"""A stand-in for PHP and Moodle's two upload programs: it answers as they were seen to, for the rows that it is given.

What it says of a row is decided by the beginning of the row's first cell. `STAND_IN=fr` makes it speak French;
`STAND_IN=crash` ends it with the second row, `STAND_IN=help` makes it show its help and do nothing, and
`STAND_IN=flood` lets it write two megabytes when it is done.
"""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

MANNER = os.environ.get("STAND_IN", "")
FRENCH = {
    "Line {$a}": "Ligne {$a}",
    "Error:": "Erreur :",
    "Warning:": "Avertissement :",
    "New user": "Nouvel utilisateur",
    "User updated": "Utilisateur mis à jour",
    "User up-to-date": "Utilisateur à jour",
    "User deleted": "Utilisateur supprimé",
    "User renamed": "Utilisateur renommé",
    "Course created": "Cours créé",
    "Course updated": "Cours modifié",
    "Course deleted": "Cours supprimé",
}
WORDS = {
    "linex": "Line {$a}",
    "errorprefix": "Error:",
    "warningprefix": "Warning:",
    "newuser": "New user",
    "useraccountupdated": "User updated",
    "useraccountuptodate": "User up-to-date",
    "userdeleted": "User deleted",
    "userrenamed": "User renamed",
    "coursecreated": "Course created",
    "courseupdated": "Course updated",
    "coursedeleted": "Course deleted",
}
OF_USERS = {
    "new": ["New user", "Warning: Password: Generated in cron"],
    "changed": ["User updated", "First name: Ana-->Bea"],
    "same": ["User up-to-date"],
    "gone": ["User deleted"],
    "joined": ["User up-to-date", 'Enrolments: User added to cohort "2A"'],
    "missing": ["Warning: User not updated - does not exist"],
    "bad": ["Error: Invalid username"],
    "part": ["New user", 'Error: Enrolments: Unknown course named "nowhere"'],
    "two": ["Error: Missing value for firstname\nMissing value for lastname"],
}
OF_COURSES: dict[str, list[tuple[str, list[str]]]] = {
    "new": [("OK", ["Course created"])],
    "changed": [("OK", ["Course updated"])],
    "gone": [("OK", ["Course deleted"])],
    "same": [("OK", [])],
    "bad": [("NOK", ["Could not resolve category by ID"])],
    "mute": [("NOK", [])],
    "part": [("OK", ["Course created"]), ("NOK", ["Could not add method <b>cohort</b>"])],
}


def say(*lines: str) -> None:
    """Write lines, in the language that the site has."""
    for line in lines:
        if MANNER == "fr":
            for english, french in FRENCH.items():
                line = line.replace(english.replace("{$a}", ""), french.replace("{$a}", ""))
        sys.stdout.write(line + "\n")


def words(asked: str) -> None:
    """What the language packs hold."""
    found = {word: WORDS[name] for word, (name, _) in json.loads(asked).items()}
    say("", json.dumps({word: FRENCH[text] if MANNER == "fr" else text for word, text in found.items()}))


def rows(options: dict[str, str]) -> Iterator[tuple[int, list[str], str]]:
    """Each record of the file, with the beginning of its first cell."""
    with Path(options["file"]).open(encoding="utf-8", newline="") as file:
        for number, cells in enumerate(csv.reader(file)):
            if number:
                yield number, cells, cells[0].partition(".")[0].rstrip("0123456789")
            if MANNER == "crash" and number == 2:
                say('Default exception handler: Error writing to database Debug: Column "x"')
                raise SystemExit(1)


def users(options: dict[str, str]) -> None:
    """As uploaduser.php."""
    for number, _, what in rows(options):
        first, *more = (f"  {line}" for line in OF_USERS[what])
        say(f"Line {number + 1}", first, *more)
    say("-" * 79, "Users created: 1", "Errors: 0")


def courses(options: dict[str, str]) -> None:
    """As uploadcourse.php."""
    say("Moodle course uploader running ...", "line\tresult\tid\tshortname\tfullname\tidnumber")
    for number, cells, what in rows(options):
        for result, told in OF_COURSES[what]:
            say(f"{number}\t{result}\t17\t{cells[0]}\tA course\t", *(f"  {line}" for line in told))
    say("Courses total: 1", "Courses errors: 0")


def main(argv: list[str]) -> None:
    """As `php`."""
    if argv[0] == "-r":
        words(argv[-1])
        return
    program: Callable[[dict[str, str]], None] = users if argv[0].endswith("uploaduser.php") else courses
    options = dict(one.removeprefix("--").partition("=")[::2] for one in argv[1:])
    Path(argv[0]).with_name("asked.json").write_text(json.dumps(options), encoding="utf-8")
    copy = Path(options["file"]).read_bytes()
    Path(argv[0]).with_name("read.csv").write_bytes(copy)
    if MANNER == "help":
        say("Invalid mode selected", "Execute Course Upload.")
        return
    program(options)
    if MANNER == "flood":
        say(*("x" * 99 for _ in range(20_000)), "the very end")


if __name__ == "__main__":
    main(sys.argv[1:])
