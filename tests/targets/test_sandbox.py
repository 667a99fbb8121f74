"""What the practice site promises besides being like a Moodle site."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import Fault, ItemRefused, SiteUnreachable
from syncd.targets.sandbox import Sandbox, SandboxSettings
from syncd.targets.sandbox.site import compared


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the practice site lies."""
    return tmp_path / "sandbox.sqlite"


@pytest.fixture
def sandbox(file: Path) -> Iterator[Sandbox]:
    """A practice site with nobody in it."""
    sandbox = Sandbox(file, clock=lambda: 1_800_000_000.0)
    yield sandbox
    sandbox.close()


def user(name: str = "ana", **changes: Any) -> dict[str, Any]:
    """A good account to create."""
    return {
        "username": name,
        "firstname": "Ana",
        "lastname": "Souza",
        "email": f"{name}@example.org",
        "password": "Rehearse-1",
    } | changes


def create(sandbox: Sandbox, *users: dict[str, Any]) -> list[int]:
    """Create accounts and return their ids."""
    return [made["id"] for made in sandbox.call("core_user_create_users", {"users": list(users)})]


def look_up(sandbox: Sandbox, field: str, *values: Any) -> list[dict[str, Any]]:
    """The accounts that have one of the values."""
    return list(sandbox.call("core_user_get_users_by_field", {"field": field, "values": list(values)}))


def test_a_new_site_has_an_administrator_and_a_guest(sandbox: Sandbox) -> None:
    """As on a new Moodle, the guest is 1, the administrator 2, and the next account 3."""
    assert [found["username"] for found in look_up(sandbox, "id", 1, 2)] == ["guest", "admin"]
    assert create(sandbox, user()) == [3]


def test_the_site_is_the_same_the_next_time(tmp_path: Path) -> None:
    """What was done stays when the target is closed and opened again."""
    first = SandboxSettings().open(tmp_path)
    create(first, user())
    first.close()
    second = SandboxSettings().open(tmp_path)
    assert [found["username"] for found in look_up(second, "username", "ana")] == ["ana"]
    second.close()


def test_opening_touches_nothing(tmp_path: Path) -> None:
    """Settings can be tried without making a site."""
    SandboxSettings().open(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_no_password_is_on_the_disk(sandbox: Sandbox, tmp_path: Path) -> None:
    """Neither a created nor a changed password can be found in any file of the site."""
    (made,) = create(sandbox, user(password="Created-1"))
    sandbox.call("core_user_update_users", {"users": [{"id": made, "password": "Changed-2"}]})
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"example.org" in stored
    assert b"Created-1" not in stored
    assert b"Changed-2" not in stored


def test_custom_profile_fields_are_those_of_the_settings(tmp_path: Path) -> None:
    """A declared field is stored and told by its shortname, and an update of one leaves the others."""
    sandbox = SandboxSettings(profile_fields=("faculty", "year")).open(tmp_path)
    fields = [{"type": name, "value": name.upper()} for name in ("faculty", "year", "student_type")]
    (made,) = create(sandbox, user(customfields=fields))
    update = {"id": made, "customfields": [{"type": "year", "value": ""}]}
    assert {field["shortname"] for field in look_up(sandbox, "id", made)[0]["customfields"]} == {"faculty", "year"}
    sandbox.call("core_user_update_users", {"users": [update]})
    (left,) = look_up(sandbox, "id", made)[0]["customfields"]
    assert (left["shortname"], left["value"]) == ("faculty", "FACULTY")
    sandbox.close()


@given(lastname=st.text(max_size=100))
def test_a_text_is_stored_as_sent_or_refused(tmp_path_factory: pytest.TempPathFactory, lastname: str) -> None:
    """No text is changed on its way: what the site takes, it gives back."""
    sandbox = Sandbox(tmp_path_factory.mktemp("site") / "sandbox.sqlite")
    try:
        (made,) = create(sandbox, user(lastname=lastname))
    except ItemRefused:
        assert not lastname.strip() or {"<", "\0"} & set(lastname)
    else:
        assert look_up(sandbox, "id", made)[0]["lastname"] == lastname
    finally:
        sandbox.close()


@given(st.text())
def test_comparison_is_stable(text: str) -> None:
    """What two texts have in common is the same, seen again."""
    assert compared(compared(text)) == compared(text)


def test_the_guest_can_t_be_changed_and_stays(sandbox: Sandbox) -> None:
    """An update of the guest warns; a deletion is passed over without a word."""
    answer = sandbox.call("core_user_update_users", {"users": [{"id": 1, "city": "Lyon"}]})
    assert [warning["warningcode"] for warning in answer["warnings"]] == ["usernotupdatedguest"]
    sandbox.call("core_user_delete_users", {"userids": [1]})
    assert look_up(sandbox, "username", "guest")


def test_accounts_deleted_in_the_same_second_get_different_names(sandbox: Sandbox) -> None:
    """The time in a deleted account's name moves on until the name is free."""
    for _ in range(2):
        sandbox.call("core_user_delete_users", {"userids": create(sandbox, user())})
    names = [found["username"] for found in look_up(sandbox, "id", 3, 4)]
    assert names == ["ana@example.org.1800000000", "ana@example.org.1800000001"]


def test_many_threads_may_call_at_once(sandbox: Sandbox) -> None:
    """Each call is whole, whoever else calls."""
    names = [f"user{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda name: create(sandbox, user(name))[0], names))
        found = list(pool.map(lambda made: look_up(sandbox, "id", made)[0]["username"], ids))
    assert found == names
    assert len(set(ids)) == len(ids)


def test_writers_of_one_process_take_turns(file: Path) -> None:
    """None of them waits for the lock of the file, of which one may be passed over for ever; readers wait for none."""
    sandbox = Sandbox(file, patience=0)
    create(sandbox, user("first"))
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: create(sandbox, user(f"user{number}")), range(200)))
    assert len(made) == 200
    with sandbox._turn:
        assert [found["username"] for found in look_up(sandbox, "username", "first")] == ["first"]
    sandbox.close()


def test_a_site_is_made_once_however_many_call_first(tmp_path: Path) -> None:
    """Whoever comes first makes it, nobody meets half of it, and nothing lies beside it."""
    sandboxes = [Sandbox(tmp_path / "sandbox.sqlite") for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(lambda number: create(sandboxes[number], user(f"user{number}"))[0], range(16)))
    assert len(set(ids)) == 16
    for sandbox in sandboxes:
        sandbox.close()
    assert [path.name for path in tmp_path.iterdir()] == ["sandbox.sqlite"]


def test_of_threads_that_want_one_name_one_gets_it(sandbox: Sandbox) -> None:
    """Uniqueness holds between calls under way at the same time."""

    def attempt(number: int) -> bool:
        try:
            create(sandbox, user("wanted", email=f"wanted{number}@example.org"))
        except ItemRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_a_full_disk_is_waited_for_and_leaves_nothing_half_done(sandbox: Sandbox, file: Path) -> None:
    """When the site can't grow, the call says so, nothing of it is stored, and it can be made again later."""
    create(sandbox, user())
    users = [user(f"user{number}", description="x" * 4000) for number in range(100)]
    with sandbox._connection() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SiteUnreachable, match="full"):
        create(sandbox, *users)
    assert look_up(sandbox, "username", "user0") == []
    with sandbox._connection() as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    assert len(create(sandbox, *users)) == 100


def test_a_site_whose_folder_is_gone_is_unreachable(tmp_path: Path) -> None:
    """The text says which file it is about."""
    sandbox = Sandbox(tmp_path / "gone" / "sandbox.sqlite")
    with pytest.raises(SiteUnreachable, match=r"gone/sandbox\.sqlite"):
        look_up(sandbox, "id", 2)


def test_a_damaged_site_is_a_fault_with_a_way_out(sandbox: Sandbox, file: Path) -> None:
    """Waiting would not mend it, so the administrator is told what to do."""
    file.write_bytes(b"this is no database" * 1000)
    with pytest.raises(Fault, match="set the file aside"):
        look_up(sandbox, "id", 2)


def test_a_site_of_another_version_is_left_alone(sandbox: Sandbox, file: Path) -> None:
    """A site that a later syncd made is not written to."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Fault, match="version 99"):
        create(sandbox, user())
