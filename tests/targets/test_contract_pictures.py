"""What every target promises of pictures: how they come, and how they are lost."""

from typing import Any

import pytest

from syncd.core.functions import SITE_INFO
from syncd.errors import ItemRefused
from tests.targets.conftest import Corner
from tests.targets.pictures import picture, picture_url, upload

JPEG = picture()
CUT_OFF = picture(size=(400, 400), colour="green")[:300]


def pictured(corner: Corner) -> int:
    """An account with a picture."""
    (user,) = corner.create(corner.user())
    assert corner.update({"id": user, "userpicture": upload(corner, JPEG)}) == []
    assert "/user/icon/" in picture_url(corner, user)
    return user


class TestUploading:
    """`core_files_upload`."""

    def test_each_upload_has_an_item_of_its_own(self, corner: Corner) -> None:
        """Two uploads of one name and content are two items."""
        assert upload(corner, JPEG) != upload(corner, JPEG)

    def test_only_the_draft_area_takes_uploads(self, corner: Corner) -> None:
        """No other area of the token's user."""
        file = {"itemid": 0, "filepath": "/", "filename": "x.jpg", "filecontent": "", "contextlevel": "user"}
        own = corner.target.call(SITE_INFO, {})["userid"]
        with pytest.raises(ItemRefused) as refused:
            corner.target.call(
                "core_files_upload", {"component": "user", "filearea": "private", "instanceid": own, **file}
            )
        assert refused.value.code == "codingerror"


class TestPicturesOfUsers:
    """`userpicture` of `core_user_update_users`."""

    def test_nobody_has_a_picture_at_first(self, corner: Corner) -> None:
        """What is shown is the theme's own drawing."""
        (user,) = corner.create(corner.user())
        assert "/user/icon/" not in picture_url(corner, user)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
    def test_a_picture_is_taken(self, corner: Corner, kind: str) -> None:
        """From then on its address says that Moodle keeps it."""
        (user,) = corner.create(corner.user())
        assert corner.update({"id": user, "userpicture": upload(corner, picture(kind))}) == []
        assert "/pluginfile.php/" in picture_url(corner, user)

    def test_a_new_picture_has_a_new_address(self, corner: Corner) -> None:
        """Browsers don't keep showing the old one: a revision is in it, which is never the same."""
        user = pictured(corner)
        first = picture_url(corner, user)
        corner.update({"id": user, "userpicture": upload(corner, JPEG)})
        assert "rev=" in first
        assert picture_url(corner, user) != first

    @pytest.mark.parametrize(
        "content",
        [picture("WEBP"), picture("BMP"), b"no picture", CUT_OFF[:40], b""],
        ids=["webp", "bmp", "text", "cut", "empty"],
    )
    def test_what_moodle_can_not_read_takes_the_picture_away(self, corner: Corner, content: bytes) -> None:
        """And it answers as if all were well."""
        user = pictured(corner)
        assert corner.update({"id": user, "userpicture": upload(corner, content)}) == []
        assert "/user/icon/" not in picture_url(corner, user)

    def test_item_0_takes_the_picture_away(self, corner: Corner) -> None:
        """That is how it is asked for."""
        user = pictured(corner)
        assert corner.update({"id": user, "userpicture": 0}) == []
        assert "/user/icon/" not in picture_url(corner, user)

    def test_an_item_without_a_file_changes_nothing(self, corner: Corner) -> None:
        """Nor is anything said."""
        user = pictured(corner)
        before = picture_url(corner, user)
        assert corner.update({"id": user, "userpicture": 999_999_999}) == []
        assert picture_url(corner, user) == before

    def test_a_draft_can_be_taken_twice(self, corner: Corner) -> None:
        """It stays in the draft area."""
        draft = upload(corner, JPEG)
        users = corner.create(corner.user("one"), corner.user("two"))
        assert corner.update(*({"id": user, "userpicture": draft} for user in users)) == []
        assert all("/user/icon/" in picture_url(corner, user) for user in users)

    def test_the_rest_of_the_account_stays(self, corner: Corner) -> None:
        """A picture is one field among others, and comes with them in one item."""
        (user,) = corner.create(corner.user())
        corner.update({"id": user, "userpicture": upload(corner, JPEG), "city": "Lyon"})
        (found,) = corner.look_up("id", user)
        assert (found["city"], found["lastname"]) == ("Lyon", "Ana")


class TestTheCompanion:
    """`local_syncd_set_pictures`."""

    FUNCTION = "local_syncd_set_pictures"

    def set(self, corner: Corner, *pictures: tuple[int, int, str]) -> list[dict[str, Any]]:
        """Set pictures, each of an account, a draft item and a digest, and return what became of each."""
        if self.FUNCTION not in {one["name"] for one in corner.target.call(SITE_INFO, {})["functions"]}:
            pytest.skip("this site has no companion plugin")
        items = [{"userid": user, "draftitemid": draft, "of": of} for user, draft, of in pictures]
        return list(corner.target.call(self.FUNCTION, {"pictures": items}))

    def test_the_revision_is_told(self, corner: Corner) -> None:
        """It is that of the address, and never 0."""
        (user,) = corner.create(corner.user())
        (answer,) = self.set(corner, (user, upload(corner, JPEG), "ab12"))
        assert (answer["index"], answer["code"]) == (0, "")
        assert picture_url(corner, user).endswith(f"rev={answer['id']}")

    @pytest.mark.parametrize("content", [picture("WEBP"), b"no picture"], ids=["webp", "text"])
    def test_what_moodle_can_not_read_is_refused_and_changes_nothing(self, corner: Corner, content: bytes) -> None:
        """Unlike core's function, which takes the present picture away."""
        user = pictured(corner)
        before = picture_url(corner, user)
        (answer,) = self.set(corner, (user, upload(corner, content), "ab12"))
        assert answer["code"] == "picturenotread"
        assert picture_url(corner, user) == before

    def test_each_picture_stands_for_itself(self, corner: Corner) -> None:
        """A draft without a file, and an account that is not there, stop no other."""
        ana, ben = corner.create(corner.user("ana"), corner.user("ben"))
        draft = upload(corner, JPEG)
        answers = self.set(corner, (999_999_999, draft, "ab"), (ana, 999_999_999, "ab"), (ben, draft, "ab"))
        assert [answer["index"] for answer in answers] == [0, 1, 2]
        assert [answer["code"] for answer in answers] == ["invaliduserid", "picturenotread", ""]
        assert "/user/icon/" in picture_url(corner, ben)
