"""How fast users files are run on a real Moodle, beside bare batched calls of the same functions in the same run."""

import argparse
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from benchmarks._moodle import ALL_WELL, Bench, Moodle, Ran, batches, bench, in_turn, line, rates, table_head
from syncd.core.functions import FUNCTIONS
from syncd.tools.users import UsersTool

COLUMNS = ("username", "firstname", "lastname", "email", "idnumber", "auth", "city", "country", "department")
LOOKUP = "core_user_get_users_by_field"
CREATE, UPDATE, DELETE = "core_user_create_users", "core_user_update_users", "core_user_delete_users"
COMPANION_CREATE = "local_syncd_create_users"
LOOKED_UP = 500
USERS = UsersTool.model_validate({"file": "bench/users.csv", **ALL_WELL})
PASSWORD = "Bench-1234"
UPLOADUSER = 370
"""Accounts a second that two processes of Moodle's own uploaduser make, on a site of 50,000."""


def main() -> None:
    """Make accounts, look them up, change them, and delete them again."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=2_000, help="accounts of the file that changes nothing")
    arguments.add_argument("--created", type=int, default=300, help="accounts that core functions make in one measure")
    arguments.add_argument("--mass", type=int, default=2_000, help="accounts that the companion makes in one measure")
    arguments.add_argument("--repeats", type=int, default=3)
    chosen = arguments.parse_args()
    with bench() as found:
        if not found:
            return
        measures = Measures(*found, chosen.repeats)
        try:
            table_head()
            measures.creating(chosen.created)
            measures.mass(chosen.created, chosen.mass)
            rows = measures.settle(chosen.rows)
            measures.same(rows)
            measures.updating(rows)
        finally:
            measures.clean_up()
        measures.say_cpu()


class Measures:
    """The measures, on accounts of their own."""

    def __init__(self, moodle: Moodle, place: Bench, repeats: int) -> None:
        self._moodle, self._place, self._repeats = moodle, place, repeats
        self._companion = frozenset(name for name in moodle.functions if name.startswith("local_syncd_"))
        self._sets = count()
        self._usernames: list[str] = []
        self._shares: dict[bool, float] = {}

    def creating(self, size: int) -> None:
        """Accounts with a password, by core's function."""
        spans: list[float] = []

        def bare() -> float:
            items = [{**row, "password": PASSWORD} for row in self._new(size)]
            return self._sent(CREATE, "users", items)

        def syncd() -> float:
            ran = self._run(self._new(size), password=PASSWORD)
            spans.append(ran.span(CREATE))
            return ran.seconds

        alone, whole = in_turn(self._repeats, bare, syncd)
        line("create, the calls", rates(size, spans), rates(size, alone), 0.9)
        line("create, the whole run", rates(size, whole), rates(size, alone))

    def mass(self, few: int, many: int) -> None:
        """Accounts that need no password: core looks through all addresses for each, the companion once for a batch."""
        if COMPANION_CREATE not in self._companion:
            return
        core, companion = in_turn(
            self._repeats,
            lambda: self._run(self._new(few, auth="ldap")).seconds,
            lambda: self._run(self._new(many, auth="ldap"), companion=True).seconds,
        )
        line(f"create {many:,} without password, companion, to core", rates(many, companion), rates(few, core), 8)
        two = [UPLOADUSER] * self._repeats
        line(f"create {many:,} without password, to uploaduser", rates(many, companion), two, 1)

    def settle(self, size: int) -> list[dict[str, str]]:
        """Accounts that are there."""
        rows = self._new(size, auth="ldap")
        self._sent(COMPANION_CREATE if self._companion else CREATE, "users", rows)
        return rows

    def same(self, rows: Sequence[Mapping[str, str]]) -> None:
        """A file in which nothing is new, beside one look-up of each of its accounts."""
        lookups = self._lookups("idnumber", [row["idnumber"] for row in rows])
        ways = [lambda: self._moodle.bare(lookups)[0], lambda: self._run(rows).seconds]
        if self._companion:
            ways.append(lambda: self._run(rows, companion=True).seconds)
        alone, core, *companion = in_turn(self._repeats, *ways)
        size = len(rows)
        line(f"{size:,} unchanged, core's functions", rates(size, core), rates(size, alone), 0.9)
        for seconds in companion:
            line(f"{size:,} unchanged, companion", rates(size, seconds), rates(size, alone), 5)

    def updating(self, rows: Sequence[Mapping[str, str]]) -> None:
        """One field of each account."""
        _, found = self._moodle.bare(self._lookups("idnumber", [row["idnumber"] for row in rows]))
        ids = [account["id"] for answer in found for account in answer]
        cities = count()
        spans: list[float] = []

        def bare() -> float:
            city = f"City {next(cities)}"
            return self._sent(UPDATE, "users", [{"id": one, "city": city} for one in ids])

        def syncd() -> float:
            city = f"City {next(cities)}"
            ran = self._run([{**row, "city": city} for row in rows])
            spans.append(ran.span(UPDATE))
            return ran.seconds

        alone, whole = in_turn(self._repeats, bare, syncd)
        size = len(rows)
        line("update, the calls", rates(size, spans), rates(size, alone), 0.9)
        line("update, the whole run with its look-ups", rates(size, whole), rates(size, alone))

    def clean_up(self) -> None:
        """Delete all that was made."""
        _, found = self._moodle.bare(self._lookups("username", self._usernames))
        ids = [account["id"] for answer in found for account in answer]
        self._sent(DELETE, "userids", ids)

    def say_cpu(self) -> None:
        """What share of its runs syncd's own processor was at work, at most."""
        for companion, share in sorted(self._shares.items()):
            what = f"processor of syncd, of a run by {'companion' if companion else 'core functions'}, at most"
            print(f"{what:52}{share:9.1%}{'' if companion else '   (below 10 %)'}")

    def _new(self, size: int, auth: str = "manual") -> list[dict[str, str]]:
        rows = accounts(f"{self._moodle.mark}{next(self._sets)}", size, auth)
        self._usernames += [row["username"] for row in rows]
        return rows

    def _run(self, rows: Sequence[Mapping[str, str]], *, password: str = "", companion: bool = False) -> Ran:
        without = frozenset() if companion else self._companion
        ran = self._place.run(USERS, users_file(rows, password), without=without)
        self._shares[companion] = max(self._shares.get(companion, 0.0), ran.cpu / ran.seconds)
        return ran

    def _sent(self, function: str, items: str, what: Sequence[Any]) -> float:
        return self._moodle.bare([(function, {items: batch}) for batch in batches(what, FUNCTIONS[function].batch)])[0]

    @staticmethod
    def _lookups(field: str, values: Sequence[str]) -> list[tuple[str, Mapping[str, Any]]]:
        return [(LOOKUP, {"field": field, "values": batch}) for batch in batches(values, LOOKED_UP)]


def accounts(mark: str, size: int, auth: str = "manual") -> list[dict[str, str]]:
    """So many accounts, all of whose names begin with the mark."""
    return [
        {
            "username": f"{mark}.{number:06}",
            "firstname": "José",
            "lastname": f"García {number}",
            "email": f"{mark}.{number:06}@example.org",
            "idnumber": f"{mark}-{number:06}",
            "auth": auth,
            "city": "Paris",
            "country": "FR",
            "department": "Faculty of Sciences",
        }
        for number in range(size)
    ]


def users_file(rows: Sequence[Mapping[str, str]], password: str = "") -> bytes:
    """The command file of some accounts, with this password for each, if any."""
    header = [*COLUMNS, "password"] if password else [*COLUMNS]
    lines = [",".join([row[column] for column in COLUMNS] + [password] * bool(password)) for row in rows]
    return "\n".join([",".join(header), *lines, ""]).encode()


if __name__ == "__main__":
    main()
