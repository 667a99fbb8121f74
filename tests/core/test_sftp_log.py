"""What sshd's lines about SFTP say: as a real sshd 9.2 wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.sftp_log import (
    Closed,
    Meaning,
    Opened,
    Refused,
    Renamed,
    SessionBegan,
    SessionEnded,
    Touched,
    WriteFailed,
    meaning,
    parts_of,
)

LINES: dict[str, Meaning | None] = {
    "session opened for local user erp from [127.0.0.1]": SessionBegan(),
    "session closed for local user erp from [127.0.0.1]": SessionEnded(),
    'open "/sync/users.csv" flags WRITE,CREATE,TRUNCATE mode 0644': Opened(("sync", "users.csv"), True, True),
    'open "/sync/users.csv" flags WRITE,APPEND,CREATE mode 0644': Opened(("sync", "users.csv"), True, False),
    'open "users.csv" flags READ mode 0666': Opened(("users.csv",), False, False),
    'close "/sync/users.csv" bytes read 0 written 3000': Closed(("sync", "users.csv"), 0, 3000, False),
    'forced close "/sync/big.csv" bytes read 0 written 522240': Closed(("sync", "big.csv"), 0, 522240, True),
    'posix-rename old "/sync/x.part" new "/sync/y.csv"': Renamed(("sync", "x.part"), ("sync", "y.csv")),
    'rename old "/sync/x.part" new "/sync/z.csv"': Renamed(("sync", "x.part"), ("sync", "z.csv")),
    'hardlink old "/a" new "/b"': Renamed(("a",), ("b",)),
    'set "/sync/l.csv" modtime 20261125-10:00:00': Touched(("sync", "l.csv")),
    'error: process_write: write "/sync/full.csv": No space left on device': WriteFailed(("sync", "full.csv")),
    "error: process_write: write failed": WriteFailed(()),
    "sent status Failure": Refused(),
    "sent status No such file": Refused(),
    "sent status Success": None,
    'mkdir name "/sync" mode 0755': None,
    'forced close "/sync/a name that is cut off': None,
}


@pytest.mark.parametrize(("text", "says"), LINES.items(), ids=range(len(LINES)))
def test_each_line_is_understood(text: str, says: Meaning | None) -> None:
    """The lines that tell of files, and no others."""
    assert meaning(text) == says


@pytest.mark.parametrize(
    ("escaped", "name"),
    [
        (r"back\\slash.csv", "back\\slash.csv"),
        (r"nl\nx.csv", "nl\nx.csv"),
        (r"tab\tx.csv", "tab\tx.csv"),
        (r"h\303\251.csv", "hé.csv"),
        (r"\377\376.csv", "\udcff\udcfe.csv"),
        ('q"uote.csv', 'q"uote.csv'),
        ('a" bytes read 0 written 5', 'a" bytes read 0 written 5'),
        (r"not\\n.csv", r"not\n.csv"),
    ],
)
def test_odd_names_are_read_as_they_are(escaped: str, name: str) -> None:
    """sshd writes them as vis(3) does; a quotation mark stays, and a name may look like the rest of a line."""
    assert meaning(f'close "/sync/{escaped}" bytes read 0 written 3') == Closed(("sync", name), 0, 3, False)
    assert meaning(f'open "/sync/{escaped}" flags WRITE,CREATE,EXCL mode 0644') == Opened(("sync", name), True, True)


@pytest.mark.parametrize("path", ["/sync/users.csv", "//sync/./users.csv", "../sync/x/../users.csv", "sync/users.csv"])
def test_paths_are_names_in_a_row(path: str) -> None:
    """Absolute in a chroot, or relative to a folder that nobody tells."""
    assert parts_of(path) == ("sync", "users.csv")


def test_a_rename_that_can_be_read_in_two_ways_is_not_read() -> None:
    """A name may hold what stands between the names."""
    assert meaning('rename old "/a" new "/b" new "/c"') is None


def vis(name: bytes) -> str:
    """A name as sshd writes it (vis(3) with VIS_CSTYLE, VIS_OCTAL, VIS_NL and VIS_TAB)."""
    letters = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 92: "\\\\"}
    return "".join(letters.get(code) or (chr(code) if 32 <= code < 127 else f"\\{code:03o}") for code in name)


@given(st.binary(min_size=1, max_size=40).filter(lambda name: not {0, 47} & set(name) and name not in {b".", b".."}))
def test_any_name_comes_back(name: bytes) -> None:
    """Law: what sshd writes of a name is read as that name, byte for byte."""
    said = meaning(f'forced close "/{vis(name)}" bytes read 0 written 7')
    assert isinstance(said, Closed)
    assert [part.encode("utf-8", "surrogateescape") for part in said.path] == [name]
