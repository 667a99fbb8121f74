"""What a set-up must know: each question with its usual answer, and what is wrong with an answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from syncd import config
from syncd.cli.init import moodle
from syncd.cli.init.place import Place
from syncd.cli.init.settings_text import settings_text
from syncd.config.problems import nearest
from syncd.errors import SettingsError, UsageError
from syncd.tools.base import RowTool, kinds

PRACTICE = "practice"
NONE = "none"
FILES = {"pictures": "userpictures_*.zip"}
"""The usual files of kinds that are not called as the kind is."""

_PLAIN = re.compile(r"/[\w.+,@-]+(/[\w.+,@-]+)*")
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]*", re.ASCII)

Answers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Setup:
    """A set-up that is being asked for: where, from which documented settings.

    `attended`: somebody sees the usual answers before they count.
    """

    place: Place
    documented: str
    attended: bool = False

    def text(self, answers: Answers, *, tried: bool = False) -> str:
        """The settings that answers make; when they are only `tried`, the token's file need not be there."""
        values = {
            "site": {"name": answers["site"], "timezone": answers["zone"]},
            "drop": {"folder": answers["drop"]},
            "repository": {"folder": answers["repository"]},
            "state": {"folder": self.place.state},
        }
        if answers["url"] != PRACTICE:
            token = {"token_file": self.place.token} if self.place.here and not tried else {"token_credential": "token"}
            values["target"] = {"kind": "rest", "url": answers["url"], **token}
        return settings_text(self.documented, values, tools_of(answers["kinds"]))

    def questions(self) -> list["Question"]:
        """The questions, in the order in which they are asked."""
        return [question for question in QUESTIONS if question.key or not self.place.here]

    def first_file(self, answers: Answers) -> str:
        """The name of a file that can be dropped."""
        named = tools_of(answers["kinds"])
        return named[0][1].replace("*", "1") if named else "users.csv"

    def completed(self, answers: Answers) -> dict[str, str]:
        """All answers: those that were given, and the usual ones."""
        whole = dict(answers)
        for question in QUESTIONS:
            whole.setdefault(question.name, question.usual(self, whole))
        return whole

    def problem(self, question: "Question", answers: Answers) -> str:
        """What is wrong with the answer to a question, in words for who gave it; "" when nothing is."""
        if wrong := question.wrong(self, answers[question.name]):
            return wrong
        if not question.key:
            return ""
        path = self.place.inside(self.place.settings)
        try:
            config.read(self.text(self.completed(answers), tried=True).encode(), path, {}, writable=False)
        except SettingsError as error:
            own = [problem for problem in error.problems if problem.where.startswith(question.key)]
            return " ".join(f"{each.what.rstrip('.')}. {each.hint}".strip() for each in own)
        return ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its option, its words, the place of the key that it sets ("": no key), its usual answer."""

    name: str
    words: str
    key: str
    usual: Callable[[Setup, Answers], str]
    wrong: Callable[[Setup, str], str] = lambda _setup, _answer: ""


def tools_of(answer: str) -> list[tuple[str, str]]:
    """Kinds and their files, as in `users, courses=erp/courses.csv`."""
    pairs = [each.strip().partition("=") for each in answer.split(",") if each.strip()]
    return [(kind.strip(), file.strip() or FILES.get(kind.strip(), f"{kind.strip()}.csv")) for kind, _, file in pairs]


def offered() -> list[str]:
    """The kinds of files that need no more settings than a file."""
    return sorted(kind for kind, tool in kinds().items() if issubclass(tool, RowTool))


def _usual_moodle(setup: Setup, _answers: Answers) -> str:
    return (setup.attended and not setup.place.here and moodle.found_on(setup.place.root)) or NONE


def _usual_drop(setup: Setup, answers: Answers) -> str:
    if setup.place.here:
        return "var/moodledata/sync"
    of_moodle = _of_moodle(setup, answers).get("dataroot", "")
    return f"{of_moodle}/sync" if of_moodle else f"/srv/sftp/{setup.place.instance or 'erp'}/sync"


def _usual_repository(setup: Setup, _answers: Answers) -> str:
    return "var/repository" if setup.place.here else f"/srv/syncd/{setup.place.instance or 'repository'}"


def _usual_url(setup: Setup, answers: Answers) -> str:
    return _of_moodle(setup, answers).get("wwwroot", PRACTICE)


def _of_moodle(setup: Setup, answers: Answers) -> dict[str, str]:
    named = answers.get("moodle", NONE)
    return {} if named == NONE else moodle.settings_of(setup.place.inside(named))


def _no_moodle(setup: Setup, answer: str) -> str:
    try:
        _of_moodle(setup, {"moodle": answer})
    except UsageError as error:
        return str(error)
    return ""


def _no_folder(setup: Setup, answer: str) -> str:
    if setup.place.here:
        return ""
    if not _PLAIN.fullmatch(answer) or {".", ".."} & set(Path(answer).parts):
        return "must be a whole path of letters, digits and . _ - + , @ between its slashes: systemd takes others apart"
    if answer.startswith(("/tmp/", "/var/tmp/")):
        return "must not lie in /tmp or /var/tmp: the service has its own"
    return ""


def _no_account(setup: Setup, answer: str) -> str:
    if answer == NONE or (_ACCOUNT.fullmatch(answer) and setup.place.user(answer) is not None):
        return ""
    return f"there is no account {answer}; docs/SFTP.md says how to make one. {NONE}: later"


def _no_group(_setup: Setup, answer: str) -> str:
    return "" if _ACCOUNT.fullmatch(answer) and answer != "root" else "is not the name of a group for senders"


def _no_kinds(_setup: Setup, answer: str) -> str:
    named = [kind for kind, _ in tools_of(answer)]
    if named == ["?"]:
        return f"{', '.join(offered())}; docs/SENDERS.md says what each is"
    if unknown := next((kind for kind in named if kind not in offered()), ""):
        hint = nearest(unknown, offered()) or f"There are: {', '.join(offered())}."
        return f"{unknown} is not a kind that can be set up here. {hint}"
    if not named:
        return "name one kind at least"
    return "each kind once" if len(set(named)) < len(named) else ""


QUESTIONS = (
    Question(
        "site", "What the site is called, in reports and logs", "site.name", lambda s, _: s.place.instance or "campus"
    ),
    Question("zone", "Its time zone, for timers and names", "site.timezone", lambda _, __: config.machine_zone()),
    Question(
        "moodle", f"The folder of its Moodle, or {NONE} if that is on another machine", "", _usual_moodle, _no_moodle
    ),
    Question("drop", "The folder into which files are uploaded", "drop.folder", _usual_drop, _no_folder),
    Question(
        "sender", f"The account that uploads, or {NONE} if there is none yet", "", lambda _, __: NONE, _no_account
    ),
    Question("group", "The group of those who upload; syncd comes into it", "", lambda _, __: "sftp", _no_group),
    Question(
        "repository",
        "The folder where files wait and archives are kept",
        "repository.folder",
        _usual_repository,
        _no_folder,
    ),
    Question("url", f"The address of the Moodle site, or {PRACTICE} to rehearse without one", "target", _usual_url),
    Question(
        "kinds",
        "What the files hold, with commas between (? shows what there is)",
        "tools",
        lambda _, __: "users, courses, enrolments",
        _no_kinds,
    ),
)
