"""A real daemon that tells its numbers."""

import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families as parsed

from tests.daemon.served import USERS, Served
from tests.end_to_end.daemon import PATIENCE
from tests.waiting import wait_for

FILE_ONLY = USERS + '[metrics]\nfile = "syncd.prom"\nevery = "1s"\n'
GOOD = b"username;email;firstname;lastname\nada;ada@example.org;Ada;Lovelace\n"

Samples = Mapping[str, float]


def samples(text: str) -> Samples:
    """The numbers, each under its name with the values of its labels but the site's."""
    return {
        ":".join([one.name, *(value for label, value in sorted(one.labels.items()) if label != "site")]): one.value
        for family in parsed(text)
        for one in family.samples
    }


def told(file: Path, **wanted: float) -> Samples:
    """Wait until a file has these numbers."""

    def found() -> Samples:
        there = samples(file.read_text()) if file.exists() else {}
        return there if there and all(there.get(f"syncd_{name}") == value for name, value in wanted.items()) else {}

    return wait_for(found, PATIENCE, f"numbers {wanted}")


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_frozen_tool_is_told(served: Served) -> None:
    """As long as the settings keep it from running."""
    served.settings(FILE_ONLY + '[[freeze]]\nfrom = 2020-01-01\nuntil = 2999-01-01\nwho = "ana"\nwhy = "a test"\n')
    served.start()
    told(served.folder / "syncd.prom", **{"tool_frozen:users": 1, "tool_paused:users": 0})


def test_a_file_tells_what_came_and_what_became_of_it(served: Served) -> None:
    """From the arrival to the rows, readable by everybody; nothing half-written lies beside it."""
    served.settings(FILE_ONLY)
    served.start()
    file = served.folder / "syncd.prom"
    told(file, **{"runs_total:done:users": 0})
    served.drops(GOOD)
    served.ended(state="done")
    there = told(file, **{"runs_total:done:users": 1})
    assert there["syncd_arrivals_total"] == 1
    assert there["syncd_arrived_bytes_total"] == len(GOOD)
    assert there["syncd_rows_total:created:users"] == 1
    assert there["syncd_run_duration_seconds_count:users"] == 1
    assert there["syncd_call_duration_seconds_count:local_syncd_get_users"] >= 1
    assert there["syncd_calls_unanswered_total"] == 0
    assert there["syncd_last_success_timestamp_seconds:users"] > there["syncd_start_timestamp_seconds"]
    assert file.stat().st_mode & 0o777 == 0o644
    assert not (served.folder / ".syncd.prom.draft").exists()


def test_the_last_success_outlives_a_restart(served: Served) -> None:
    """The ledger remembers it."""
    served.settings(FILE_ONLY)
    served.start()
    served.drops(GOOD)
    served.ended(state="done")
    assert served.stop() == 0
    file = served.folder / "syncd.prom"
    file.unlink(missing_ok=True)
    served.start()
    there = told(file, arrivals_total=0)
    assert 0 < there["syncd_last_success_timestamp_seconds:users"] < there["syncd_start_timestamp_seconds"]


def test_what_waits_and_how_long(served: Served) -> None:
    """A file of yesterday for a tool without a timer."""
    served.settings(FILE_ONLY.replace('timer = "on arrival"\n', ""))
    served.start()
    file = served.repository / "users.csv"
    file.write_bytes(GOOD)
    yesterday = file.stat().st_mtime - 86_400
    os.utime(file, (yesterday, yesterday))
    served.asked("status")  # looks
    there = told(served.folder / "syncd.prom", **{"waiting_files:users": 1})
    assert 86_400 <= there["syncd_oldest_waiting_age_seconds:users"] < 86_400 + 2 * PATIENCE


def test_a_port_is_opened_and_closed_by_a_reload(served: Served) -> None:
    """On this machine's own address alone; without the table there is no port."""
    served.settings(USERS)
    served.start()
    port = free_port()
    served.settings(f'{USERS}[metrics]\nport = {port}\nevery = "1s"\n')
    served.signals(signal.SIGHUP)
    served.hears("settings.reloaded")
    wait_for(lambda: answers(port), PATIENCE, "a port that answers")
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        assert samples(answer.read().decode())["syncd_trouble"] == 0
    served.settings(USERS)
    served.signals(signal.SIGHUP)
    served.hears("settings.reloaded", times=2)
    assert not answers(port)


def answers(port: int) -> bool:
    """Whether a port takes connections."""
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_a_file_that_can_not_be_written_is_said_once_and_stops_nothing(served: Served) -> None:
    """Runs go on, and the numbers come as soon as they can."""
    served.settings(FILE_ONLY.replace('"syncd.prom"', '"gone/syncd.prom"'))
    served.start()
    served.hears("metrics.failed")
    served.drops(GOOD)
    served.ended(state="done")
    (served.folder / "gone").mkdir()
    served.hears("metrics.back")
    assert len(served.events("metrics.failed")) == 1
    assert told(served.folder / "gone/syncd.prom", **{"runs_total:done:users": 1})
