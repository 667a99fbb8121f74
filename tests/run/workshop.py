"""A place where runs can be made: real folders, a real ledger, a practice site, and a clock that a test moves."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from syncd.core.model import RunState
from syncd.disk.ledger import Ledger
from syncd.disk.records import RunRecord
from syncd.disk.repository import InRun, Repository
from syncd.run import Job, Place, carry_out
from syncd.targets.sandbox import SandboxSettings
from syncd.tools.base import Tool
from syncd.tools.command import CommandTool
from syncd.tools.users import UsersTool
from tests.faulty import Faulty

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=PARIS)
FILE = "erp/users.csv"
HEADER = "username,firstname,lastname,email,idnumber"
NO_LIMITS = {"deletes": "100%", "changes": "100%", "errors": "100%"}


def users(**settings: Any) -> UsersTool:
    """A users tool with the defaults of its kind, but for some settings."""
    return UsersTool.model_validate({"file": FILE, **settings})


def program(*argv: str, **settings: Any) -> CommandTool:
    """A tool that hands its file to a program."""
    return CommandTool.model_validate({"file": FILE, "argv": argv, **settings})


def user_row(number: int, **cells: str) -> str:
    """A good row about the account of a number; `cells` replace those of its columns."""
    name = f"user{number}"
    row = {"username": name, "firstname": "Ana", "lastname": name, "email": f"{name}@example.org", "idnumber": name}
    return ",".join((row | cells).values())


def users_file(rows: Sequence[str], header: str = HEADER) -> bytes:
    """A command file of these rows."""
    return "\n".join([header, *rows, ""]).encode()


def good_users(count: int) -> bytes:
    """A command file that makes so many accounts."""
    return users_file([user_row(number) for number in range(count)])


@dataclass
class Workshop:
    """Everything that a run needs, below one folder."""

    folder: Path
    clock: datetime = NOON
    stopped: bool = False
    hurried: bool = False
    companion: bool = False
    told: list[tuple[str, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.repository = Repository(self.folder / "repository")
        self.repository.make()
        self.state = self.folder / "state"
        self.state.mkdir(exist_ok=True)
        self._stack = ExitStack()
        self.ledger = self.open_ledger()
        self.site = Faulty(SandboxSettings(companion=self.companion).open(self.state))
        self._stack.callback(self.site.close)
        self.place = Place(
            repository=self.repository,
            ledger=self.ledger,
            target=self.site,
            connections=4,
            site="campus",
            spool=self.state / "spool",
            now=lambda: self.clock,
            sleep=self.sleep,
            stop=lambda: self.stopped,
            hurry=lambda: self.hurried,
            progress=lambda *told: self.told.append(told),
        )

    def open_ledger(self) -> Ledger:
        """Another connection to the ledger."""
        ledger = Ledger(self.state / "ledger.sqlite")
        self._stack.callback(ledger.close)
        return ledger

    def close(self) -> None:
        """Let go of everything."""
        self._stack.close()

    def sleep(self, seconds: float) -> None:
        """Let time pass in which a run waits."""
        self.later(seconds=seconds)

    def later(self, **passes: float) -> datetime:
        """Let time pass."""
        self.clock = (self.clock.astimezone(UTC) + timedelta(**passes)).astimezone(self.clock.tzinfo)
        return self.clock

    # Files

    def put(self, content: bytes, path: str = FILE) -> Path:
        """Have a file wait in the repository, in the place of one that may wait there."""
        file = self.repository.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(content)
        return file

    def files(self, folder: str = "") -> dict[str, bytes]:
        """Every file of a folder of the repository that is not hidden, by its path there, with its bytes."""
        top = self.repository.folder / folder
        found = {str(file.relative_to(top)): file.read_bytes() for file in top.rglob("*") if file.is_file()}
        return {path: content for path, content in sorted(found.items()) if not path.startswith(".")}

    @property
    def waiting(self) -> dict[str, bytes]:
        """The files that wait, trybacks too."""
        return {
            path: content for path, content in self.files().items() if path.split("/")[0] not in {"archives", "reports"}
        }

    def report(self, run: RunRecord) -> dict[str, Any]:
        """The report of a run, for programs."""
        name = run.report.removesuffix(".txt") + ".json"
        report: dict[str, Any] = json.loads((self.repository.folder / "reports" / name).read_bytes())
        return report

    def outcomes(self, run: RunRecord) -> list[str]:
        """What became of each row, in file order, as the report of the rows has it."""
        return [line.split(",")[1] for line in self.rows_report(run)]

    def rows_report(self, run: RunRecord) -> list[str]:
        """The report of the rows, without its header."""
        name = run.report.removesuffix(".txt") + ".rows.csv"
        return (self.repository.folder / "reports" / name).read_text().splitlines()[1:]

    # Runs

    def job(self, tool: Tool, path: str = FILE, *, run: str = "", copy: bool = False, **how: Any) -> Job:
        """A run to be made, on a file that waits."""
        run = run or f"{self.clock:%Y%m%d-%H%M%S}-users"
        file = self.repository.begin(run, path, copy=copy or bool(how.get("simulated")) or tool.after_run == "keep")
        assert file, f"{path} does not wait"
        return self.job_of(tool, file, **how)

    def job_of(self, tool: Tool, file: InRun, **how: Any) -> Job:
        """A run to be made, on a file that was handed to it."""
        given = {"asked_by": "timer", "started": self.clock, **how}
        return Job(id=file.run, tool_name="users", tool=tool, file=file, **given)

    def make(self, tool: Tool, content: bytes | None = None, path: str = FILE, **how: Any) -> RunRecord:
        """Make a run, of a file of these bytes or of the one that waits, a second after the one before."""
        self.later(seconds=1)
        if content is not None:
            self.put(content, path)
        return carry_out(self.job(tool, path, **how), self.place)

    def decide(self, tool: Tool, held: RunRecord, **how: Any) -> RunRecord:
        """Let a person decide on a held run: `approved_by` or `rejected_by`."""
        return carry_out(self.job(tool, run=held.id, approved_plan=held.plan, **how), self.place)

    def resume(self, tool: Tool, **how: Any) -> list[RunRecord]:
        """Make the runs that an earlier process began and did not end."""
        place = replace(self.place, stop=lambda: False)
        jobs = [self.job_of(tool, file, resumed=True, **how) for file in self.repository.running()]
        return [carry_out(job, place) for job in jobs]

    def approved(self, tool: Tool, held: RunRecord) -> RunRecord:
        """Let a person approve a held run."""
        assert held.state is RunState.HELD, held
        return self.decide(tool, held, approved_by="ana")

    # The site

    def accounts(self) -> dict[str, Mapping[str, Any]]:
        """The accounts that runs may have made, by their usernames."""
        answer = self.site.site.call("core_user_get_users", {"criteria": [{"key": "email", "value": "%"}]})
        return {user["username"]: user for user in answer["users"] if user["id"] > 2}

    def usernames(self) -> set[str]:
        """Their names alone."""
        return set(self.accounts())
