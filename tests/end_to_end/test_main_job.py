"""The main job on real input: a users file uploaded by sftp becomes users of the site, shown by the report."""

import codecs
import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import syncd.core
from tests.end_to_end.daemon import Event, Syncd
from tests.end_to_end.sftp import Sender, put

pytestmark = pytest.mark.sshd

SCHEMA = json.loads((Path(syncd.core.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))

HEADER = ["username", "firstname", "lastname", "email", "idnumber", "city", "country", "cohort", "password"]
GOOD = [
    row.split("|")
    for row in (
        "zoe.muller|Zoë|Müller|zoe@example.org|E1|Saint-Étienne|FR|2026-A|Zo3-tells-nobody",
        'bob.smith|Bob "Bobby"|Smith, Jr; the: second|bob@example.org|E2|Cork|IE|2026-A|B0b-tells-nobody',
        "ines.nunez|Inés|Núñez|ines@example.org|E3|A Coruña|ES|2026-B|In3s-tells-nobody",
    )
]
BAD = [
    row.split("|")
    for row in (
        "no.email|No|Email||E4|Lyon|FR|2026-A|N0-email-tells-nobody",
        "bad name|Bad|Name|bad@example.org|E5|Lyon|FR|2026-A|B4d-tells-nobody",
        "from.nowhere|From|Nowhere|nowhere@example.org|E6|Lyon|XX|2026-B|N0where-tells-nobody",
        "weak.password|Weak|Password|weak@example.org|E7|Lyon|FR|2026-A|tellsnobody",
    )
]
REFUSALS = [
    ("value-missing", "email"),
    ("value-wrong", "username"),
    ("value-wrong", "country"),
    ("site-refused", "password"),
]
ROWS = [GOOD[0], BAD[0], GOOD[1], BAD[1], BAD[2], GOOD[2], BAD[3]]


def users_file(separator: str = ",", newline: str = "\n") -> str:
    """A command file with good rows and bad ones, with comments between, and quotes where they are needed."""
    text = io.StringIO(newline="")
    text.write(f"# what the ERP exported{newline}")
    writer = csv.writer(text, delimiter=separator, lineterminator=newline)
    writer.writerow(HEADER)
    writer.writerows(ROWS[:3])
    text.write(f"# and the newcomers{newline}{newline}")
    writer.writerows(ROWS[3:])
    return text.getvalue()


def run_of(content: bytes, syncd: Syncd, sender: Sender, local: Path) -> Event:
    """What the log says of the end of the run that uploading this users file brings about."""
    ended = len(syncd.events("run.ended"))
    (local / "users.csv").write_bytes(content)
    sender.does("-mkdir erp", put(local / "users.csv", "erp/users.csv"))
    return syncd.hears("run.ended", times=ended + 1)


def accounts(syncd: Syncd) -> dict[str, Mapping[str, Any]]:
    """The accounts of the site that the file could have made, by their usernames."""
    names = [row[0] for row in ROWS if " " not in row[0]]
    found = syncd.site().call("core_user_get_users_by_field", {"field": "username", "values": names})
    return {user["username"]: user for user in found}


def members(syncd: Syncd) -> dict[str, set[int]]:
    """The ids of the accounts in each cohort of the site, by its name."""
    site = syncd.site()
    cohorts = {cohort["id"]: cohort["name"] for cohort in site.call("core_cohort_get_cohorts", {})}
    answer = site.call("core_cohort_get_cohort_members", {"cohortids": list(cohorts)})
    return {cohorts[one["cohortid"]]: set(one["userids"]) for one in answer}


def cells(file: Path) -> list[list[str]]:
    """The cells of a tryback of a file in Latin-1."""
    return list(csv.reader(io.StringIO(file.read_text("iso-8859-1"), newline=""), delimiter=";"))


def refused(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The code and the column of each refused row, in file order."""
    return [(row["refusal"]["code"], row["refusal"]["column"]) for row in report["refused"]]


@pytest.mark.parametrize(
    ("codec", "mark", "separator", "newline"),
    [
        pytest.param("utf-8", b"", ",", "\n", id="utf-8"),
        pytest.param("utf-8", codecs.BOM_UTF8, ";", "\r\n", id="utf-8-with-mark"),
        pytest.param("iso-8859-1", b"", ";", "\r\n", id="latin-1"),
        pytest.param("utf-16-le", codecs.BOM_UTF16_LE, "\t", "\r\n", id="utf-16"),
        pytest.param("utf-16-be", codecs.BOM_UTF16_BE, ":", "\r", id="utf-16-big-endian"),
    ],
)
def test_an_uploaded_users_file_becomes_users(
    syncd: Syncd, sender: Sender, local: Path, codec: str, mark: bytes, separator: str, newline: str
) -> None:
    """Every good row is an account with the very text of its cells, in its cohort, and no bad row is.

    That holds however the file is written.
    """
    ended = run_of(mark + users_file(separator, newline).encode(codec), syncd, sender, local)
    assert (ended["state"], ended["created"], ended["rejected"]) == ("done", len(GOOD), len(BAD))
    site = accounts(syncd)
    assert site.keys() == {row[0] for row in GOOD}
    for row in GOOD:
        fields = dict(zip(HEADER[:-2], row, strict=False))
        assert fields == {name: site[row[0]][name] for name in fields}
    assert members(syncd) == {"2026-A": {site[row[0]]["id"] for row in GOOD[:2]}, "2026-B": {site["ines.nunez"]["id"]}}


def test_the_reports_tell_what_became_of_every_row(syncd: Syncd, sender: Sender, local: Path) -> None:
    """The report for programs keeps its schema, the one for people gives reasons, the third has each row once."""
    content = users_file().encode()
    ended = run_of(content, syncd, sender, local)
    report = syncd.report(ended)
    Draft202012Validator(SCHEMA).validate(report)
    assert refused(report) == REFUSALS
    assert (report["counts"]["created"], report["counts"]["rejected"]) == (len(GOOD), len(BAD))
    assert (syncd.repository / report["archive"]).read_bytes() == content

    text = syncd.report_text(ended)
    assert all(row["refusal"]["reason"][:40] in text for row in report["refused"])
    rows = list(csv.DictReader(io.StringIO(syncd.report_text(ended, ".rows.csv"))))
    assert [row["outcome"] for row in rows] == ["created" if row in GOOD else "rejected" for row in ROWS]
    lines = content.decode().splitlines()
    assert [lines[int(row["line"]) - 1].split(",")[0] for row in rows] == [row[0] for row in ROWS]


def test_the_tryback_dropped_again_gives_the_same_refusals(syncd: Syncd, sender: Sender, local: Path) -> None:
    """A tryback holds the refused rows, and dropping it as it is refuses just these once more."""
    first = syncd.report(run_of(users_file(";").encode("iso-8859-1"), syncd, sender, local))
    tryback = syncd.repository / first["tryback"]
    again = syncd.report(run_of(tryback.read_bytes(), syncd, sender, local))
    assert refused(again) == refused(first)
    assert {outcome: number for outcome, number in again["counts"].items() if number} == {"rejected": len(BAD)}
    assert cells(syncd.repository / again["tryback"]) == cells(tryback)


def test_a_corrected_tryback_becomes_the_rest_of_the_users(syncd: Syncd, sender: Sender, local: Path) -> None:
    """Corrected and uploaded, a tryback makes the accounts that were refused at first."""
    first = syncd.report(run_of(users_file().encode(), syncd, sender, local))
    tryback = (syncd.repository / first["tryback"]).read_text(encoding="utf-8")
    for wrong, right in {
        "Email,,": "Email,no@example.org,",
        "bad name": "bad.name",
        ",XX,": ",FR,",
        "tellsnobody": "W3ak-no-more",
    }.items():
        tryback = tryback.replace(wrong, right)
    ended = run_of(tryback.encode(), syncd, sender, local)
    assert (ended["created"], ended.get("rejected", 0)) == (len(BAD), 0)
    assert len(accounts(syncd)) == len(ROWS) - 1  # all but the one whose name was corrected


def test_the_same_file_again_changes_nothing(syncd: Syncd, sender: Sender, local: Path) -> None:
    """What was applied shows up as unchanged; what was refused is refused again."""
    run_of(users_file().encode(), syncd, sender, local)
    before = accounts(syncd)
    again = syncd.report(run_of(users_file().encode(), syncd, sender, local))
    assert {outcome: number for outcome, number in again["counts"].items() if number} == {
        "unchanged": len(GOOD),
        "rejected": len(BAD),
    }
    assert accounts(syncd) == before


def test_no_password_is_kept_but_in_the_files_themselves(syncd: Syncd, sender: Sender, local: Path) -> None:
    """No byte of a password is in the state folder, the reports or the log, of good rows and of refused ones."""
    report = syncd.report(run_of(users_file().encode(), syncd, sender, local))
    # These two hold rows as they were read: who may read them may read what was uploaded.
    own = {syncd.repository / report["archive"], syncd.repository / report["tryback"]}
    kept = [file for file in syncd.folder.rglob("*") if file.is_file() and file not in own]
    assert {"log", "ledger.sqlite", "sandbox.sqlite"} <= {file.name for file in kept}
    assert own <= set(syncd.folder.rglob("*"))
    for file in kept:
        content = file.read_bytes()
        assert not [row[-1] for row in ROWS if row[-1].encode() in content], file
