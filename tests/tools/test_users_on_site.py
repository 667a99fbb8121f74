"""Files of accounts on a whole site."""

from typing import Any

from syncd.tools.users import UsersTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite

HEADER = "username,firstname,lastname,email,idnumber"


def users(**settings: Any) -> UsersTool:
    """A users tool without limits, and with the defaults of its kind but for some settings."""
    return UsersTool.model_validate({"file": FILE, "guard": NO_LIMITS, **settings})


def row(site: OnSite, name: str, *cells: str) -> str:
    """A good row about an account of the site's corner, with more cells behind."""
    account = f"{site.mark}.{name}"
    return ",".join([account, "Ana", name.title(), f"{account}@example.org", account, *cells])


def test_an_account_is_made_once(site: OnSite) -> None:
    """A second run of the same file changes nothing."""
    assert site.run(users(), HEADER, row(site, "ana")).outcomes == ["created"]
    assert site.user(".ana")["lastname"] == "Ana"
    assert site.run_again().outcomes == ["unchanged"]


def test_a_refused_row_stops_no_other(site: OnSite) -> None:
    """The account that the site refuses is alone in that."""
    rows = [row(site, "ana"), row(site, "bad").replace("@example.org", "@nowhere"), row(site, "ben")]
    assert site.run(users(), HEADER, *rows).outcomes == ["created", "rejected", "created"]
