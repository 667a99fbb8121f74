"""Files of accounts on a whole site."""

from typing import Any

import pytest

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


def test_only_what_differs_is_sent_and_holds_then(site: OnSite) -> None:
    """Each field that a look-up tells is changed once."""
    fields = {
        "city": "Lyon",
        "country": "fr",
        "department": "Maths",
        "institution": "I & Co",
        "phone1": "01 23",
        "address": "1 < 2",
        "lang": "en",
        "timezone": "Europe/Paris",
        "description": "<p>Hi</p>",
        "mailformat": "0",
        "interests": "Chess; go",
        "auth": "manual",
    }
    header = ";".join([HEADER.replace(",", ";"), *fields])
    made = row(site, "ana", *fields.values()).replace(",", ";").replace("Chess; go", '"Chess, go"')
    assert site.run(users(), header, made).outcomes == ["created"]
    assert site.run_again().outcomes == ["unchanged"]
    moved = made.replace("Lyon", "Metz").replace("Chess, go", "go, tennis").replace(";0;", ";1;")
    assert site.run(users(), header, moved).outcomes == ["updated"]
    found = site.user(".ana")
    assert (found["city"], found["mailformat"], found["country"]) == ("Metz", 1, "FR")
    assert site.run_again().outcomes == ["unchanged"]


def test_an_account_can_be_suspended_from_the_start(site: OnSite) -> None:
    """It can't be used for a moment, and is opened by another row."""
    header = f"{HEADER},suspended"
    assert site.run(users(), header, row(site, "ana", "1")).outcomes == ["created"]
    assert site.user(".ana")["suspended"] is True
    assert site.run_again().outcomes == ["unchanged"]
    assert site.run(users(), header, row(site, "ana", "0")).outcomes == ["updated"]
    assert site.run(users(), header, row(site, "ana", "yes")).outcomes == ["suspended"]


def test_a_deleted_column_deletes_by_its_value(site: OnSite) -> None:
    """A no deletes nobody, and what is gone stays gone."""
    header = f"{HEADER},deleted"
    rows = [row(site, "ana", "0"), row(site, "ben", ""), row(site, "eve", "1")]
    site.make_users(".ana", ".ben", ".eve")
    assert site.run(users(), header, *rows).outcomes[2] == "deleted"
    assert len(site.users(".ana", ".ben", ".eve")) == 2
    assert site.run_again().outcomes == ["unchanged", "unchanged", "unchanged"]


def test_a_username_is_changed_once(site: OnSite) -> None:
    """A second run finds the new name."""
    site.make_users(".ana")
    header, tool = f"{HEADER},oldusername", users(allow_rename=True)
    renamed = row(site, "ana", f"{site.mark}.ana").replace(f"{site.mark}.ana,", f"{site.mark}.anna,", 1)
    assert site.run(tool, header, renamed.replace("Ana,Ana", "Ana,ana")).outcomes == ["updated"]
    assert [user["idnumber"] for user in site.users(".anna")] == [f"{site.mark}.ana"]
    assert site.run_again().outcomes == ["unchanged"]


def test_an_address_can_be_changed_and_not_taken(site: OnSite) -> None:
    """One's own is no collision, another's is."""
    site.make_users(".ana", ".ben")
    new = row(site, "ana").replace("@example.org", "@example.com")
    taken = row(site, "ben").replace(".ben@example", ".ana@example").replace("@example.org", "@example.com")
    kept = site.run(users(), HEADER, new)
    assert "protected" in kept.lines[0].notes
    run = site.run(users(protect_emails=False), HEADER, new, taken)
    assert (run.outcomes, run.codes[1]) == (["updated", "rejected"], "email-taken")
    assert site.user(".ana")["email"] == f"{site.mark}.ana@example.com"
    assert site.run_again().outcomes == ["unchanged", "rejected"]


def test_passwords_are_made_taken_and_refused(site: OnSite) -> None:
    """A weak one refuses its row alone, with Moodle's policy for a reason."""
    header = f"{HEADER},password"
    rows = [
        row(site, "ana", "Rehearse-1"),
        row(site, "ben", "zzz9"),
        row(site, "eve", ""),
        row(site, "zoe", "*NOPASS*"),
    ]
    run = site.run(users(create_passwords=True), header, *rows)
    assert run.outcomes == ["created", "rejected", "created", "created"]
    assert "zzz9" not in run.lines[1].reason
    assert site.run_again().outcomes == ["unchanged", "rejected", "unchanged", "unchanged"]


def test_accounts_are_found_by_their_number(site: OnSite) -> None:
    """With identity id; a number that nobody has makes no account, and that of a deleted account is nobody's."""
    ana, gone = site.make_users(".ana", ".gone")
    site.call("core_user_delete_users", userids=[gone])
    tool = users(identity="id")
    rows = [f"{number},{row(site, 'ana').replace('Ana,Ana', 'Ana,Anna')}" for number in (ana, gone)]
    run = site.run(tool, f"id,{HEADER}", *rows)
    assert (run.outcomes, run.codes[1]) == (["updated", "rejected"], "user-missing")
    assert site.user(".ana")["lastname"] == "Anna"
    assert site.run_again().outcomes == ["unchanged", "rejected"]


def test_cohorts_are_joined_once(site: OnSite) -> None:
    """By name or idnumber, in any number; those that are not there are made."""
    header = f"{HEADER},cohort,cohortid,cohort1,cohort2"
    rows = [
        row(site, "ana", f"{site.mark} A", f"{site.mark}-a", f"{site.mark}-b", ""),
        row(site, "ben", f"{site.mark} A", "", f"{site.mark}-b", f"{site.mark}-c"),
    ]
    assert site.run(users(), header, *rows).outcomes == ["created", "created"]
    assert site.run_again().outcomes == ["unchanged", "unchanged"]
    mine = [one for one in site.call("core_cohort_get_cohorts") if site.mark in one["idnumber"]]
    assert sorted(one["idnumber"].removeprefix(site.mark) for one in mine) == ["-a", "-b", "-c"]


def test_an_account_is_made_though_a_cohort_of_it_can_not_be_had(site: OnSite) -> None:
    """The rest of the row is refused, and the reason says so; once the cohort is there, a second run brings it in."""
    tool, header = users(create_cohorts=False), f"{HEADER},cohort1,cohort2"
    site.call("core_cohort_create_cohorts", cohorts=[cohort(f"{site.mark}-a")])
    run = site.run(tool, header, row(site, "ana", f"{site.mark}-a", f"{site.mark}-b"))
    (line,) = run.lines
    assert (line.outcome, line.code) == ("rejected", "cohort-missing")
    assert line.reason.startswith("a part of the row was carried out, and then: the site has no such cohort")
    account = site.user(".ana")["id"]
    assert cohorts_of(site, account) == ["-a"]
    (line,) = site.run_again().lines
    assert (line.outcome, line.reason) == ("rejected", "the site has no such cohort")
    site.call("core_cohort_create_cohorts", cohorts=[cohort(f"{site.mark}-b")])
    assert site.run_again().outcomes == ["updated"]
    assert cohorts_of(site, account) == ["-a", "-b"]
    assert site.run_again().outcomes == ["unchanged"]


def cohort(idnumber: str) -> dict[str, Any]:
    """A cohort of the whole site, to be made."""
    return {"categorytype": {"type": "system", "value": ""}, "name": idnumber, "idnumber": idnumber}


def cohorts_of(site: OnSite, account: int) -> list[str]:
    """The cohorts of the test that an account is in, by their idnumbers without the mark."""
    mine = {one["id"]: one["idnumber"] for one in site.call("core_cohort_get_cohorts") if site.mark in one["idnumber"]}
    told = site.call("core_cohort_get_cohort_members", cohortids=sorted(mine))
    return sorted(mine[one["cohortid"]].removeprefix(site.mark) for one in told if account in one["userids"])


PROFILE = "profile_field_level,profile_field_vip,profile_field_born,profile_field_student_type"


def test_profile_fields_are_kept_as_they_are_meant(site: OnSite) -> None:
    """Options, ticks and dates are each stored once."""
    rows = [row(site, "ana", "L2", "yes", "01/03/2005", "day"), row(site, "ben", "L1", "0", "", "")]
    declared = {"level": ["L1", "L2"], "vip": "checkbox", "born": "datetime", "student_type": "text"}
    tool = users(profile_fields=declared)
    assert site.run(tool, f"{HEADER},{PROFILE}", *rows).outcomes == ["created", "created"]
    told = {one["shortname"]: one["value"] for one in site.user(".ana")["customfields"]}
    assert (told["level"], told["vip"], told["student_type"]) == ("L2", "1", "day")
    assert int(told["born"]) in range(1109548800, 1109721600)
    assert site.run_again().outcomes == ["unchanged", "unchanged"]
    emptied = [row(site, "ana", "", "", "", ""), row(site, "ben", "L1", "1", "2005-03-02", "")]
    assert site.run(tool, f"{HEADER},{PROFILE}", *emptied).outcomes == ["updated", "updated"]
    assert site.run_again().outcomes == ["unchanged", "unchanged"]


def test_what_a_profile_field_would_lose_is_refused(site: OnSite) -> None:
    """Where the fields are known, Moodle's silence is not relied on."""
    known = {} if site.has_companion else {"level": ["L1", "L2"], "vip": "checkbox", "born": "datetime", "x": "text"}
    tool = users(profile_fields=known)
    rows = [
        row(site, "ana", "L9", "1", "", ""),
        row(site, "ben", "L1", "perhaps", "", ""),
        row(site, "eve", "L1", "1", "someday", ""),
        row(site, "zoe", "L1", "1", "", "x"),
    ]
    header = f"{HEADER},profile_field_level,profile_field_vip,profile_field_born,profile_field_nothing"
    run = site.run(tool, header, *rows)
    assert run.codes == ["value-wrong", "value-wrong", "value-wrong", "field-missing"]
    assert site.users(".ana", ".ben", ".eve", ".zoe") == []


def test_a_field_that_nobody_shows_is_not_sent_for_ever(site: OnSite) -> None:
    """Where the fields are not known, the report says what may have been lost, and a second run changes nothing."""
    if site.has_companion:
        pytest.skip("this site tells its profile fields")
    header = f"{HEADER},profile_field_nothing"
    assert site.run(users(), header, row(site, "ana", "x")).outcomes == ["created"]
    again = site.run_again()
    assert again.outcomes == ["unchanged"]
    assert "profile_field_nothing" in again.lines[0].notes


def test_a_unique_field_is_unique(site: OnSite) -> None:
    """With the companion, neither another row nor another account may have the value."""
    if not site.has_companion:
        pytest.skip("this site does not tell who has which value")
    header = f"{HEADER},profile_field_unique_code"
    rows = [row(site, "ana", site.mark), row(site, "ben", site.mark), row(site, "eve", "")]
    first = site.run(users(), header, *rows)
    assert first.codes == ["", "value-taken", ""]
    again = site.run_again()
    assert (again.outcomes, again.codes[1]) == (["unchanged", "rejected", "unchanged"], "value-taken")


def test_a_theme_that_the_site_has_not_is_said_where_it_stands(site: OnSite) -> None:
    """The companion names the field; and nothing is said of a password of an account that was not made."""
    if not site.has_companion:
        pytest.skip("core does not say which field it refuses")
    run = site.run(users(), f"{HEADER},theme", row(site, "ana", "nowhere"), row(site, "ben", ""))
    assert run.outcomes == ["rejected", "created"]
    assert (run.lines[0].code, run.lines[0].column, run.lines[0].notes) == ("site-refused", "theme", "")
    assert "password" in run.lines[1].notes


def test_an_account_that_was_not_made_has_no_password_though_its_cohort_was(site: OnSite) -> None:
    """A new cohort comes before the account, for other rows."""
    if not site.has_companion:
        pytest.skip("core does not say which field it refuses")
    run = site.run(users(), f"{HEADER},theme,cohort1", row(site, "ana", "nowhere", f"{site.mark} new"))
    assert run.outcomes == ["rejected"]
    assert "password" not in run.lines[0].notes


def test_a_tick_is_checked_for_new_accounts_though_no_account_of_the_file_shows_the_field(site: OnSite) -> None:
    """The token's own account shows the site's checkboxes; and the report says what is not checked."""
    header = f"{HEADER},profile_field_vip"
    run = site.run(users(), header, row(site, "ana", "perhaps"), row(site, "ben", "yes"))
    assert (run.outcomes, run.codes[0]) == (["rejected", "created"], "value-wrong")
    assert any("not checked" in note for note in run.notes) is not site.has_companion
    told = {one["shortname"]: one["value"] for one in site.user(".ben")["customfields"]}
    assert told["vip"] == "1"
