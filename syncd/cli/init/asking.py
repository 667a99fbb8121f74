"""The answers: from the settings that are there, from options, or from who sits at the terminal."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from syncd import config
from syncd.cli.init.answers import PRACTICE, Question, Setup
from syncd.errors import Fault, UsageError
from syncd.targets.rest import RestSettings
from syncd.targets.rest.token import checked

SETTLED = frozenset({"site", "zone", "drop", "repository", "url", "kinds"})
"""What settings that are there have answered."""

ELSEWHERE = "elsewhere"
"""The answer to `token`, which nobody is asked: settings that are there have it from another place."""

_WHY_NONE = {True: "the practice site needs no token", False: "the settings have their token from elsewhere"}


def answered(setup: Setup, given: Mapping[str, str], *, ask: bool) -> dict[str, str]:
    """Every answer. `given` are those of options; raises `UsageError` with all that is wrong in them."""
    answers = _of_settings(setup, given)
    wrong: list[str] = []
    for question in setup.questions():
        if question.name in given:
            answers[question.name] = given[question.name]
            if problem := setup.problem(question, answers):
                wrong.append(f"--{question.name}: {problem}")
                del answers[question.name]
    if wrong:
        raise UsageError("\n".join(wrong))
    open_ones = [question for question in setup.questions() if question.name not in answers]
    if ask:
        for question in open_ones:
            answers[question.name] = _ask(setup, question, answers)
    answers = setup.completed(answers)
    for question in setup.questions():
        if question in open_ones and (problem := setup.problem(question, answers)):
            raise UsageError(f"--{question.name}, as usual {answers[question.name]}: {problem}")
    return answers


def _of_settings(setup: Setup, given: Mapping[str, str]) -> dict[str, str]:
    """What the settings say that are there already."""
    path = setup.place.inside(setup.place.settings)
    if not path.exists():
        return {}
    if settled := [name for name in given if name in SETTLED | {"moodle"}]:
        raise UsageError(
            f"{path} is there, and is never overwritten: change it yourself, or leave out --{', --'.join(settled)}"
        )
    there = config.load(path, {"STATE_DIRECTORY": setup.place.state}, writable=False)
    click.echo(f"{path} is there: it stays as it is, and what is missing besides is made after it.")
    site = there.target if isinstance(there.target, RestSettings) else None
    return {
        "site": there.site.name,
        "zone": str(there.site.timezone),
        "moodle": "none",
        "drop": str(there.drop.folder),
        "repository": str(there.repository.folder),
        "url": site.url if site else PRACTICE,
        "token": "" if site and site.token_credential == "token" else ELSEWHERE,
        "kinds": ", ".join(f"{name}={tool.file}" for name, tool in there.tools.items()),
    }


def _ask(setup: Setup, question: Question, answers: Mapping[str, str]) -> str:
    usual = question.usual(setup, answers)
    while True:
        answer: str = click.prompt(question.words, default=usual).strip()
        problem = setup.problem(question, {**answers, question.name: answer})
        if not problem:
            return answer
        click.echo(f"  {problem}", err=True)


def token(setup: Setup, answers: Mapping[str, str], source: str | None, *, ask: bool) -> str:
    """The web-service token, or "" where none is needed, there is one, or it is to come later."""
    there = setup.place.inside(setup.place.token)
    if answers["url"] == PRACTICE or answers.get("token") == ELSEWHERE:
        if source:
            raise UsageError(f"{_WHY_NONE[answers['url'] == PRACTICE]}: leave out --token-file")
        return ""
    if there.exists():
        if source:
            raise UsageError(f"{there} is there, and is never overwritten: move it away, or leave out --token-file")
        return ""
    if source:
        return _read(source)
    if ask:
        return _ask_token(needed=setup.place.here)
    if setup.place.here:
        raise UsageError("a Moodle site needs a token: --token-file FILE, or - for standard input")
    return ""


def has_token(setup: Setup, answers: Mapping[str, str]) -> bool:
    """Whether nobody has to bring the token any more."""
    none = answers["url"] == PRACTICE or answers.get("token") == ELSEWHERE
    return none or setup.place.inside(setup.place.token).exists()


def _read(source: str) -> str:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="ascii")
        return checked(text.strip(), "standard input" if source == "-" else source)
    except Fault as fault:
        raise UsageError(str(fault)) from fault
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {source}: it can't be read as a token") from error


def _ask_token(*, needed: bool) -> str:
    later = "" if needed else "; empty: later"
    while True:
        answer: str = click.prompt(
            f"Its web-service token (it is not shown{later})", hide_input=True, default="", show_default=False
        ).strip()
        if re.fullmatch(r"[0-9A-Za-z]+", answer) or not (answer or needed):
            return answer
        click.echo("  a token is letters and digits alone", err=True)
