"""Zips of pictures on a whole site."""

from base64 import b64encode
from typing import Any
from zipfile import ZipFile

import pytest

from syncd.core.functions import SITE_INFO
from syncd.tools.pictures import PicturesTool
from syncd.tools.pictures.plan import HAS_ONE, UNTOLD
from tests.targets.pictures import picture
from tests.tools.archives import pictures, portraits, zipped
from tests.tools.on_site import OnSite

FIELD = "student_type"
"""A profile field that both sites have."""


def tool(**settings: Any) -> PicturesTool:
    """A tool that remembers pictures in that field, where there is no companion."""
    return pictures(hash_field=FIELD, **settings)


def url(site: OnSite, name: str) -> str:
    """Where a user's picture is shown."""
    return str(site.user(name)["profileimageurl"])


def pictured(site: OnSite, name: str) -> bool:
    """Whether a user has a picture."""
    return "/user/icon/" in url(site, name)


def names(site: OnSite, *users: str) -> list[str]:
    """Names of pictures of users, in folders of all kinds."""
    return [f"{number}/{site.mark}{user}.jpg" for number, user in enumerate(users)]


def test_a_picture_is_set_once(site: OnSite) -> None:
    """The same archive again changes nothing, whatever its folders are now."""
    site.make_users(".ana", ".ben")
    assert site.run_bytes(tool(), portraits(*names(site, ".ana", ".ben"))).outcomes == ["created", "created"]
    assert pictured(site, ".ana")
    assert pictured(site, ".ben")
    before = url(site, ".ana")
    assert site.run_again().outcomes == ["unchanged", "unchanged"]
    moved = zipped({f"elsewhere/{site.mark}.ana.jpeg": picture(colour=(0, 99, 9))})
    assert site.run_bytes(tool(), moved).outcomes == ["unchanged"]
    assert url(site, ".ana") == before


def test_another_picture_replaces_it(site: OnSite) -> None:
    """And has another address, so that no browser shows the old one."""
    site.make_users(".ana")
    site.run_bytes(tool(), zipped({f"{site.mark}.ana.jpg": picture()}))
    before = url(site, ".ana")
    other = zipped({f"{site.mark}.ana.png": picture("PNG", colour="blue")})
    assert site.run_bytes(tool(), other).outcomes == ["updated"]
    assert pictured(site, ".ana")
    assert url(site, ".ana") != before


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "MPO"])
def test_what_moodle_can_not_read_is_made_readable(site: OnSite, kind: str) -> None:
    """A WEBP would take away the picture that the user has."""
    site.make_users(".ana")
    site.run_bytes(tool(), zipped({f"{site.mark}.ana.jpg": picture()}))
    site.run_bytes(tool(), zipped({f"{site.mark}.ana.x": picture(kind, (700, 900), "green")}))
    assert pictured(site, ".ana")


def test_a_bad_picture_leaves_the_present_one(site: OnSite) -> None:
    """It is refused, and stops no other."""
    site.make_users(".ana", ".ben")
    site.run_bytes(tool(), zipped({f"{site.mark}.ana.jpg": picture()}))
    archive = {f"{site.mark}.ana.jpg": picture(size=(300, 300))[:500], f"{site.mark}.ben.jpg": picture()}
    run = site.run_bytes(tool(), zipped(archive | {f"{site.mark}.eva.jpg": picture()}))
    assert run.outcomes == ["rejected", "created", "rejected"]
    assert run.codes == ["picture-broken", "", "user-missing"]
    assert pictured(site, ".ana")


def test_a_picture_that_was_taken_away_comes_back(site: OnSite) -> None:
    """What the site remembers does not stand for what it shows."""
    (ana,) = site.make_users(".ana")
    site.run_bytes(tool(), portraits(*names(site, ".ana")))
    site.call("core_user_update_users", users=[{"id": ana, "userpicture": 0}])
    assert not pictured(site, ".ana")
    assert site.run_again().outcomes == ["created"]
    assert pictured(site, ".ana")


def test_a_present_picture_can_be_left_alone(site: OnSite) -> None:
    """With overwrite = false only those who have none get one."""
    site.make_users(".ana", ".ben")
    site.run_bytes(tool(), zipped({f"{site.mark}.ana.jpg": picture()}))
    archive = zipped({f"{site.mark}{name}.jpg": picture(colour="blue") for name in (".ana", ".ben")})
    run = site.run_bytes(tool(overwrite=False), archive)
    assert run.outcomes == ["unchanged", "created"]
    assert run.lines[0].notes == HAS_ONE


def test_two_pictures_of_one_user_are_both_refused(site: OnSite) -> None:
    """Nobody can tell which is the right one."""
    site.make_users(".ana", ".ben")
    run = site.run_bytes(tool(), portraits(*names(site, ".ana", ".ben", ".ana")))
    assert run.codes == ["picture-twice", "", "picture-twice"]
    assert not pictured(site, ".ana")


@pytest.mark.parametrize("identity", ["id", "username", "email"])
def test_users_are_named_by_the_field_of_the_settings(site: OnSite, identity: str) -> None:
    """In any case, where case does not count."""
    (ana,) = site.make_users(".ana")
    name = {"id": str(ana), "username": f"{site.mark}.ANA", "email": f"{site.mark}.Ana@Example.org"}[identity]
    assert site.run_bytes(tool(user_identity=identity), portraits(f"{name}.jpg")).outcomes == ["created"]
    assert pictured(site, ".ana")


def test_without_a_place_to_remember_all_are_sent_again(site: OnSite) -> None:
    """And the report says so; a site with the companion plugin remembers."""
    site.make_users(".ana")
    site.run_bytes(pictures(hash_field=""), portraits(*names(site, ".ana")))
    again = site.run_again()
    if {"local_syncd_set_pictures", "local_syncd_get_users"} <= site.functions:
        assert again.outcomes == ["unchanged"]
    else:
        assert (again.outcomes, again.lines[0].notes) == (["updated"], UNTOLD)


def test_each_user_gets_the_own_picture(site: OnSite) -> None:
    """However many are sent at the same moment: Moodle writes uploads of one name into one file."""
    users = [f".u{number}" for number in range(24)]
    site.make_users(*users)
    run = site.run_bytes(tool(), portraits(*names(site, *users)))
    assert {(line.outcome, line.reason) for line in run.lines} == {("created", "")}
    assert len({url(site, user) for user in users}) == len(users)


def test_the_tryback_is_an_archive(site: OnSite) -> None:
    """Beside the input and named after it; it holds the refused pictures alone."""
    site.make_users(".ana")
    path = "photos/userpictures_2a.zip"
    record = site.shop.make(tool(), portraits(*names(site, ".ana", ".eva")), path)
    assert record.counts
    (tryback,) = (name for name in site.shop.files("photos") if "tryback" in name)
    assert tryback.endswith(".zip")
    with ZipFile(site.shop.repository.folder / "photos" / tryback) as archive:
        assert archive.namelist() == [f"1/{site.mark}.eva.jpg", "tryback_reasons.csv"]


def test_a_picture_that_was_changed_by_hand_is_set_again(site: OnSite) -> None:
    """The companion remembers which revision was set; core's functions tell of none."""
    if not {"local_syncd_set_pictures", "local_syncd_get_users"} <= site.functions:
        pytest.skip("this site can't tell")
    site.make_users(".ana")
    first = zipped({f"{site.mark}.ana.jpg": picture()})
    site.run_bytes(tool(), first)
    file = {"component": "user", "filearea": "draft", "itemid": 0, "filepath": "/", "filename": f"{site.mark}.jpg"}
    content = b64encode(picture(colour="blue")).decode()
    own = site.call(SITE_INFO)["userid"]
    draft = site.call("core_files_upload", **file, filecontent=content, contextlevel="user", instanceid=own)["itemid"]
    site.call("core_user_update_users", users=[{"id": site.user(".ana")["id"], "userpicture": draft}])
    assert site.run_bytes(tool(), first).outcomes == ["updated"]
    assert site.run_again().outcomes == ["unchanged"]
