"""The reception: looks at the drop folder, waits until uploads have settled, and has them taken in."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syncd import logs
from syncd.core.alarms import UNDER_WAY, Alarm
from syncd.core.durations import spoken
from syncd.core.settle import (
    OBSTACLES,
    Said,
    Sighting,
    Upload,
    judged,
    moved_to,
    next_settled,
    observed,
    settled,
)
from syncd.daemon.canary import Canary
from syncd.daemon.lingering import Lingering
from syncd.daemon.notes import Note, TookIn
from syncd.daemon.sshd_word import SshdWord
from syncd.daemon.trouble import Trouble
from syncd.daemon.vigil import Vigil
from syncd.disk.drop import Drop, Left
from syncd.disk.intake import Intake, TakenIn
from syncd.errors import Fault

log = logs.get()

ROUND = 256
"""Files taken in by one round: enough to share the waiting for the disk, and few enough handles."""

RETRY = 2.0
"""Seconds until the disk is tried again after it refused."""

PAUSE = 1.0
"""Seconds, at least, between two tries to take a file that somebody has open."""

CURES = {
    "drop.gone": "Mount it, or make it again, for syncd's group.",
    "watch.lost": "journalctl -x tells why; too few watches: sysctl fs.inotify.max_user_watches.",
    "watch.deaf": 'If this file system never tells, set watch = "poll" in [drop].',
}
"""What to do about each alarm."""

NOT_WRITABLE = "nothing can be written there: "

HOLD_IS_OLD, HOLD_IS_SAID_AGAIN = 3 * 3600.0, 3600.0


@dataclass(frozen=True, slots=True)
class Obstructed:
    """A file that can't be taken, and what it was when that was found."""

    sighting: Sighting
    obstacle: str


class Reception:
    """What the loop knows of the drop folder, and what it does about it. Only the loop calls it.

    Times are seconds of the monotonic clock; `post` takes the note that ends a round, `folders` are all
    of syncd's, each with what it is called.
    """

    def __init__(
        self,
        drop: Drop,
        intake: Intake,
        vigil: Vigil,
        *,
        canary: Canary | None = None,
        sshd: SshdWord | None = None,
        settle: float,
        stuck_after: float,
        forgive_every: float,
        post: Callable[[Note], None],
        folders: Mapping[Path, str] | None = None,
    ) -> None:
        self._drop = drop
        self._intake = intake
        self._vigil = vigil
        self.canary = canary or Canary(drop.folder, vigil, 0.0, time.monotonic)
        self._sshd = sshd
        self._settle = settle
        self._lingering = Lingering(stuck_after)
        self._forgive_every = forgive_every
        self._post = post
        self._rounds = ThreadPoolExecutor(1, thread_name_prefix="intake")
        self.uploads: dict[str, Upload] = {}
        self.claims: dict[str, Upload] = {}
        self.obstructed: dict[str, Obstructed] = {}
        self.held_since: float | None = None
        self.trouble = Trouble(RETRY, folders)
        self._under_way: dict[str, Upload] = {}
        self._claims_under_way: dict[str, Upload] = {}
        self._unfinished = False  # a round was broken off as the drop folder went away
        self._retry_at = 0.0
        self._said_hold_at = 0.0
        self._said: set[tuple[str, str]] = set()
        self.busy = False
        self.resting = False
        self._gone = False
        self._forgive_at = 0.0

    def remember(self, stood: Iterable[Alarm]) -> None:
        """These alarms stood before: none of them is said again, but its end is."""
        for alarm in stood:
            if alarm.event in {"upload.stuck", UNDER_WAY}:
                self._lingering.remember(alarm)
            elif alarm.event == "drop.gone":
                self._gone = True
            elif alarm.event == "canary.failed":
                self.canary.remember(alarm.what.removeprefix(NOT_WRITABLE), alarm.cure)

    # Asked by the loop

    def turn(self, now: float) -> None:
        """Look if it is time to, and start a round if something has settled."""
        self.canary.turn(now)
        if self._vigil.wants_look(now):
            self.look(now)
        self._begin_round(now)

    def next_at(self, now: float) -> float:
        """When `turn` is to be called next if no note comes."""
        moments = [self._vigil.next_look(), self.canary.next_at()]
        if not (self.busy or self.resting) and (ripe := self._next_ripe()) is not None:
            moments.append(ripe)
        return max(now, min(moments))

    def look(self, now: float) -> None:
        """Look at the folder now."""
        began = time.monotonic()
        self._vigil.looks(now)
        try:
            seen = self._drop.look()
            claims = () if self.busy else self._drop.look_at_claims()
            self.held_since = self._drop.held_since()
        except (OSError, Fault) as error:
            self._drop_is_gone(error, now)
            return
        if self._gone:
            self._gone = False
            log.info("drop.back", folder=str(self._drop.folder))
        before = len(self.uploads)
        self._observe(seen, claims, now)
        changed = len(self.uploads) != before or any(upload.since == now for upload in self.uploads.values())
        self._vigil.looked(
            now, now + time.monotonic() - began, changed=changed or self.busy, folders=self._drop.folders
        )
        if self._sshd and (soon := self._sshd.again()) is not None:
            self._vigil.again(now + soon)
        self._say_hold()
        self._lingering.say_broken(self.uploads.values())
        if self.held_since is None and not self.trouble:
            self._lingering.say_stuck([*self.uploads.values(), *self.claims.values()], now)

    def woken(self, now: float) -> None:
        """The watch says that something happened."""
        self._vigil.again(now)

    @property
    def means(self) -> str:
        """How changes are noticed at present: `inotify`, `storm` or `poll`."""
        return self._vigil.means

    def expecting(self, wanted: Callable[[str], bool], *, patiently: bool) -> bool:
        """Whether a file that `wanted` means has settled and is on its way into the repository.

        `patiently`: also one that lies there and has yet to settle.
        """
        if self.trouble or not self._may_claim():
            return False
        coming = [path for path, upload in self.uploads.items() if upload.said is not Said.BROKEN]
        ripe = coming if patiently else [sighting.path for sighting in self._settled(time.monotonic())]
        return any(wanted(path) for path in [*ripe, *self._under_way])

    def coming(self) -> list[str]:
        """The files that are being uploaded or taken in, as far as looks have told."""
        return [*self.uploads, *self._under_way]

    def alarms(self, monotonic: float, now: datetime) -> Iterator[Alarm]:
        """What of the drop folder stands as it should not; each is said when it is met."""
        folder = str(self._drop.folder)
        ails = {
            "drop.gone": self._gone and "the drop folder can't be read",
            "watch.lost": self._vigil.lost
            and not self._gone
            and "the kernel takes no watch on the drop folder; uploads come late",
            "watch.deaf": self._vigil.deaf and "the kernel does not tell of the drop folder; uploads come late",
            "canary.failed": self.canary.failed and NOT_WRITABLE + self.canary.failed,
        }
        cures = CURES | {"canary.failed": self.canary.cure}
        for event, what in ails.items():
            if what:
                yield Alarm(event=event, subject=folder, since=now, what=what, cure=cures[event], file=folder)
        in_hand = self._under_way | self._claims_under_way
        known = [*self.uploads.values(), *self.claims.values(), *in_hand.values()]
        yield from self._lingering.alarms(known, monotonic, now)

    def under_way(self, monotonic: float, now: datetime) -> Iterator[Alarm]:
        """Since when each upload is there that takes its time, with its inode: other bytes may have its name later."""
        yield from self._lingering.under_way([*self.uploads.values(), *self.claims.values()], monotonic, now)

    @property
    def news(self) -> tuple[object, ...]:
        """It becomes another one whenever `alarms` do, but for what they say in words."""
        vigil = self._vigil
        return self._gone, vigil.lost, vigil.deaf, bool(self.canary.failed), *self._lingering.news

    def rest(self) -> None:
        """Begin no round any more: another reception will go on once this one is not `busy`."""
        self.resting = True

    def close(self) -> None:
        """Let the round under way end, and stop watching."""
        self._rounds.shutdown()
        self._intake.close()
        self._vigil.close()

    # Looking

    def _observe(self, seen: Sequence[Sighting], claims: Sequence[Sighting], now: float) -> None:
        names = {one.path for one in seen}
        self._said = {said for said in self._said if said[0] in names}
        there = names | {one.path for one in claims} | self._under_way.keys() | self._claims_under_way.keys()
        self._lingering.forget(dropped=names, there=there)
        if now >= self._forgive_at:  # a folder's rights may have been mended, which the file does not tell
            known, self._forgive_at = {}, now + self._forgive_every
        else:
            known = {path: one for path, one in self.obstructed.items() if not one.sighting.obstacle}
        self.obstructed = {}
        free = []
        for one in seen:
            before = known.get(one.path)
            if one.obstacle:
                self._obstruct(one, one.obstacle)
            elif before and before.sighting.same(one):
                self.obstructed[one.path] = before
            else:
                free.append(one)
        self.uploads = observed(self.uploads, free, now)
        if self._sshd:
            self._sshd.looking()
            self.uploads = judged(self.uploads, self._sshd.says)
            self._sshd.looked(coming=any(each.said is not Said.WHOLE for each in self.uploads.values()))
        self.claims = observed(self.claims, claims, now)
        self._lingering.age(self.uploads, self.claims, now)

    def _obstruct(self, sighting: Sighting, obstacle: str) -> None:
        self.obstructed[sighting.path] = Obstructed(sighting, obstacle)
        self.uploads.pop(sighting.path, None)
        if (sighting.path, obstacle) not in self._said:
            self._said.add((sighting.path, obstacle))
            reason, cure = OBSTACLES[obstacle]
            log.warning("file.refused", file=sighting.path, obstacle=obstacle, reason=reason, cure=cure)

    @property
    def gone(self) -> bool:
        """Whether the drop folder can't be read."""
        return self._gone

    def _drop_is_gone(self, error: Exception, now: float) -> None:
        if not self._gone:
            self._gone = True
            log.error("drop.gone", folder=str(self._drop.folder), reason=str(error), looks_every=RETRY)
        self.uploads = {}
        self._vigil.failed(now, RETRY)

    def _say_hold(self) -> None:
        if self.held_since is None:
            self._said_hold_at = 0.0
            return
        age, now = time.time() - self.held_since, time.monotonic()
        if not self._said_hold_at:
            log.info("drop.held", since=datetime.fromtimestamp(self.held_since).astimezone())
            self._said_hold_at = now - HOLD_IS_SAID_AGAIN
        if age >= HOLD_IS_OLD and now - self._said_hold_at >= HOLD_IS_SAID_AGAIN:
            self._said_hold_at = now
            log.warning(
                "drop.held",
                since=datetime.fromtimestamp(self.held_since).astimezone(),
                age=spoken(age),
                cure="Ask the sender whether the upload is still going on; if not, remove the hold file.",
            )

    # Rounds

    def _may_claim(self) -> bool:
        return self.held_since is None and not self._gone

    def _settled(self, now: float) -> list[Sighting]:
        return settled(self.uploads.values(), now, self._settle)

    def _to_be_taken(self) -> list[Upload]:
        """What a round could take, now or once it has settled."""
        return [*self.claims.values(), *(self.uploads.values() if self._may_claim() else ())]

    def _next_ripe(self) -> float | None:
        """When the next round can begin; `None` as long as there is nothing for it."""
        if self._gone:
            return None
        settles = next_settled(self._to_be_taken(), self._settle)
        return max(self._retry_at, settles or 0.0) if self.trouble or self._unfinished else settles

    def _begin_round(self, now: float) -> None:
        if self.busy or self.resting or self._gone:
            return
        if (self.trouble or self._unfinished) and now < self._retry_at:
            return
        claimed = settled(self.claims.values(), now, self._settle)[:ROUND]
        fresh = self._settled(now)[: ROUND - len(claimed)] if self._may_claim() else []
        if fresh and self._held_just_now(now):
            fresh = []
        # In trouble, an empty round would find nothing wrong while there is something that must first settle.
        if fresh or claimed or ((self.trouble or self._unfinished) and not self._to_be_taken()):
            self._start(fresh, claimed)

    def _held_just_now(self, now: float) -> bool:
        """The hold file may have come since the last look, together with the files it is to hold."""
        try:
            self.held_since = self._drop.held_since()
        except OSError:
            self._vigil.again(now)
            return True
        self._say_hold()
        return self.held_since is not None

    def _start(self, fresh: Sequence[Sighting], claimed: Sequence[Sighting]) -> None:
        self.busy = True
        self._under_way = {one.path: self.uploads.pop(one.path) for one in fresh}
        self._claims_under_way = {one.path: self.claims.pop(one.path) for one in claimed}
        self._rounds.submit(self._round, fresh, claimed)

    def _round(self, fresh: Sequence[Sighting], claimed: Sequence[Sighting]) -> None:
        try:
            self._post(TookIn(self._intake.take_in(fresh, claimed)))
        except Exception as error:  # whatever it was, the loop must hear of it
            self._post(TookIn(error=error))

    def recover(self) -> None:
        """Bring to its end what an earlier process left half-way. Ends with a `TookIn` note."""
        self._start([], [])

    def took_in(self, note: TookIn, now: float) -> list[TakenIn]:
        """A round is over: what it took in."""
        self.busy = False
        under_way, self._under_way = self._under_way, {}
        claims_under_way, self._claims_under_way = self._claims_under_way, {}
        if note.error:
            self._broken_off(under_way, claims_under_way)
            self._in_trouble(note.error, now)
            self._vigil.again(self._retry_at if self._gone else now)
            return []
        self._unfinished = False
        self.trouble.over()
        if len(note.taking.taken) < len(under_way):
            self._vigil.again(now)  # some moved while they were taken: see how they are now
        for left in note.taking.left:
            self._leave(left, under_way.get(left.sighting.path), now)
        for one in note.taking.taken:
            log.info(
                "file.arrived",
                file=one.arrival.path,
                bytes=one.arrival.size,
                sha256=one.arrival.sha256,
                older=one.older or None,
            )
        return note.taking.taken

    def _leave(self, left: Left, upload: Upload | None, now: float) -> None:
        if left.obstacle:
            self._obstruct(left.sighting, left.obstacle)
        else:  # it moved, or somebody has it open: it has to settle again, for a while however short that may be
            whole = upload is not None and upload.said is Said.WHOLE
            since = now + (PAUSE if whole else max(0.0, PAUSE - self._settle))
            self.uploads[left.sighting.path] = Upload(left.sighting, since, upload.first if upload else now)

    def _broken_off(self, fresh: dict[str, Upload], claimed: dict[str, Upload]) -> None:
        """What a round was to take waits on: that syncd itself moved it, or had it in hand, is no news of its sender.

        It is none of a drop folder that is away either.
        """
        self.uploads |= fresh
        self.claims |= claimed
        with suppress(OSError, Fault):
            for sighting in self._drop.look_at_claims():
                upload = fresh.get(sighting.path.partition("/")[2])
                if upload and sighting.path not in claimed and (moved := moved_to(upload, sighting)):
                    self.claims[sighting.path] = moved

    def _in_trouble(self, error: Exception, now: float) -> None:
        self._retry_at = now + RETRY
        self.look(now)
        # That it is gone is said already, and is all that is wrong; or it was for a moment, which the next try tells.
        moment = isinstance(error, FileNotFoundError) and error.filename == str(self._drop.folder)
        if (self._gone and isinstance(error, OSError | Fault)) or (moment and not self._unfinished):
            self._unfinished = True
            return
        if self.trouble.met(error) and not isinstance(error, OSError | Fault):
            log.error("intake.failed", exc_info=error)
