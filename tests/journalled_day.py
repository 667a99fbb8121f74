"""A day of a real syncd that logs to the journal: `python -m tests.journalled_day FOLDER`, in a namespace of its own.

Reads shell commands from standard input, as a JSON list, with the names of the handbook's examples in them; prints, as
JSON, what each answered once the day was over.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.end_to_end.daemon import PATIENCE, SETTINGS, Syncd
from tests.run.workshop import user_row, users_file
from tests.waiting import wait_for

RUN, SHA256 = "20261122-091743-users", "3d2640a57791bce976752ebf81fda9f6f5d053ac6c80909e60a70f52bd001507"
"""The run and the bytes of the handbook's examples."""

FULL = '[alarms]\nevery = "1s"\nfree_below = "100%"\n'
"""No disk is wholly free: an alarm."""

MIXED = users_file([user_row(1), user_row(2, email="nowhere"), user_row(3)])
NOT_USERS = b"this,is,no\nfile,of,users\n"


def spend(folder: Path) -> None:
    """Have an alarm; a file run of which a row is refused, one refused as a whole, one that nobody wants; a link."""
    (folder / "syncd.toml").write_text(SETTINGS.format(settle="100ms") + FULL)
    (folder / "drop/erp").mkdir(parents=True)
    syncd = Syncd(folder)
    syncd.log.touch()
    found = syncd.log.stat()
    os.environ["JOURNAL_STREAM"] = f"{found.st_dev}:{found.st_ino}"  # what systemd tells a service
    syncd.start()
    wait_for_entries("disk.filling", 1)
    (syncd.drop / "link.csv").symlink_to("/etc/passwd")
    (syncd.drop / os.fsdecode(b"caf\xe9.csv")).write_text("nobody wants this")
    wait_for_entries("file.arrived", 1)
    wait_for_entries("file.refused", 1)
    for runs, content in enumerate((MIXED, NOT_USERS), start=1):
        (syncd.drop / "erp/users.csv").write_bytes(content)
        wait_for_entries("run.ended", runs)
    assert syncd.stop() == 0
    subprocess.run(["journalctl", "--sync"], check=True)


def wait_for_entries(event: str, count: int) -> None:
    """Wait until the journal has an event so many times."""
    wait_for(lambda: len(runs_of(event)) == count, PATIENCE, f"{count} of {event}")


def runs_of(event: str) -> list[str]:
    """The field run of each entry of an event; "" where it has none."""
    words = ["journalctl", "-q", f"SYNCD_EVENT={event}", "-o", "json", "--output-fields=SYNCD_RUN"]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    return [json.loads(line).get("SYNCD_RUN", "") for line in lines]


def answer(command: str) -> dict[str, Any]:
    """What a shell makes of a command."""
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=PATIENCE)
    return {"status": ran.returncode, "out": ran.stdout, "err": ran.stderr}


if __name__ == "__main__":
    commands = json.load(sys.stdin)
    spend(Path(sys.argv[1]))
    (run,) = runs_of("rows.refused")
    actual = {RUN: run, SHA256: hashlib.sha256(MIXED).hexdigest(), " -f ": " "}
    for example, real in actual.items():
        commands = [command.replace(example, real) for command in commands]
    json.dump([answer(command) for command in commands], sys.stdout)
