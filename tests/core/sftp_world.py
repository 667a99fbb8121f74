"""A drop folder with senders in it, in memory: what really becomes of the files, and what sshd logs of it."""

from dataclasses import dataclass, field
from itertools import count

from syncd.core.settle import Said, Sighting
from syncd.core.sftp_log import Line
from syncd.core.sshd_word import SECOND
from syncd.core.sshd_words import Words

PLACE = ("srv", "sftp", "erp", "sync")


@dataclass(eq=False)
class File:
    """An inode: `handles` were opened on it for writing, in this order."""

    inode: int
    size: int = 0
    changed: int = 0
    modified: int = 0
    handles: list["Handle"] = field(default_factory=list)

    @property
    def last(self) -> "Handle":
        """What changed it last."""
        return max(self.handles, key=lambda handle: handle.changed)

    @property
    def mixed(self) -> bool:
        """Whether what changed it last was not alone with it, as far as that is plain."""
        last = self.last
        others = (handle for handle in self.handles if handle is not last and handle.plain)
        return any(
            (not last.ended or other.began < last.at) and (not other.ended or last.began < other.at) for other in others
        )


@dataclass(eq=False)
class Handle:
    """An open file of a session: how it ended, and whether that is plain from the log."""

    name: str
    file: File
    fresh: bool
    began: int = 0
    changed: int = 0
    """When it emptied or made the file, or wrote to it last; 0: never."""
    written: int = 0
    ended: str = ""
    at: int = 0
    plain: bool = True


@dataclass
class World:
    """Senders of one account at work. Each deed takes some seconds."""

    words: Words = field(default_factory=Words)
    now: int = 1_000 * SECOND
    files: dict[str, File] = field(default_factory=dict)
    handles: dict[str, list[Handle]] = field(default_factory=dict)
    inodes: "count[int]" = field(default_factory=lambda: count(1))
    pids: "count[int]" = field(default_factory=lambda: count(1))
    sessions: dict[str, str] = field(default_factory=dict)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += int(seconds * SECOND)

    def logs(self, who: str, text: str, user: int = 7) -> None:
        """A line of the sender's session, which begins with its first."""
        if who not in self.sessions:
            self.sessions[who] = f"boot:{next(self.pids)}"
            self.logs(who, "session opened for local user erp from [192.0.2.1]")
        self.words.hear(Line(self.sessions[who], user, self.now, text))

    def opens(self, who: str, name: str, *, fresh: bool) -> None:
        """Open a file for writing, from the beginning or at its end; not two that have had one name, in one session."""
        if any(each.name == name and each.file is not self.files.get(name) for each in self.handles.get(who, [])):
            return
        self.logs(who, f'open "/sync/{name}" flags WRITE,CREATE{",TRUNCATE" if fresh else ""} mode 0644')
        made = name not in self.files
        file = self.files.setdefault(name, File(next(self.inodes), changed=self.now, modified=self.now))
        if fresh:
            file.size, file.changed, file.modified = 0, self.now, self.now
        handle = Handle(name, file, fresh, began=self.now, changed=self.now if made or fresh else 0)
        file.handles.append(handle)
        self.handles.setdefault(who, []).append(handle)

    def fails_to_open(self, who: str, name: str) -> None:
        """Try to open a file that it may not write."""
        self.logs(who, f'open "/sync/{name}" flags WRITE,CREATE mode 0644')
        self.logs(who, "sent status Permission denied")

    def asks(self, who: str) -> None:
        """Ask for a file that is not there: after an open, that looks as if it had failed."""
        self.logs(who, "sent status No such file")
        for handle in self.handles.get(who, []):
            handle.plain = False

    def writes(self, who: str) -> None:
        """Write some bytes to what was opened last."""
        for handle in self.handles.get(who, [])[-1:]:
            handle.written += 100
            file = handle.file
            file.size += 100
            file.changed = file.modified = handle.changed = self.now

    def closes(self, who: str) -> None:
        """Close what was opened last."""
        if self.handles.get(who):
            handle = self.handles[who].pop()
            self.logs(who, f'close "/sync/{handle.name}" bytes read 0 written {handle.written}')
            handle.ended, handle.at = "well", self.now

    def breaks_off(self, who: str) -> None:
        """Lose the connection."""
        for handle in self.handles.pop(who, []):
            self.logs(who, f'forced close "/sync/{handle.name}" bytes read 0 written {handle.written}')
            handle.ended, handle.at = "broken", self.now
        if who in self.sessions:
            self.logs(who, "session closed for local user erp from [192.0.2.1]")
            del self.sessions[who]

    def is_killed(self, who: str) -> None:
        """Its sshd is killed, which nobody logs."""
        for handle in self.handles.pop(who, []):
            handle.ended, handle.at = "broken", self.now
        self.sessions.pop(who, None)

    def renames(self, who: str, old: str, new: str, *, over: bool) -> None:
        """Rename a file, `over` one that has the name; else that fails. Nobody renames what he has open himself."""
        if any(handle.name == old for handle in self.handles.get(who, [])):
            return
        self.logs(who, f'{"posix-rename" if over else "rename"} old "/sync/{old}" new "/sync/{new}"')
        if old not in self.files or old == new or (new in self.files and not over):
            self.logs(who, "sent status Failure")
            return
        file = self.files.pop(old)
        self.files[new] = file
        file.changed = self.now

    def is_backed_up(self, name: str) -> None:
        """Something on the machine changes mode or access time of a file."""
        if name in self.files:
            self.files[name].changed = self.now

    def goes(self, name: str) -> None:
        """A file is taken, or removed."""
        self.files.pop(name, None)

    def look(self) -> dict[str, Said]:
        """What is said of each file that is there."""
        self.words.forget()
        return {name: self.words.judge([PLACE], self.sighting(name)) for name in self.files}

    def sighting(self, name: str) -> Sighting:
        """A file as a look sees it."""
        file = self.files[name]
        return Sighting(name, 1, file.inode, file.size, file.changed, file.modified)
