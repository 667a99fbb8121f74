"""syncd's main job, for somebody who sees it for the first time: a set of files, from the upload to the reports."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from demo.daemon import PATIENCE, Daemon, Failed
from demo.sftp_server import NoServer, private_sshd, quoted
from syncd.config import Config, load
from syncd.errors import SettingsError

SETTINGS = Path("syncd.toml")
FOLDER = "erp"
SET = tuple(Path("demo") / name for name in ("enrolments.csv", "users.csv", "courses.csv"))
"""In the order in which they are uploaded; it is the wrong one."""
USERS = SET[1]
COLUMN = 28
"""Where the second column of a table begins."""

console = Console(highlight=False, soft_wrap=True)
numbers = count(1)


def main() -> int:
    """Show it all, from the top folder of the sources; returns an exit code."""
    os.chdir(Path(__file__).parent.parent)
    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal must not leave a daemon behind
        signal.signal(number, signal.default_int_handler)
    try:
        show()
    except Failed as failed:
        console.print(f"\n[bold red]The demo failed:[/] {escape(str(failed))}")
        return 1
    except KeyboardInterrupt:
        console.print("\nThe demo was stopped. What it dropped lies below var/, and is run at the next start.")
        return 130
    return 0


def show() -> None:
    """Start the daemon, drop the files, wait for their reports, and say what there is to see."""
    config = settings()
    reports = config.repository.folder / "reports"
    console.print(
        "The main job of syncd: files are uploaded by sftp, and become users, courses and enrolments of a Moodle site."
    )
    console.print("The site is the practice site that syncd brings along; nothing leaves this machine.")
    if (config.state.folder / "sandbox.sqlite").exists():
        console.print("There is a var/ of an earlier demo: what is there already will come out as unchanged.")

    title("The daemon starts", f"syncd serve -c {SETTINGS}")
    with Daemon(SETTINGS, config.state.folder, colours=console.is_terminal and not console.no_color) as daemon:
        title(
            "An ERP uploads a set of files, in the wrong order", ", ".join(f"{rows(file)} {file.stem}" for file in SET)
        )
        known = set(reports.glob("*.txt"))
        upload(config.drop.folder)
        title("Once they are whole, syncd takes them and runs them in the right order", "its log")
        texts = daemon.show_until(lambda: reports_on(SET, set(reports.glob("*.txt")) - known), "the reports")

    title("Three reports say what became of every row")
    for text in sorted(texts.values()):
        console.print("  " + read(text)["headline"], markup=False)
    text = texts[USERS]
    title("The one on the users", shown(text))
    console.print(text.read_text(encoding="utf-8").rstrip(), markup=False)
    report = read(text)
    if report["state"] != "done":
        raise Failed(f"the run is {report['state']}, not done; the report says why.")

    title("What there is to see now")
    table(what_is_where(config, report, text))
    title("What to try next")
    table(what_to_try(config, report))


def read(text: Path) -> dict[str, Any]:
    """The report for programs that lies beside one for people."""
    report: dict[str, Any] = json.loads(text.with_suffix(".json").read_text(encoding="utf-8"))
    return report


def settings() -> Config:
    """The shipped settings. They may have been changed since: the demo must never meet a real site."""
    try:
        config = load(SETTINGS)
    except SettingsError as error:
        raise Failed("\n  ".join([f"{SETTINGS} can't be used:", *map(str, error.problems)])) from error
    if config.target.kind != "sandbox":
        raise Failed(f"{SETTINGS} names a real site, and the demo is for the practice site alone.")
    return config


def upload(folder: Path) -> None:
    """Drop the files, by real sftp where that can be."""
    target = folder / FOLDER
    with tempfile.TemporaryDirectory(prefix="syncd-demo-") as keys:
        try:
            with private_sshd(Path(keys)) as server:
                console.print("The real sftp client speaks to a private sshd, which lives for this upload only:\n")
                making = [] if target.exists() else [f"mkdir {FOLDER}"]
                puts = [f"put {file} {FOLDER}/{file.name}" for file in SET]
                said = "\n".join([f"cd {quoted(str(folder))}", *making, *puts, ""]).encode()
                done = subprocess.run(server.client(), input=said, check=False, timeout=PATIENCE)
        except NoServer as why:
            console.print(f"By a plain copy, as there is no sftp here: {why}", markup=False)
            target.mkdir(exist_ok=True)
            for file in SET:
                shutil.copy(file, target / file.name)
            return
    if done.returncode:
        raise Failed("the upload went wrong; sftp says why above.")


def reports_on(files: Iterable[Path], reports: Iterable[Path]) -> dict[Path, Path] | None:
    """The reports on the very bytes of some files, once all are there; those for people are the last to be written."""
    texts = {text: text.read_text(encoding="utf-8") for text in reports}
    found = {file: _report_on(file, texts) for file in files}
    return {file: text for file, text in found.items() if text} if all(found.values()) else None


def _report_on(file: Path, texts: Mapping[Path, str]) -> Path | None:
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return next((text for text, said in texts.items() if f"SHA-256  {sha256}" in said), None)


def what_is_where(config: Config, report: Mapping[str, Any], text: Path) -> dict[str, str]:
    """The folders and files that a new user should look at, each with what it is."""
    repository = config.repository.folder
    refused = {repository / report["tryback"]: "the refused rows, each with its reason"} if report["tryback"] else {}
    places = {
        config.drop.folder: "the drop folder: whatever is dropped there is taken",
        repository: "what was taken, and what became of it:",
        repository / report["archive"]: "the file, exactly as it was uploaded",
        text: "that report; beside it .json for programs and .rows.csv with every row",
        **refused,
        config.state.folder: "what syncd remembers, and the practice site (sandbox.sqlite)",
    }
    return {shown(place): meaning for place, meaning in places.items()}


def what_to_try(config: Config, report: Mapping[str, Any]) -> dict[str, str]:
    """Commands for a new user, each with what it does."""
    syncd = shown(Path(sys.executable).parent / "syncd")
    commands = {
        f"{syncd} serve": "run the daemon, and type the rest in a second terminal",
        f"{syncd} status": "what it is doing, what waits, and why",
        f"{syncd} report": "the last report",
        f"{syncd} courses": "the courses of the practice site",
        f"{syncd} files tree": "what the repository holds",
    }
    if report["tryback"]:
        tryback, drop = (
            shown(config.repository.folder / report["tryback"]),
            shown(config.drop.folder / FOLDER / USERS.name),
        )
        commands[f"cp {tryback} {drop}"] = "drop the refused rows again, once you have corrected them"
    return commands | {
        "make demo": "this again: what is done already is left unchanged",
        "rm -r var": "forget it all",
    }


def title(text: str, aside: str = "") -> None:
    """Begin a part of the story."""
    console.print(f"\n[bold cyan]{next(numbers)}. {escape(text)}[/]{f'  [dim]{escape(aside)}[/]' if aside else ''}")


def table(lines: Mapping[str, str]) -> None:
    """Show what can be looked at, or typed, each with what it is: beside it, or below where it is long."""
    for what, meaning in lines.items():
        gap = " " * (COLUMN - len(what)) if len(what) < COLUMN else "\n" + " " * (COLUMN + 2)
        console.print(f"  [bold]{escape(what)}[/]{gap}{escape(meaning)}")


def shown(path: Path) -> str:
    """A path as one types it in the top folder."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def rows(file: Path) -> int:
    """How many rows a file has below its header."""
    with file.open(encoding="utf-8", newline="") as lines:
        return sum(1 for _ in csv.reader(line for line in lines if not line.startswith("#"))) - 1


if __name__ == "__main__":
    sys.exit(main())
