"""What sshd's log lets us know of all uploads.

Where two accounts say different things of one file, neither is believed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from syncd.core.settle import KEPT, Said, Sighting
from syncd.core.sftp_log import (
    Closed,
    Line,
    Opened,
    Parts,
    Refused,
    Renamed,
    SessionBegan,
    SessionEnded,
    Touched,
    WriteFailed,
    meaning,
)
from syncd.core.sshd_word import (
    SECOND,
    Word,
    broken_off,
    chain,
    changed,
    closed,
    doubted,
    failed,
    is_broken,
    open_in,
    opened,
    stacked,
)

REMEMBERED = 600 * SECOND
"""How long it is known that an upload was whole: by then it was taken, or changed."""

KEPT_IN_MIND = 30 * 86_400 * SECOND
"""How long a broken upload is remembered that is nowhere to be seen: it may come under another name yet."""

MOST = 50_000
"""Files that are known of, at most: a sender must not fill the memory."""

Key = tuple[int, Parts]


@dataclass(slots=True)
class Words:
    """What sshd said so far, of all files. Only `hear` and `judge` change it."""

    told: dict[Key, Word] = field(default_factory=dict)
    most: int = MOST
    broken: int = 0
    """Grows with each change of what is known to be broken."""
    opens: int = 0
    """Grows with each file that is opened."""
    latest: int = 0
    """When the last line was logged."""
    _names: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    _open: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    """The files that each session has open, or seems to."""
    _reading: dict[tuple[str, Parts], int] = field(default_factory=dict)
    _just_opened: dict[str, Key] = field(default_factory=dict)
    _standing: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        for key, word in list(self.told.items()):
            self._put(key, word)

    # Heard

    def hear(self, line: Line) -> None:
        """Take in one line; lines come in their order."""
        self.latest = max(self.latest, line.at)
        event = meaning(line.text)
        just_opened = self._just_opened.pop(line.session, None)
        match event:
            case Opened():
                self._opened(line, event)
            case Closed():
                self._closed(line, event)
            case Renamed():
                self._renamed(line, event)
            case Touched():
                self._touched((line.user, event.path), line.at)
            case WriteFailed():
                self._change(line.session, lambda word: failed(word, event))
            case Refused() if just_opened:  # the open, or a question after it
                self._doubt(just_opened, line.session)
            case SessionBegan():  # a process that was killed had the number before
                self._broke_off(line.session, line.at)
            case SessionEnded():  # what it closed is said before: what is left it never opened
                self._change(line.session, lambda word: word.before)
                self._forget_reading(line.session)

    def _opened(self, line: Line, event: Opened) -> None:
        if not event.writes:
            reading = (line.session, event.path)
            self._reading[reading] = self._reading.get(reading, 0) + 1
            return
        key = (line.user, event.path)
        self._put(key, opened(self.told.get(key), line, event))
        self.opens += 1
        self._just_opened[line.session] = key

    def _closed(self, line: Line, event: Closed) -> None:
        reading, key = (line.session, event.path), (line.user, event.path)
        if not event.written and self._reading.get(reading):
            self._reading[reading] -= 1
        elif event.forced and event.written and key not in self.told:
            # Opened before the log was read: how it began nobody knows.
            word = Word(Said.BROKEN, line.session, event.path, began=0, ended=line.at, written=event.written)
            self._put(key, word)
        else:
            self._change(line.session, lambda word: closed(word, line.at, event) if word.name == event.path else word)

    def _renamed(self, line: Line, event: Renamed) -> None:
        """The new name gets the word of the old one, which keeps it: the rename may come to nothing."""
        old: Key = (line.user, event.old)
        if event.new == event.old:
            return
        found = [old] if old in self.told else [key for key in self.told if _lies_below(key, old)]
        for key in found:
            new = (line.user, event.new + key[1][len(event.old) :])
            word = self.told[key]
            moved = replace(word, ended=max(word.ended, line.at))
            self._put(new, stacked([*chain(moved), *chain(self.told.get(new))]) or moved)

    def _touched(self, key: Key, at: int) -> None:
        if word := self.told.get(key):
            self._put(key, replace(word, ended=max(word.ended, at), stood=None))

    def _doubt(self, key: Key, session: str) -> None:
        if word := self.told.get(key):
            doubt = changed(word, session, lambda each: doubted(each) if each.name == key[1] else each)
            self._put(key, doubt or word)

    def _change(self, session: str, change: Callable[[Word], Word | None]) -> None:
        """Change each word of what a session has open; `None`: nothing is known any more."""
        for key in list(self._open.get(session, ())):
            if word := changed(self.told[key], session, change):
                self._put(key, word)
            else:
                self._drop(key)

    def _broke_off(self, session: str, at: int) -> None:
        self._change(session, lambda word: broken_off(word, at))
        self._forget_reading(session)

    def _forget_reading(self, session: str) -> None:
        for reading in [each for each in self._reading if each[0] == session]:
            del self._reading[reading]

    def missed(self) -> None:
        """Lines were lost: what seems to be open may have been closed."""
        for session in list(self._open):
            self._change(session, lambda word: replace(word, doubtful=True))

    def rebooted(self, boot: str, at: int) -> None:
        """The machine runs since `boot`: what was open before broke off."""
        for session in [each for each in self._open if each.partition(":")[0] != boot]:
            self._broke_off(session, at)

    def sessions(self) -> set[str]:
        """Those that have a file open, or seem to."""
        return set(self._open)

    def gone(self, session: str, at: int) -> None:
        """A session has ended without a line, as when its sshd was killed."""
        self._broke_off(session, at)

    # Asked

    def judge(self, places: Sequence[Parts], sighting: Sighting) -> Said:
        """What is known of a file: it lies, by its path in the drop folder, below each of `places`.

        Those are all the paths that lead to the drop folder; a line tells the end of one, from wherever its sender's
        root or first folder is. The longest end that fits is believed. A path that leads through a link has another
        end: what is open or broken under the same name keeps a file too, if it fits and no word is of the file itself.
        """
        path = tuple(sighting.path.split("/"))
        keys = self._names.get(path[-1])
        if not keys:
            return Said.NOTHING
        votes: dict[int, Said] = {}
        others: list[Key] = []
        for key in sorted(keys, key=lambda key: -len(key[1])):
            user, end = key
            if not any(_ends(place + path, end) for place in places):
                others.append(key)
            elif user not in votes and (vote := self.told[key].about(sighting)) is not None:
                votes[user] = vote
                self._stands(key, sighting, vote)
        by_links = {vote for key in others if (vote := self.told[key].elsewhere(sighting))}
        if votes:  # whose own upload is known that is not kept for what may be another's
            by_links = {Said.NOTHING for vote in by_links if vote is Said.OPEN}
        elif by_links:
            self._standing.update(others)
            if by_links == {Said.BROKEN}:  # now it is this file, which a copy in its place is not
                for key in others:
                    if (
                        (word := self.told[key]).fresh
                        and word.written == sighting.size > 0
                        and word.elsewhere(sighting)
                    ):
                        self._put(key, word.seen(sighting, Said.BROKEN))
        return _verdict({*votes.values(), *by_links})

    def _stands(self, key: Key, sighting: Sighting, vote: Said) -> None:
        self._standing.add(key)
        if vote in KEPT and (seen := self.told[key].seen(sighting, vote)) != self.told[key]:
            self._put(key, seen)

    def forget(self) -> None:
        """Forget what is of no use any more; to be called before a look is judged.

        What the last look saw is of use. Of too much, what is broken goes last.
        """
        done = [key for key, word in self.told.items() if not open_in(word) and key not in self._standing]
        old = {key for key in done if self.told[key].ended < self.latest - _span(self.told[key])}
        spare = len(self.told) - len(old) - self.most
        if spare > 0:
            rest = sorted(set(done) - old, key=lambda key: (is_broken(self.told[key]), self.told[key].ended))
            old.update(rest[:spare])
        for key in old:
            self._drop(key)
        self._standing = set()

    # Kept

    def _put(self, key: Key, word: Word) -> None:
        self._drop(key)
        self.told[key] = word
        self._names[key[1][-1] if key[1] else ""].add(key)
        for session in open_in(word):
            self._open[session].add(key)
        self.broken += is_broken(word)

    def _drop(self, key: Key) -> None:
        if word := self.told.pop(key, None):
            _remove(self._names, key[1][-1] if key[1] else "", key)
            for session in open_in(word):
                _remove(self._open, session, key)
            self.broken += is_broken(word)


# Which file is meant


def _verdict(votes: Iterable[Said]) -> Said:
    found = set(votes)
    if Said.WHOLE in found:
        return Said.WHOLE if len(found) == 1 else Said.NOTHING
    return next((said for said in (Said.OPEN, Said.BROKEN) if said in found), Said.NOTHING)


def _ends(path: Parts, end: Parts) -> bool:
    return bool(end) and path[-len(end) :] == end


def _lies_below(key: Key, folder: Key) -> bool:
    return key[0] == folder[0] and len(key[1]) > len(folder[1]) and key[1][: len(folder[1])] == folder[1]


def _span(word: Word) -> int:
    return KEPT_IN_MIND if is_broken(word) else REMEMBERED


def _remove(index: dict[str, set[Key]], name: str, key: Key) -> None:
    index[name].discard(key)
    if not index[name]:
        del index[name]
