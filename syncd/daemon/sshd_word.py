"""sshd's word: what its log lets the reception know of uploads, kept beyond the end of this process."""

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from syncd import logs
from syncd.core.settle import Said, Sighting
from syncd.core.sftp_log import parts_of
from syncd.core.sshd_word import Word
from syncd.core.sshd_words import Words
from syncd.daemon.notes import Note, Overheard
from syncd.disk.durable import replace_whole
from syncd.disk.journal import Heard, Journal, Lost
from syncd.disk.places import places

log = logs.get()

NAME = "sshd.json"
"""The file, in the state folder, that keeps what was heard, and how far."""

LOOK_BACK = 86_400.0
"""Seconds of the journal that are read where nothing tells how far it was read."""

PATIENCE = 30.0
"""Seconds that uploads wait until the journal was read back."""

SAVE_EVERY = 60.0
"""Seconds between two saves of what is neither open nor broken: it can be read again."""

SAVE_OPEN = 1.0
"""Seconds between two saves of what is open, at least: a power loss may take the journal's last minutes along."""

GONE_FOR = 3.0
"""Seconds for which a session's process must be seen to be gone: its last lines may be on their way."""

MISS_EVERY = 10.0
"""Seconds between two looks, at most, while sessions have something open: one may be gone."""

Wanted = Literal["auto", "on", "off"]


class SshdWord:
    """Hears what sshd logs, and says what that means for a file in the drop folder. Only the loop calls it."""

    def __init__(self, folder: Path, state: Path, post: Callable[[Note], None], *, journal: Path | None = None) -> None:
        """`folder` is the drop folder; `journal` one that is read instead of the machine's."""
        self._folder = folder
        self._file = state / NAME
        self._post = post
        self._own = journal
        self._wanted: Wanted = "off"
        self._journal: Journal | None = None
        self._forget_all()

    def _forget_all(self) -> None:
        self._words = Words()
        self._cursor = ""
        self._places: list[tuple[str, ...]] = []
        self._heard = False
        self._unreadable = ""
        self._warned = False
        self._waits_until = -math.inf
        self._saved = (0, "")
        self._saved_opens = 0
        self._saved_at = -math.inf
        self._took = 0.0
        self._gone: dict[str, float] = {}

    def go_by(self, wanted: Wanted) -> None:
        """Go by this setting from now on."""
        if wanted == self._wanted:
            return
        self.close()
        self._forget_all()
        self._wanted = wanted
        if wanted != "off":
            self._load()
            self._waits_until = time.monotonic() + PATIENCE
            self._journal = Journal(lambda heard: self._post(Overheard(heard)), folder=self._own)
            self._journal.start(self._cursor, time.time() - LOOK_BACK)

    def close(self) -> None:
        """Listen no more; what was heard is kept."""
        if self._journal:
            self._journal.close()
            self._journal = None
            self._save()

    # Heard

    def heard(self, heard: Heard) -> None:
        """The journal told something."""
        if not self._journal:
            return
        if heard.unreadable:
            self._cannot_read(heard.unreadable)
            return
        if self._warned and self._unreadable:
            log.info("sshd.heard", was=self._unreadable)
        self._unreadable, self._cursor = "", heard.cursor
        for line in heard.lines:
            if isinstance(line, Lost):
                self._words.missed()
            else:
                self._words.hear(line)
                self._heard = True
        if heard.all:
            if heard.boot:
                self._words.rebooted(heard.boot, time.time_ns())
            self._waits_until = -math.inf

    def _cannot_read(self, why: str) -> None:
        self._unreadable, self._waits_until = why, -math.inf
        if self._wanted == "on":
            self._warned = True
            log.warning(
                "sshd.unheard",
                reason=why,
                cure='Make syncd a member of the group systemd-journal, as docs/SFTP.md says, or set sshd = "auto".',
            )

    # Asked

    def looking(self) -> None:
        """The drop folder is being looked at: what is asked next is about one look."""
        self._words.forget()
        self._miss()
        self._places = [parts_of(place) for place in places(self._folder)] if self._words.told else []

    def _miss(self) -> None:
        """Break off what sessions have open whose sshd was killed: nothing is said of that."""
        if not _sees_processes() or self._unreadable or self._waits_until > time.monotonic():
            return
        now = time.monotonic()
        gone = {session for session in self._words.sessions() if not _runs(session)}
        self._gone = {session: self._gone.get(session, now) for session in gone}
        for session in [each for each, since in self._gone.items() if now - since >= GONE_FOR]:
            self._words.gone(session, time.time_ns())

    def says(self, sighting: Sighting) -> Said:
        """What is known of a file."""
        if self._waits_until > time.monotonic():
            return Said.UNREAD
        return self._words.judge(self._places, sighting) if self._places else Said.NOTHING

    def looked(self, *, coming: bool) -> None:
        """A look is over: keep what must not be lost. `coming`: it saw uploads that sshd may have more to say of."""
        now = time.monotonic()
        if self._journal and coming:
            self._journal.read_now()
        if not self._journal:
            return
        since = now - self._saved_at
        opened = self._words.opens != self._saved_opens and bool(self._words.sessions())
        if (
            self._words.broken != self._saved[0]
            or since >= SAVE_EVERY
            or (opened and since >= max(SAVE_OPEN, 20 * self._took))
        ):
            self._save()
            self._saved_at, self._took = now, time.monotonic() - now
            self._saved_opens = self._words.opens

    def again(self) -> float | None:
        """In how many seconds to look once more though nothing happens; `None`: that is all the same."""
        if not self._journal or not self._words.sessions():
            return None
        if self._gone or self._words.opens != self._saved_opens:
            return SAVE_OPEN
        return MISS_EVERY if _sees_processes() else None

    @property
    def state(self) -> str:
        """How it stands with sshd's word, for people."""
        if self._wanted == "off":
            return "off"
        if self._unreadable:
            return f"not readable: {self._unreadable}"
        if self._waits_until > time.monotonic():
            return "the journal is being read"
        return "heard" if self._heard else "nothing heard so far"

    # Kept

    def _save(self) -> None:
        now = (self._words.broken, self._cursor)
        if now == self._saved or not self._cursor:
            return
        kept = {
            "cursor": self._cursor,
            "heard": self._heard,
            "words": [
                {"user": user, "path": path, "word": asdict(word)} for (user, path), word in self._words.told.items()
            ],
        }
        with suppress(OSError):  # the journal is still there; a disk in trouble is said by those who need it
            replace_whole(self._file, json.dumps(kept).encode(), synced=True)
            self._saved = now

    def _load(self) -> None:
        with suppress(OSError, ValueError, LookupError, TypeError):  # then the journal is read back as at first
            kept = json.loads(self._file.read_bytes())
            told = {(each["user"], tuple(each["path"])): _word(each["word"]) for each in kept["words"]}
            self._words, self._cursor, self._heard = Words(told), kept["cursor"], kept["heard"]


def _sees_processes() -> bool:
    """Whether the journal's numbers of processes are this process's too: not so in a container of its own."""
    return os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid())


def _runs(session: str) -> bool:
    """Whether the process of a session is there. Only whether it could be signalled is asked: /proc shows none."""
    try:
        os.kill(int(session.rpartition(":")[2]), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, OverflowError):
        return True
    return True


def _word(plain: Mapping[str, Any]) -> Word:
    return Word(
        **{
            **plain,
            "said": Said(plain["said"]),
            "name": tuple(plain["name"]),
            "before": _word(plain["before"]) if plain["before"] else None,
            "inode": tuple(plain["inode"]) if plain["inode"] else None,
            "stood": tuple(plain["stood"]) if plain["stood"] else None,
        }
    )
