"""What the contract tests of the companion's functions have in common."""

from typing import Any

import pytest

from tests.targets.conftest import Corner


class Companion:
    """The companion of the site that a corner is on."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner

    def has(self, function: str) -> bool:
        """Whether the site has a function."""
        functions = self.corner.target.call("core_webservice_get_site_info", {})["functions"]
        return any(one["name"] == function for one in functions)

    def ask(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Call one of its reading functions."""
        return list(self.corner.target.call(f"local_syncd_{name}", parameters))

    def do(self, name: str, items: str, /, *what: dict[str, Any]) -> list[tuple[int, str]]:
        """Call one of its changing functions with a list; what became of each: the id and the code."""
        answers = self.corner.target.call(f"local_syncd_{name}", {items: list(what)})
        assert [answer["index"] for answer in answers] == list(range(len(what)))
        assert all(bool(answer["code"]) == bool(answer["message"]) for answer in answers)
        assert all("<" not in answer["message"] for answer in answers)
        return [(answer["id"], answer["code"]) for answer in answers]

    def create_users(self, *users: dict[str, Any]) -> list[tuple[int, str]]:
        """Create accounts by it, which the corner takes away again."""
        made = self.do("create_users", "users", *users)
        self.corner.adopt(users=[made_id for made_id, code in made if not code])
        return made

    def user(self, user_id: int, *fields: str) -> dict[str, Any]:
        """What it tells of one account."""
        (told,) = self.ask("get_users", field="id", values=[user_id], fields=list(fields))
        return told


def companion_of(corner: Corner) -> Companion:
    """The site's companion; without it the test is skipped."""
    companion = Companion(corner)
    if not companion.has("local_syncd_get_users"):
        pytest.skip("The site has no companion plugin, local_syncd.")
    return companion
