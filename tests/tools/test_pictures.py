"""Zips of pictures: what is a picture in them, whose it is, and what is refused before anything is asked."""

import struct
from base64 import b64decode
from contextlib import suppress
from io import BytesIO
from zipfile import ZIP_BZIP2, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from pydantic import ValidationError

from syncd.core.model import Row
from syncd.errors import FileRefused
from syncd.tools.cells import Unfit
from syncd.tools.pictures.archive import KEPT, Entry
from syncd.tools.pictures.portrait import portrait
from tests.targets.pictures import picture
from tests.tools.archives import encrypted, pictures, portraits, reading, refusals, rows, zipped

JPEG = picture()
WHOLE = portraits("2A/E1.jpg", "E2.jpg", "E3.jpg")
MOST = 50_000_000


def seen(content: bytes) -> Image.Image:
    """What Moodle would get of a picture."""
    return Image.open(BytesIO(portrait(content, MOST)))


def colour(content: bytes, across: int, down: int) -> str:
    """The colour of a point of what Moodle would get."""
    shades = seen(content).convert("RGB").crop((across, down, across + 1, down + 1)).tobytes()
    near = "".join("x" if shade > 128 else "." for shade in shades)
    return {"x..": "red", "..x": "blue", "xxx": "white"}.get(near, near)


def refused(archive: bytes, **settings: int) -> str:
    """The code for which a whole archive is refused."""
    with pytest.raises(FileRefused) as refusal:
        reading(archive, **settings)
    assert refusal.value.cure
    return refusal.value.code


class TestNames:
    """Whose picture it is."""

    def test_folders_do_not_matter(self) -> None:
        """Photographers sort by class, and the ERP does not."""
        found = rows(portraits("E1.jpg", "2A/E2.jpg", "2026/2B/E3.jpeg"))
        assert [row.cells["user"] for row in found] == ["E1", "E2", "E3"]
        assert [row.line for row in found] == [1, 2, 3]

    def test_only_the_last_dot_ends_the_name(self) -> None:
        """Usernames and addresses have dots of their own."""
        archive = portraits("ana.diaz.jpg", "eva@example.org.png")
        assert [row.cells["user"] for row in rows(archive)] == ["ana.diaz", "eva@example.org"]

    @pytest.mark.parametrize("name", ["/etc/E1.jpg", "../../E1.jpg", "C:\\photos\\..\\E1.jpg", "./E1.jpg"])
    def test_no_name_leads_out_of_the_archive(self, name: str) -> None:
        """Nothing is ever unpacked to a disk; and what is told of a name is harmless."""
        (row,) = rows(zipped({name: JPEG}))
        assert row.cells["user"] == "E1"
        assert not row.cells["path"].startswith("/")
        assert ".." not in row.cells["path"]

    def test_accents_are_the_same_however_they_are_written(self) -> None:
        """Macs take letters apart."""
        (row,) = rows(zipped({"Zoe\u0308.jpg": JPEG}))
        assert row.cells["user"] == "Zoë"

    def test_what_nobody_meant_is_passed_over_and_said(self) -> None:
        """Macs and Windows leave files behind, and archives in the archive are not opened."""
        archive = zipped(
            {"2A/": b"", "2A/E1.jpg": JPEG, "__MACOSX/2A/._E1.jpg": b"x", ".DS_Store": b"x", "2A/Thumbs.db": b"x"}
            | {"more.zip": portraits("E2.jpg")}
        )
        found = reading(archive)
        assert found.rows == 1
        assert [note.partition(" (")[0] for note in found.notes] == [
            "passed over: hidden files and what file managers leave behind",
            "passed over: archives within the archive",
        ]

    @pytest.mark.parametrize(
        ("identity", "good", "bad"),
        [
            ("id", "17.jpg", "E17.jpg"),
            ("username", "Ana.Diaz.jpg", "ana diaz.jpg"),
            ("email", "ana@example.org.jpg", "ana.jpg"),
        ],
    )
    def test_a_name_that_no_account_can_have_is_refused(self, identity: str, good: str, bad: str) -> None:
        """Asked for it, Moodle would refuse the question for all others too."""
        (refusal,) = refusals(portraits(good, bad), user_identity=identity)
        assert (refusal.code, refusal.column, refusal.value) == ("value-wrong", "path", bad)

    def test_a_site_may_have_odd_usernames(self) -> None:
        """Where the settings say so."""
        assert not refusals(portraits("jürgen+x.jpg"), user_identity="username", extended_usernames=True)


class TestArchives:
    """Of a whole file."""

    @pytest.mark.parametrize("cut", [1, 30, 200])
    def test_an_upload_that_was_cut_off_is_refused(self, cut: int) -> None:
        """A zip ends with its directory: without that it is none."""
        assert refused(portraits("E1.jpg", "E2.jpg")[:-cut]) == "zip-broken"

    @pytest.mark.parametrize("content", [b"", b"username\nana\n", JPEG, b"PK\x05\x06" + b"\0" * 10])
    def test_what_is_no_zip_is_refused(self, content: bytes) -> None:
        """Nobody has to know how a zip is made to be told."""
        assert refused(content) == "zip-broken"

    def test_an_archive_without_pictures_is_empty(self) -> None:
        """As a file without rows is."""
        assert refused(zipped({"folder/": b""})) == "empty"

    def test_too_many_pictures_are_refused(self) -> None:
        """Before any is looked at."""
        assert refused(portraits("E1.jpg", "E2.jpg"), most_pictures=1) == "zip-large"

    def test_an_archive_that_would_unpack_to_too_much_is_refused(self) -> None:
        """A zip bomb is told by what it says of itself."""
        assert refused(zipped({"E1.jpg": b"\0" * 10_000, "E2.jpg": b"\0"}), most_bytes_in_all=10_000) == "zip-large"

    def test_a_directory_that_fills_memory_is_not_read(self) -> None:
        """Its size stands at the end of the archive."""
        archive = bytearray(portraits("E1.jpg"))
        archive[-10:-6] = (1 << 30).to_bytes(4, "little")
        assert refused(bytes(archive)) == "zip-large"

    @pytest.mark.parametrize(("size", "code"), [(99, ""), (1 << 40, "zip-large")])
    def test_an_archive_of_the_64_bit_form_is_read(self, size: int, code: str) -> None:
        """Some programs write no other; then the size of the directory stands in a record before the end."""
        plain = portraits("E1.jpg")
        size = size if code else int.from_bytes(plain[-10:-6], "little")
        at = int.from_bytes(plain[-6:-2], "little")
        record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, at)
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(plain) - 22, 1)
        end = plain[-22:-10] + b"\xff" * 8 + plain[-2:]
        archive = plain[:-22] + record + locator + end
        if code:
            assert refused(archive) == code
        else:
            assert [row.cells["user"] for row in rows(archive)] == ["E1"]


@given(st.data())
def test_a_damaged_archive_is_refused_in_whole_or_in_part(data: st.DataObject) -> None:
    """Whatever bytes were changed: nothing but a refusal comes of it."""
    archive = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 8))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = rows(bytes(archive))
    except FileRefused:
        return
    for row in found:
        with suppress(Unfit):
            assert row.cells["content"]


class TestEntries:
    """Of one picture, without asking the site."""

    def test_an_encrypted_picture_is_refused(self) -> None:
        """There is nobody to ask for a password."""
        (refusal,) = refusals(encrypted(portraits("E1.jpg")))
        assert (refusal.code, refusal.value) == ("picture-packed", "E1.jpg")

    def test_an_unusual_compression_is_refused(self) -> None:
        """Some need much memory to be undone."""
        (refusal,) = refusals(zipped({"E1.jpg": JPEG}, ZIP_BZIP2))
        assert refusal.code == "picture-packed"

    def test_a_file_that_is_too_large_is_refused(self) -> None:
        """Alone: the others are pictures still."""
        archive = zipped({"E1.jpg": b"\0" * 5_000, "E2.jpg": JPEG})
        assert [refusal.code for refusal in refusals(archive, most_bytes=4_000)] == ["picture-large"]

    def test_the_content_is_no_cell_that_anybody_meets(self) -> None:
        """It is read when it is sent: what is looked through, spooled or shown has it not."""
        (row,) = rows(portraits("E1.jpg"))
        assert dict(row.cells) == {"user": "E1", "path": "E1.jpg"}
        assert b64decode(row.cells["content"]).startswith(b"\xff\xd8")

    def test_a_damaged_entry_is_told_when_it_is_read(self) -> None:
        """Its checksum is wrong."""
        archive = bytearray(portraits("E1.jpg", size=(300, 300)))
        archive[200] ^= 0xFF
        (row,) = rows(bytes(archive))
        with pytest.raises(Unfit) as unfit:
            row.cells["content"]
        assert unfit.value.refusal.code == "picture-broken"


class TestPortraits:
    """What becomes of a picture before Moodle gets it."""

    @pytest.mark.parametrize("kind", ["JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP"])
    def test_each_format_becomes_jpeg(self, kind: str) -> None:
        """Moodle reads some of them, and takes the old picture away for the others."""
        made = seen(picture(kind, (900, 700), "navy"))
        assert (made.format, made.mode, made.size) == ("JPEG", "RGB", (512, 512))

    def test_a_small_picture_stays_small(self) -> None:
        """Nothing is gained by blowing it up."""
        assert seen(picture(size=(90, 120))).size == (90, 90)

    def test_the_middle_is_taken(self) -> None:
        """As Moodle itself does it."""
        wide = Image.new("RGB", (1200, 400), "red")
        wide.paste("blue", (400, 0, 800, 400))
        content = BytesIO()
        wide.save(content, "PNG")
        assert colour(content.getvalue(), 20, 200) == "blue"

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_it_stands_upright(self, kind: str) -> None:
        """Cameras note how they were held, and Moodle does not look at the note."""
        lying = Image.new("RGB", (600, 600), "red")
        lying.paste("blue", (0, 0, 300, 600))
        noted = Image.Exif()
        noted[0x0112] = 6  # turn it by 90 degrees clockwise: what is left comes to the top
        content = BytesIO()
        lying.save(content, kind, exif=noted)
        assert colour(content.getvalue(), 256, 30) == "blue"
        assert colour(content.getvalue(), 256, 480) == "red"
        assert not seen(content.getvalue()).getexif()

    def test_what_is_transparent_becomes_white(self) -> None:
        """Rather than black."""
        content = BytesIO()
        Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(content, "PNG")
        assert colour(content.getvalue(), 25, 25) == "white"

    @pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "CMYK"])
    def test_any_kind_of_colour_is_read(self, mode: str) -> None:
        """Scanners and printers have their own."""
        content = BytesIO()
        Image.new(mode, (60, 60)).save(content, "JPEG" if mode == "CMYK" else "PNG")
        assert seen(content.getvalue()).mode == "RGB"

    @pytest.mark.parametrize(
        "content",
        [b"", b"no picture", picture(size=(400, 400))[:900], picture("TIFF"), b"\x89PNG\r\n\x1a\n" + b"\0" * 40],
        ids=["empty", "text", "cut off", "unusual", "damaged"],
    )
    def test_what_can_not_be_read_is_refused(self, content: bytes) -> None:
        """Moodle would take the old picture away for it, and say nothing."""
        with pytest.raises(Unfit) as unfit:
            portrait(content, MOST)
        assert unfit.value.refusal.code == "picture-broken"

    def test_too_many_pixels_are_refused(self) -> None:
        """A small file may hold a huge picture."""
        with pytest.raises(Unfit) as unfit:
            portrait(picture("PNG", (1_000, 1_000)), 999_999)
        assert unfit.value.refusal.code == "picture-large"


class TestTrybacks:
    """A zip of the refused pictures."""

    def tryback(self, archive: bytes, *reasons: str) -> ZipFile:
        """The tryback of an archive of which each row was refused."""
        table = reading(archive).table
        refused = ((row, reason) for (row, _), reason in zip(table.rows(BytesIO(archive)), reasons, strict=True))
        return ZipFile(BytesIO(b"".join(table.tryback(BytesIO(archive), refused))))

    def test_it_holds_them_as_they_were(self) -> None:
        """In their folders, with the reasons beside."""
        made = self.tryback(zipped({"2A/E1.jpg": b"text", "../E2.jpg": JPEG}), "it is no picture", "it is unknown")
        assert made.namelist() == ["2A/E1.jpg", "E2.jpg", "tryback_reasons.csv"]
        assert (made.read("2A/E1.jpg"), made.read("E2.jpg")) == (b"text", JPEG)
        assert "2A/E1.jpg,it is no picture" in made.read("tryback_reasons.csv").decode()

    def test_two_of_one_path_are_both_there(self) -> None:
        """A zip may hold a name twice."""
        content = BytesIO()
        with ZipFile(content, "w") as archive:
            archive.writestr("2A/E1.jpg", JPEG)
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr("2A/E1.jpg", b"other")
        made = self.tryback(content.getvalue(), "it is there twice", "it is there twice")
        assert made.namelist() == ["2A/E1.jpg", "2/2A/E1.jpg", "tryback_reasons.csv"]
        assert made.read("2/2A/E1.jpg") == b"other"

    def test_what_can_not_be_read_is_in_the_list_alone(self) -> None:
        """Nothing that is encrypted, or far too large, is unpacked for it."""
        made = self.tryback(encrypted(portraits("E1.jpg")), "it is encrypted")
        assert made.namelist() == ["tryback_reasons.csv"]

    def test_it_can_be_dropped_again(self) -> None:
        """The list is passed over, and nothing is said of it."""
        made = self.tryback(portraits("E1.jpg"), "it is unknown")
        assert made.fp
        made.fp.seek(0)
        found = reading(made.fp.read())
        assert (found.rows, found.notes) == (1, ())


@pytest.mark.parametrize(
    "wrong",
    [{"user_identity": "name"}, {"hash_field": "no field"}, {"most_pictures": 0}, {"prefix": "x"}],
    ids=repr,
)
def test_what_can_t_work_is_a_problem_at_load(wrong: dict[str, object]) -> None:
    """Nothing waits for its first run to be found."""
    with pytest.raises(ValidationError):
        pictures(**wrong)


def test_a_row_is_named_in_the_order_of_the_archive() -> None:
    """What the report calls a line is the place among the pictures."""
    assert [type(row) is Row and row.raw for row in rows(portraits("b.jpg", "a.jpg"))] == ["b.jpg", "a.jpg"]


def test_what_was_made_for_the_plan_is_kept_once_and_as_long_as_there_is_room() -> None:
    """Memory stays flat: what is over is made again when it is sent."""
    first, second = rows(portraits("E1.jpg", "E2.jpg"))
    assert isinstance(first.cells, Entry)
    assert isinstance(second.cells, Entry)
    first.cells.keep(b"x" * KEPT)
    second.cells.keep(b"y")
    assert first.cells["content"].startswith("eHh4")
    assert b64decode(second.cells["content"]).startswith(b"\xff\xd8")
    assert b64decode(first.cells["content"]).startswith(b"\xff\xd8")


@pytest.mark.parametrize("noted", range(10))
def test_each_note_of_a_camera_is_followed_as_pillow_does(noted: int) -> None:
    """Eight ways to hold it; what is no such way is passed over."""
    turned = Image.linear_gradient("L").resize((300, 300)).convert("RGB")
    turned.paste("red", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = noted
    content = BytesIO()
    turned.save(content, "PNG", exif=exif)
    expected = ImageOps.exif_transpose(Image.open(BytesIO(content.getvalue())))
    for across, down in ((50, 50), (250, 50), (50, 250), (250, 250)):
        made = seen(content.getvalue()).crop((across, down, across + 1, down + 1)).tobytes()
        meant = expected.crop((across, down, across + 1, down + 1)).tobytes()
        assert max(abs(one - other) for one, other in zip(made, meant, strict=True)) < 12
