"""How fast users files are run on a real Moodle, beside bare batched calls of the same functions in the same run."""

import argparse
from collections.abc import Sequence
from itertools import count

from benchmarks._moodle import ALL_WELL, CONNECTIONS, Bench, Moodle, batches, bench, in_turn, line, table_head
from syncd.core.functions import FUNCTIONS
from syncd.tools.users import UsersTool

COLUMNS = ("username", "firstname", "lastname", "email", "idnumber", "auth", "city", "country", "department")
LOOKUP = "core_user_get_users_by_field"
CREATE, UPDATE, DELETE = "core_user_create_users", "core_user_update_users", "core_user_delete_users"
LOOKED_UP = 500
USERS = UsersTool.model_validate({"file": "bench/users.csv", **ALL_WELL})


def main() -> None:
    """Make accounts, look them up, change them, and delete them again."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000, help="accounts that are made by each way")
    arguments.add_argument("--repeats", type=int, default=3)
    chosen = arguments.parse_args()
    with bench() as found:
        if found:
            Measures(*found, chosen.rows, chosen.repeats).take()


class Measures:
    """The measures, on accounts of their own."""

    def __init__(self, moodle: Moodle, place: Bench, rows: int, repeats: int) -> None:
        self._moodle, self._place, self._rows, self._repeats = moodle, place, rows, repeats
        self._companion = frozenset(name for name in moodle.functions if name.startswith("local_syncd_"))
        self._sets = count()
        self._shares: list[float] = []

    def take(self) -> None:
        """Print a line for each."""
        table_head()
        try:
            self._creating()
            self._same()
            self._updating()
        finally:
            self._clean_up()
        print(f"{'processor time of syncd, of the run, at most':52}{max(self._shares):9.1%}      (below 10 %)")

    # What there is to be done

    def _new(self, size: int) -> list[dict[str, str]]:
        return accounts(f"{self._moodle.mark}{next(self._sets)}", size)

    def _run(self, rows: Sequence[dict[str, str]], *, companion: bool) -> tuple[float, float]:
        """The seconds of a run, and of those of its calls that change something."""
        ran = self._place.run(USERS, users_file(rows), without=frozenset() if companion else self._companion)
        self._shares.append(ran.cpu / ran.seconds)
        changing = [name for name in ran.calls if name in FUNCTIONS]
        return ran.seconds, ran.span(*changing)

    def _creating(self) -> None:
        size = FUNCTIONS[CREATE].batch
        spans = []

        def bare() -> float:
            items = [{**one, "password": "Bench-1234"} for one in self._new(self._rows)]
            return self._moodle.bare([(CREATE, {"users": batch}) for batch in batches(items, size)])[0]

        def syncd() -> float:
            seconds, span = self._run(self._new(self._rows), companion=False)
            spans.append(span)
            return seconds

        alone, whole = in_turn(self._repeats, bare, syncd)
        calls = sorted(spans)[len(spans) // 2]
        line("create, the calls", self._rows / calls, self._rows / alone, 0.9)
        line("create, the whole run", self._rows / whole, self._rows / alone)

    def _same(self) -> None:
        rows = [
            row for number in range(next(self._sets)) for row in accounts(f"{self._moodle.mark}{number}", self._rows)
        ]
        numbers = [row["idnumber"] for row in rows]
        lookups = [(LOOKUP, {"field": "idnumber", "values": batch}) for batch in batches(numbers, LOOKED_UP)]
        self._all = rows

        def bare() -> float:
            return self._moodle.bare(lookups)[0]

        ways = [bare, lambda: self._run(rows, companion=False)[0]]
        if self._companion:
            ways.append(lambda: self._run(rows, companion=True)[0])
        alone, core, *companion = in_turn(self._repeats, *ways)
        line(f"{len(rows):,} unchanged, core functions", len(rows) / core, len(rows) / alone, 0.9)
        for seconds in companion:
            line(f"{len(rows):,} unchanged, companion", len(rows) / seconds, len(rows) / core, 5)

    def _updating(self) -> None:
        rows, size, cities = self._all[: 2 * self._rows], FUNCTIONS[UPDATE].batch, count()
        found = self._moodle.bare(
            [
                (LOOKUP, {"field": "idnumber", "values": [row["idnumber"] for row in batch]})
                for batch in batches(rows, LOOKED_UP)
            ]
        )[1]
        ids = [account["id"] for answer in found for account in answer]
        spans = []

        def bare() -> float:
            city = f"City {next(cities)}"
            items = [{"id": one, "city": city} for one in ids]
            return self._moodle.bare([(UPDATE, {"users": batch}) for batch in batches(items, size)])[0]

        def syncd() -> float:
            city = f"City {next(cities)}"
            seconds, span = self._run([{**row, "city": city} for row in rows], companion=False)
            spans.append(span)
            return seconds

        alone, whole = in_turn(self._repeats, bare, syncd)
        calls = sorted(spans)[len(spans) // 2]
        line("update, the calls", len(rows) / calls, len(rows) / alone, 0.9)
        line("update, the whole run", len(rows) / whole, len(rows) / alone)

    def _clean_up(self) -> None:
        names = [
            row["username"]
            for number in range(next(self._sets))
            for row in accounts(f"{self._moodle.mark}{number}", self._rows)
        ]
        found = self._moodle.bare([(LOOKUP, {"field": "username", "values": one}) for one in batches(names, LOOKED_UP)])
        ids = [account["id"] for answer in found[1] for account in answer]
        size = FUNCTIONS[DELETE].batch
        self._moodle.bare([(DELETE, {"userids": batch}) for batch in batches(ids, size)], CONNECTIONS)


def accounts(mark: str, size: int) -> list[dict[str, str]]:
    """So many accounts, each with a password."""
    return [
        {
            "username": f"{mark}.{number:06}",
            "firstname": "José",
            "lastname": f"García {number}",
            "email": f"{mark}.{number:06}@example.org",
            "idnumber": f"{mark}-{number:06}",
            "auth": "manual",
            "city": "Paris",
            "country": "FR",
            "department": "Faculty of Sciences",
        }
        for number in range(size)
    ]


def users_file(rows: Sequence[dict[str, str]]) -> bytes:
    """The command file of some accounts."""
    header = [*COLUMNS, "password"]
    lines = [",".join([*(row[column] for column in COLUMNS), "Bench-1234"]) for row in rows]
    return "\n".join([",".join(header), *lines, ""]).encode()


if __name__ == "__main__":
    main()
