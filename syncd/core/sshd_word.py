"""What sshd's log lets us know of one file: its upload is under way, broke off, or is whole.

A line tells a path as its sender sees it, and no inode. So a word of sshd is believed of a file only where the file's
times and size agree with it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from syncd.core.settle import KEPT, Said, Sighting
from syncd.core.sftp_log import Closed, Line, Opened, Parts, WriteFailed

SECOND = 1_000_000_000
SLACK = 2 * SECOND
"""How far the time of a line and that of a file may lie apart: a rename is logged before it is done."""

DEEPEST = 6
"""How many words on a name are kept: earlier ones hold if a rename or an open came to nothing."""

MOST_OPEN = 40
"""How many more are kept of sessions that have the file open."""


@dataclass(frozen=True, slots=True)
class Word:
    """What sshd said last of one file. Times are nanoseconds since 1970.

    `session` had it open last, under the name `name`, with `handles` that are still open. `fresh`: it began empty, so
    that `written` is its size. `shared`: another session had it open meanwhile, and may have written to the same bytes.
    `changed`: it was emptied, or written to. `failed`: something is missing in it.
    `doubtful`: the open may have come to nothing; then `before` holds. `inode` (and device) is the file's since a look
    saw it, `stood` the size and mtime that a broken one had then.
    """

    said: Said
    session: str
    name: Parts
    began: int
    ended: int
    handles: int = 0
    written: int = 0
    fresh: bool = False
    shared: bool = False
    changed: bool = False
    failed: bool = False
    doubtful: bool = False
    before: "Word | None" = None
    inode: tuple[int, int] | None = None
    stood: tuple[int, int] | None = None

    def about(self, sighting: Sighting) -> Said | None:
        """What it says of a file that was seen; `None` where it can't be this file.

        Whoever has the file open keeps it; then counts what was said last.
        """
        if any(each.holds(sighting) for each in chain(self)):
            return Said.OPEN
        return next((said for each in chain(self) if (said := each._alone(sighting)) is not None), None)

    def holds(self, sighting: Sighting) -> bool:
        """Whether its session has this file open."""
        if not self.handles or self.doubtful or self.inode not in {None, _inode(sighting)}:
            return False
        return not (self.fresh and sighting.changed < self.began - SLACK)

    def _alone(self, sighting: Sighting) -> Said | None:
        if self.inode in {None, _inode(sighting)}:
            match self.said:
                case Said.BROKEN if self._stands(sighting):
                    return Said.BROKEN
                case Said.WHOLE if self.began - SLACK <= sighting.changed <= self.ended + SLACK:
                    exact = self.fresh and sighting.size == self.written > 0
                    if self.shared and self.fresh and not exact:
                        return None  # it was not the last to write
                    return Said.WHOLE if exact and not self.shared else Said.NOTHING
        return None

    def elsewhere(self, sighting: Sighting) -> Said | None:
        """What it says of a file that its path leads to by a link, if at all: it was seen to be that, or it may be."""
        for each in chain(self):
            if each.inode is None and sighting.changed < each.began - SLACK:
                continue
            if each.holds(sighting):
                return Said.OPEN
            fits = each.inode == _inode(sighting) or (
                each.inode is None and (not each.fresh or each.written in {0, sighting.size})
            )
            if each.said is Said.BROKEN and fits and each._stands(sighting):
                return Said.BROKEN
        return None

    def _stands(self, sighting: Sighting) -> bool:
        """Whether a broken upload is as it was: whoever changes it without sshd answers for it."""
        if self.stood:
            return self.stood == (sighting.size, sighting.modified)
        return sighting.modified <= self.ended + SLACK and sighting.changed >= self.began - SLACK

    def seen(self, sighting: Sighting, said: Said) -> "Word":
        """The word of a file that was seen, of which it is true: from now on that is known by more than its times."""
        if said is Said.OPEN:
            held = (replace(each, inode=_inode(sighting)) if each.holds(sighting) else each for each in chain(self))
            return stacked(held) or self
        if self.said is not said:
            return self
        return replace(self, inode=_inode(sighting), stood=self.stood or (sighting.size, sighting.modified))


def opened(before: Word | None, line: Line, event: Opened) -> Word:
    """The word of a file that a session is about to open, where `before` was said of it."""
    earlier = list(chain(before))
    own = next(
        (each for each in earlier if each.handles and (each.session, each.name) == (line.session, event.path)), None
    )
    if own:
        earlier.remove(own)  # if it is doubtful, it came to nothing: otherwise it would not be tried again
    # Whoever else has it open may write on, to the same bytes.
    shared = any(each.handles for each in earlier)
    earlier = [replace(each, shared=True) if each.handles else each for each in earlier]
    if own and not own.doubtful:
        changed, handles = own.changed or event.fresh, own.handles + 1
        again = replace(own, handles=handles, fresh=False, changed=changed, inode=None)
        return replace(again, before=stacked(earlier))
    # What is resumed began with its first byte.
    resumed = [each.began for each in earlier if each.said in KEPT and not event.fresh]
    return Word(
        Said.OPEN,
        line.session,
        event.path,
        began=min([line.at, *resumed]),
        ended=line.at,
        handles=1,
        fresh=event.fresh,
        shared=shared,
        changed=event.fresh,
        before=stacked(earlier),
    )


def doubted(word: Word) -> Word:
    """The word where what was asked for last, or before that its open, was refused."""
    if word.handles == 1:
        return replace(word, doubtful=True)
    # Where its session had the file open before, that still stands, behind who opened it after that.
    once, before = replace(word, handles=word.handles - 1), list(chain(word.before))
    later = [each for each in before if each.handles and each.ended > word.ended]
    return stacked([*later, once, *(each for each in before if each not in later)]) or word


def closed(word: Word, at: int, event: Closed) -> Word | None:
    """The word once one of its handles is closed; `None` where nothing is known any more."""
    handles, failed, written = word.handles - 1, word.failed or event.forced, word.written + event.written
    changed = word.changed or event.written > 0
    word = replace(word, handles=handles, failed=failed, changed=changed, written=written, ended=at, doubtful=False)
    if handles:
        return word
    if failed:
        return replace(word, said=Said.BROKEN)
    if not changed:
        return word.before
    meanwhile = stacked(
        each for each in chain(word.before) if each.handles or (each.shared and each.ended > word.began)
    )
    return replace(word, said=Said.WHOLE, before=meanwhile)


def failed(word: Word, event: WriteFailed) -> Word:
    """The word of a file that lacks what could not be written, if that was meant."""
    # Byte for byte: it may be cut off within a letter.
    start, name = ("/".join(parts).encode("utf-8", "surrogateescape") for parts in (event.start, word.name))
    return replace(word, failed=True) if name.startswith(start) else word


def broken_off(word: Word, at: int) -> Word | None:
    """The word where its session ended without a line."""
    if word.doubtful:
        return word.before
    return replace(word, said=Said.BROKEN, handles=0, ended=at)


def changed(word: Word, session: str, change: Callable[[Word], Word | None]) -> Word | None:
    """The word with what `change` makes of what the session has open in it, or in what came before."""
    before = word.before and changed(word.before, session, change)
    word = replace(word, before=before)
    return change(word) if word.handles and word.session == session else word


def stacked(words: Iterable[Word]) -> Word | None:
    """The first of some words, with the others before it; those that are open last longest."""
    kept: list[Word] = []
    for word in words:
        if len(kept) < (DEEPEST + MOST_OPEN if word.handles else DEEPEST):
            kept.append(word)
    stack: Word | None = None
    for word in reversed(kept):
        stack = replace(word, before=stack)
    return stack


def chain(word: Word | None) -> Iterator[Word]:
    """A word and what was said before it."""
    while word:
        yield word
        word = word.before


def open_in(word: Word) -> set[str]:
    """The sessions that have the file open."""
    return {each.session for each in chain(word) if each.handles}


def is_broken(word: Word) -> bool:
    """Whether it broke off, as far as this or an earlier word tells."""
    return any(each.said is Said.BROKEN for each in chain(word))


def _inode(sighting: Sighting) -> tuple[int, int]:
    return sighting.device, sighting.inode
