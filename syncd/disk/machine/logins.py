"""How sshd lets a sender in, as sshd itself tells."""

import os
import pwd
import shlex
import shutil
import stat as modes
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from syncd.core.machine import Login

SSHD = "/usr/sbin/sshd"
TALKATIVE = frozenset({"INFO", "VERBOSE", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3"})


def login_of(sender: str, drop: Path, options: Sequence[str] = ()) -> Login | None:
    """What sshd holds an account to; `None` where there is no sshd, or it does not say. Only root may ask it.

    `options` are sshd's own, such as another file of settings.
    """
    told = _asked(sender, options)
    if not told:
        return None
    cage = _expanded(told.get("chrootdirectory", "none"), sender)
    # sshd tells its options in small letters, and leaves their values alone.
    command = told.get("forcecommand", "none")
    given = _options(command)
    return Login(
        sender=sender,
        sftp_only=command.split(" ")[0] == "internal-sftp",
        cage=cage,
        flaw=_flaw(Path(cage)) if cage else "",
        shows_drop=shows(Path(cage), drop) if cage else True,
        umask=_octal(given.get("-u", "")),
        tells=given.get("-l", "").upper() in TALKATIVE,
        socket=_is_socket(Path(cage or "/") / "dev/log"),
        tunnels=told.get("disableforwarding") != "yes" and told.get("allowtcpforwarding") != "no",
    )


def _asked(sender: str, options: Sequence[str]) -> dict[str, str]:
    sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or SSHD
    asked = [sshd, "-T", *options, "-C", f"user={sender},host=localhost,addr=127.0.0.1"]
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(asked, capture_output=True, text=True, errors="surrogateescape", timeout=10, check=False)
        return {key: value for key, _, value in (line.partition(" ") for line in done.stdout.splitlines())}
    return {}


def _expanded(path: str, sender: str) -> str:
    """The folder of ChrootDirectory, "" for none (sshd_config(5), TOKENS)."""
    if path == "none":
        return ""
    try:
        home, uid = pwd.getpwnam(sender).pw_dir, pwd.getpwnam(sender).pw_uid
    except KeyError:
        home, uid = "", -1
    for token, meant in (("%%", "\0"), ("%h", home), ("%u", sender), ("%U", str(uid)), ("\0", "%")):
        path = path.replace(token, meant)
    return path


def _options(command: str) -> dict[str, str]:
    """The options of internal-sftp that take a value."""
    words = shlex.split(command) if command.count('"') % 2 == 0 and command.count("'") % 2 == 0 else command.split()
    found = {}
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word in {"-u", "-l", "-f", "-d"}:
            found[word] = after
        elif word[:2] in {"-u", "-l"}:
            found[word[:2]] = word[2:]
    return found


def _octal(text: str) -> int | None:
    try:
        return int(text, 8)
    except ValueError:
        return None


def _flaw(cage: Path) -> str:
    """The first folder down to the cage that is not root's alone, for which sshd lets nobody in; "" for none."""
    for folder in (*reversed(cage.parents), cage):
        try:
            stat = folder.stat()
        except OSError:
            return str(folder)
        if stat.st_uid != 0 or stat.st_mode & 0o022 or not modes.S_ISDIR(stat.st_mode):
            return str(folder)
    return ""


def shows(cage: Path, drop: Path) -> bool:
    """Whether the drop folder, or a folder in it, is to be seen in the cage, mounted there perhaps."""
    if drop.resolve().is_relative_to(cage.resolve()):
        return True
    with suppress(OSError):
        shown = {_identity(folder) for folder in (cage, *_folders(cage))}
        return bool(shown & {_identity(folder) for folder in (drop, *_folders(drop))})
    return False


def _folders(top: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(top) if entry.is_dir(follow_symlinks=False)]


def _identity(folder: Path) -> tuple[int, int]:
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def _is_socket(path: Path) -> bool:
    with suppress(OSError):
        return modes.S_ISSOCK(path.stat().st_mode)
    return False
