"""Files that delete, close or open the accounts that they name."""

from typing import Any

import pytest

from syncd.core.functions import SITE_INFO
from syncd.core.guard import Count
from syncd.core.model import RunState
from syncd.errors import FileRefused
from syncd.tools.account_list import AccountList
from syncd.tools.users_delete import UsersDeleteTool
from syncd.tools.users_restore import UsersRestoreTool
from syncd.tools.users_suspend import UsersSuspendTool
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite


def tool(kind: type[AccountList], **settings: Any) -> AccountList:
    """A tool without limits, and with the defaults of its kind but for some settings."""
    return kind.model_validate({"file": FILE, "guard": NO_LIMITS, **settings})


class TestDeleting:
    """The kind `users-delete`."""

    def test_who_is_named_is_deleted_once(self, site: OnSite) -> None:
        """A second run finds them gone, and changes nothing."""
        site.make_users(".ana", ".ben", ".eve")
        rows = [f"{site.mark}.ana,", f"{site.mark}.ben,{site.mark}.ben"]
        assert site.run(tool(UsersDeleteTool), "username,idnumber", *rows).outcomes == ["deleted", "deleted"]
        assert [user["username"] for user in site.users(".ana", ".ben", ".eve")] == [f"{site.mark}.eve"]
        again = site.run_again()
        assert again.outcomes == ["unchanged", "unchanged"]
        assert "no such account" in again.lines[0].notes
        assert again.notes == ["rows that name no account of the site: 2 of 2"]

    def test_a_list_of_identities_needs_no_header(self, site: OnSite) -> None:
        """One identity a line, of the kind that the setting names."""
        site.make_users(".ana", ".ben")
        mails = [f"{site.mark}.ana@example.org", f"{site.mark}.BEN@example.org"]
        run = site.run(tool(UsersDeleteTool, identity="email"), *mails)
        assert run.outcomes == ["deleted", "deleted"]
        assert site.users(".ana", ".ben") == []

    def test_a_row_that_names_two_people_deletes_neither(self, site: OnSite) -> None:
        """Username and idnumber must be of one account."""
        site.make_users(".ana", ".ben")
        rows = [f"{site.mark}.ana,{site.mark}.ben", f"{site.mark}.ana,{site.mark}.nobody"]
        run = site.run(tool(UsersDeleteTool), "username,idnumber", *rows)
        assert run.codes == ["username-other", "username-other"]
        assert len(site.users(".ana", ".ben")) == 2

    def test_an_account_twice_is_deleted_once(self, site: OnSite) -> None:
        """The second row finds that it is done."""
        site.make_users(".ana")
        rows = [f"{site.mark}.ana", f"{site.mark}.ana"]
        assert site.run(tool(UsersDeleteTool), "username", *rows).outcomes == ["deleted", "unchanged"]

    def test_protected_accounts_stay(self, site: OnSite) -> None:
        """Those of the settings, and the one that syncd itself uses; other rows are carried out."""
        site.make_users(".ana", ".ben")
        shielded = tool(UsersDeleteTool, protected=["guest", f"{site.mark}.ANA"])
        own = site.call(SITE_INFO)["username"]
        run = site.run(shielded, "username", "guest", f"{site.mark}.ana", own, f"{site.mark}.ben")
        assert run.codes == ["protected", "protected", "protected", ""]
        assert len(site.users(".ana", ".ben")) == 1

    def test_a_deleted_account_is_not_found_by_its_id(self, site: OnSite) -> None:
        """Moodle still tells of it by its id; it is gone for all that."""
        (ana,) = site.make_users(".ana")
        by_id = tool(UsersDeleteTool, identity="id")
        assert site.run(by_id, "id", str(ana)).outcomes == ["deleted"]
        assert site.run_again().outcomes == ["unchanged"]


class TestSuspending:
    """The kinds `users-suspend` and `users-restore`."""

    def test_accounts_are_closed_and_opened_again(self, site: OnSite) -> None:
        """Each is done once, and the other undoes it."""
        site.make_users(".ana")
        rows = [f"{site.mark}.ana", f"{site.mark}.nobody"]
        closed = site.run(tool(UsersSuspendTool), "username", *rows)
        assert (closed.outcomes, closed.codes[1]) == (["suspended", "rejected"], "user-missing")
        assert site.user(".ana")["suspended"] is True
        assert site.run_again().outcomes == ["unchanged", "rejected"]
        opened = site.run(tool(UsersRestoreTool), "username", *rows)
        assert (opened.outcomes, opened.codes[1]) == (["updated", "rejected"], "user-missing")
        assert site.user(".ana")["suspended"] is False
        assert site.run_again().outcomes == ["unchanged", "rejected"]

    def test_a_list_of_nobody_is_held(self, site: OnSite) -> None:
        """It is of another site, or names people by something else: who leaves would keep an open account."""
        rows = "".join(f"{site.mark}.nobody{number}\n" for number in range(8))
        for kind in (UsersSuspendTool, UsersRestoreTool):
            record = site.shop.make(kind.model_validate({"file": FILE}), f"username\n{rows}".encode(), FILE)
            assert record.state is RunState.HELD
            assert record.reason.startswith("errors: 8 of 8 rows")

    def test_a_deleted_account_comes_back(self, site: OnSite) -> None:
        """With the companion, by its username, and with the address that Moodle still knows."""
        if not site.functions >= {"local_syncd_restore_users"}:
            pytest.skip("this site has nothing that brings accounts back")
        (ana,) = site.make_users(".ana")
        site.call("core_user_update_users", users=[{"id": ana, "suspended": 1}])
        site.call("core_user_delete_users", userids=[ana])
        rows = [f"{site.mark}.ana,{site.mark}.ana", f"{site.mark}.nobody,"]
        back = site.run(tool(UsersRestoreTool, deleted=True), "username,idnumber", *rows)
        assert (back.outcomes, back.codes[1]) == (["updated", "rejected"], "user-missing")
        found = site.user(".ana")
        assert (found["id"], found["email"], found["suspended"]) == (ana, f"{site.mark}.ana@example.org", False)
        assert found["idnumber"] == f"{site.mark}.ana"
        assert site.run_again().outcomes == ["unchanged", "rejected"]

    def test_without_the_companion_nobody_comes_back(self, site: OnSite) -> None:
        """The run says what is missing, and sends nothing."""
        if site.functions >= {"local_syncd_restore_users"}:
            pytest.skip("this site brings accounts back")
        record = site.shop.make(tool(UsersRestoreTool, deleted=True), f"username\n{site.mark}.ana\n".encode(), FILE)
        assert record.state is RunState.FAILED
        assert "local_syncd" in record.reason


def test_a_whole_file_of_deletions_is_not_an_accident() -> None:
    """Every row deletes: what counts is how many there are."""
    for kind in (UsersDeleteTool, UsersSuspendTool):
        guard = kind.model_validate({"file": FILE}).guard
        assert guard.deletes == Count(100)
        assert guard.changes.of(1_000) == 1_000
        assert kind.model_validate({"file": FILE, "guard": {"deletes": 5}}).guard.changes.of(1_000) == 1_000


@pytest.mark.parametrize("names", [["idnumber"], ["username"], ["username", "idnumber", "email", "id"]])
def test_a_header_names_accounts_by_its_identity_or_username(names: list[str]) -> None:
    """One of both is enough; without any nobody can be found."""
    tool(UsersDeleteTool).check_header(names)
    with pytest.raises(FileRefused, match="username"):
        tool(UsersDeleteTool).check_header(["email"])
