"""What a set-up is made of: each file, folder and link, and the programs that make them count."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from syncd.cli.init.answers import NONE, PRACTICE
from syncd.cli.init.place import Place
from syncd.cli.init.shipped import Shipped

SHIPPED_PROGRAM = "/opt/syncd/bin/syncd"
JOURNAL = "systemd-journal"
HIDDEN = ("/home/", "/root/", "/run/user/")
"""What the unit hides from the service (ProtectHome=)."""

SENDERS = """\
# The group to which the drop folder belongs; syncd is of it, so that it can take files out.
g {group} -
m syncd {group}
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file of root's; what is `secret` is never shown."""

    path: str
    text: str
    mode: int = 0o644
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with its owner and group; the folders above it are root's."""

    path: str
    mode: int
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a program."""

    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program that has to be run once all that stands before it is there."""

    argv: tuple[str, ...]


Piece = File | Folder | Link | Program


def to_try(place: Place, answers: Mapping[str, str], settings: str, token: str) -> Iterator[Piece]:
    """The pieces of a set-up that is only tried out."""
    yield File(place.settings, settings)
    if token:
        yield File(place.token, f"{token}\n", 0o600, secret=True)
    yield Folder(answers["drop"], 0o770, "", "")
    yield Folder(answers["repository"], 0o770, "", "")


def to_serve(
    place: Place, shipped: Shipped, answers: Mapping[str, str], settings: str, token: str, program: str
) -> Iterator[Piece]:
    """The pieces of a service, in the order in which they are made; what a package has brought is left out."""
    root = (f"--root={place.root}",) if place.other else ()
    users = ["syncd.conf"]
    if not place.shipped("sysusers.d/syncd.conf"):
        yield File("/etc/sysusers.d/syncd.conf", _text(shipped, "syncd.sysusers"))
    if answers["group"] != "syncd":
        users.append(f"syncd@{place.instance}.conf" if place.instance else "syncd-site.conf")
        yield File(f"/etc/sysusers.d/{users[-1]}", SENDERS.format(group=answers["group"]))
    yield Program(("systemd-sysusers", *root, *users))
    if answers["sender"] != NONE:
        prefix = ("--prefix", str(place.root)) if place.other else ()
        yield Program(("usermod", *prefix, "--append", "--groups", answers["group"], answers["sender"]))
    if not place.shipped("tmpfiles.d/syncd.conf"):
        yield File("/etc/tmpfiles.d/syncd.conf", _text(shipped, "syncd.tmpfiles"))
    yield Program(("systemd-tmpfiles", *root, "--create", "syncd.conf"))
    yield File(place.settings, settings)
    if token:
        yield File(place.token, f"{token}\n", 0o600, secret=True)
    yield Folder(answers["drop"], 0o2770, "root", answers["group"])
    yield Folder(answers["repository"], 0o750, "syncd", "syncd")
    if not place.shipped(f"systemd/system/{place.unit_file}"):
        unit = _text(shipped, place.unit_file)
        yield File(f"/etc/systemd/system/{place.unit_file}", unit.replace(SHIPPED_PROGRAM, program))
        yield Link("/usr/local/bin/syncd", program)
    yield File(f"/etc/systemd/system/{place.unit}.d/site.conf", drop_in(place, answers))
    if not place.other and Path("/run/systemd/system").is_dir():
        yield Program(("systemctl", "daemon-reload"))
    if not place.shipped("systemd/catalog/syncd.catalog"):
        yield File("/usr/local/lib/systemd/catalog/syncd.catalog", _text(shipped, "syncd.catalog"))
        yield Program(("journalctl", *root, "--update-catalog"))


def _text(shipped: Shipped, name: str) -> str:
    return (shipped.systemd / name).read_text(encoding="utf-8")


def drop_in(place: Place, answers: Mapping[str, str]) -> str:
    """What differs from machine to machine, for the unit."""
    drop, repository = answers["drop"], answers["repository"]
    folders = [_quoted(drop)]
    if not f"{repository}/".startswith(f"/srv/syncd/{place.instance}".rstrip("/") + "/"):
        folders.append(_quoted(repository))
    groups = [answers["group"]]
    if place.group(JOURNAL) is not None:  # a service of a group that is not there does not start
        groups.append(JOURNAL)
    hidden = [_quoted(folder) for folder in (drop, repository) if folder.startswith(HIDDEN)]
    parts = [
        "# Written by syncd init: what differs from machine to machine. More to choose from: drop-ins/site.conf, where",
        "# syncd's units come from.",
        "[Unit]",
        "# Not before the file systems with these folders are there, and never without them.",
        f"RequiresMountsFor={_quoted(drop)} {_quoted(repository)}",
        "",
        "[Service]",
        "# The drop folder: syncd takes files out of it.",
        f"ReadWritePaths={' '.join(folders)}",
        "# The group that the senders' files belong to, and the one that may read what sshd says of uploads.",
        f"SupplementaryGroups={' '.join(groups)}",
    ]
    if hidden:
        parts += [
            "# Of the homes, these folders alone.",
            "ProtectHome=tmpfs",
            f"BindPaths={' '.join(hidden)}",
        ]
    if address := _address(answers["url"]):
        parts += [
            "# The site's address alone: the first line forgets the unit's list. A mail server, a name server,",
            "# a service for notices need a place here too.",
            "IPAddressAllow=",
            f"IPAddressAllow={address}",
        ]
    return "\n".join(parts) + "\n"


def _quoted(path: str) -> str:
    """A path as a unit holds it (systemd.syntax(7)): settings that were there before may have any."""
    plain = path.replace("%", "%%")
    if not re.search(r"""[\s"'\\]""", plain):
        return plain
    return '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'


def _address(url: str) -> str:
    """The addresses to which the service must get, where they are sure never to change; else ""."""
    host = "" if url == PRACTICE else urlsplit(url).hostname or ""
    if host == "localhost":
        return "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    return "localhost" if address.is_loopback else f"localhost {address}"
