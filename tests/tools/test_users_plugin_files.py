"""Files as the plugin took them, and what went wrong with them there."""

from typing import Any

import pytest

from syncd.core.model import RunState
from syncd.tools.users import UsersTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite
from tests.tools.test_users_on_site import HEADER, row


def users(**settings: Any) -> UsersTool:
    """A users tool without limits, and with the defaults of its kind but for some settings."""
    return UsersTool.model_validate({"file": FILE, "guard": NO_LIMITS, **settings})


def test_a_rehearsal_changes_nothing(site: OnSite) -> None:
    """Not even a deletion, and the file stays where it was."""
    site.make_users(".ana", ".ben")
    content = "\n".join(
        [
            f"{HEADER},deleted,city",
            row(site, "ana", "1", ""),
            row(site, "ben", "", "Lyon"),
            row(site, "eve", "", ""),
            "",
        ]
    ).encode()
    run = site.run_bytes(users(), content, simulated=True)
    assert run.outcomes == ["deleted", "updated", "created"]
    assert [user.get("city") for user in site.users(".ana", ".ben", ".eve")] == [None, None]
    assert site.run_bytes(users(), content).outcomes == run.outcomes


def test_absent_columns_are_never_reset(site: OnSite) -> None:
    """An account keeps its country, city, language, time zone and mail options."""
    kept = {"country": "FR", "city": "Lyon", "department": "Maths", "timezone": "Europe/Paris", "mailformat": 0}
    site.make_users(".ana", **kept)
    changed = row(site, "ana").replace("Ana,Ana", "Ana,Roy")
    assert site.run(users(), HEADER, changed).outcomes == ["updated"]
    assert {key: site.user(".ana")[key] for key in kept} == kept


def test_an_empty_password_replaces_none(site: OnSite) -> None:
    """Nothing is sent for it, whatever the settings."""
    site.make_users(".ana")
    tool = users(passwords="always", create_passwords=True)
    assert site.run(tool, f"{HEADER},password", row(site, "ana", "").replace("Ana,Ana", "Ana,ana")).outcomes == [
        "unchanged"
    ]


def test_a_long_line_is_one_row(site: OnSite) -> None:
    """However many bytes it has, and what is behind them counts."""
    long = row(site, "ana", "x" * 3_000, "Lyon")
    assert (
        site.run(users(), f"{HEADER},description,city", long, row(site, "ben", "", "Metz")).outcomes == ["created"] * 2
    )
    assert site.user(".ana")["city"] == "Lyon"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "utf-16"])
def test_letters_are_read_once(site: OnSite, encoding: str) -> None:
    """Whatever the file is written in, accents arrive as they are."""
    content = "\r\n".join(
        [HEADER.replace(",", ";"), row(site, "ana").replace("Ana,Ana", "Hélène,Çelik").replace(",", ";"), ""]
    )
    assert site.run_bytes(users(), content.encode(encoding)).outcomes == ["created"]
    assert (site.user(".ana")["firstname"], site.user(".ana")["lastname"]) == ("Hélène", "Çelik")


def test_comments_blanks_and_escapes_of_old_files_are_understood(site: OnSite) -> None:
    """Lines that begin with a mark are passed over, and &#44 stands for the separator."""
    lines = [
        "# users",
        f"{HEADER},city",
        "",
        "(a comment)",
        row(site, "ana", "Lyon&#44 2e"),
        "-",
        row(site, "ben", "Metz"),
    ]
    assert site.run(users(), lines[0], *lines[1:]).outcomes == ["created", "created"]
    assert site.user(".ana")["city"] == "Lyon, 2e"


def test_a_missing_value_refuses_its_row_and_a_zero_is_none(site: OnSite) -> None:
    """The run goes on behind it."""
    rows = [row(site, "ana").replace("Ana,Ana", "Ana,"), row(site, "ben").replace("Ana,Ben", "Ana,0"), row(site, "b d")]
    run = site.run(users(), HEADER, *rows, row(site, "eve"))
    assert run.codes == ["value-missing", "", "value-wrong", ""]
    assert site.user(".ben")["lastname"] == "0"


def test_what_takes_the_companion_is_said_where_it_is_not(site: OnSite) -> None:
    """A site that has it gets no remark on what it lacks."""
    run = site.run(users(), f"{HEADER},middlename", row(site, "ana", "Eva"))
    told = any("without the companion" in note for note in run.notes)
    assert told is not site.has_companion


def test_files_without_idnumbers_find_accounts_by_username(site: OnSite) -> None:
    """Nothing collides with accounts that have none."""
    site.make_users(".ben", idnumber="")
    rows = [row(site, name).rpartition(",")[0] for name in ("ana", "ben")]
    run = site.run(users(), HEADER.removesuffix(",idnumber"), *rows)
    assert run.outcomes == ["created", "updated"]
    assert any("username" in note for note in run.notes)
    assert site.run_again().outcomes == ["unchanged", "unchanged"]


def test_a_header_that_is_not_understood_is_reported(site: OnSite) -> None:
    """The file is refused whole, and the report names the nearest column."""
    record = site.shop.make(users(), f"{HEADER},departement\n{row(site, 'ana', 'x')}\n".encode(), FILE)
    assert record.state is RunState.REFUSED
    assert "department" in site.shop.report(record)["refusal"]["reason"]
    assert site.users(".ana") == []
