"""Files that are dropped together are run in an order that makes sense, though they settle one after the other."""

import time

from tests.daemon.served import USERS, Served
from tests.run.workshop import good_users

NEEDS = """
[tools.needs]
kind = "command"
file = "needs.csv"
timer = "on arrival"
argv = ["/bin/true"]
"""


def set_to_settle(served: Served, settle: str, tools: str = NEEDS + USERS) -> None:
    """Start a daemon that waits for so long until a file is finished."""
    served.settings(tools, lambda text: text.replace('"100ms"', f'"{settle}"'))
    served.start()


def tools_run(served: Served, count: int) -> list[str]:
    """The tools of the first runs, in their order."""
    served.ended(times=count)
    return [str(event["tool"]) for event in served.events("run.started")]


def test_a_file_lets_one_go_first_that_settles_after_it(served: Served) -> None:
    """The sender uploads what names accounts before the accounts: still they are made first."""
    set_to_settle(served, "1s")
    served.drops(b"x\n", "needs.csv")
    time.sleep(0.6)  # the second file is still to settle when the first has
    served.drops(good_users(2))
    assert tools_run(served, 2) == ["users", "needs"]


def test_it_does_not_wait_for_an_upload_without_end(served: Served) -> None:
    """Nor for one that nobody will run on its own: the tool's file comes at another time, and deferring is for that."""
    set_to_settle(served, "100ms", NEEDS + USERS.replace("on arrival", "0 3 1 1 *"))
    served.opens()
    served.drops(b"x\n", "needs.csv")
    began = time.monotonic()
    assert tools_run(served, 1) == ["needs"]
    assert time.monotonic() - began < 5
