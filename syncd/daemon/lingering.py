"""Uploads that do not come to their end: since when each is there, and what is said of it, once, over restarts."""

import time
from collections.abc import Collection, Iterable, Iterator, MutableMapping
from dataclasses import replace
from datetime import datetime

from syncd import logs
from syncd.core.alarms import UNDER_WAY, Alarm
from syncd.core.durations import spoken
from syncd.core.instants import elapsed, later
from syncd.core.settle import STUCK, Said, Upload, stuck

log = logs.get()

LONG = 10.0
"""Seconds after which it is kept over a restart since when an upload is there."""

Uploads = MutableMapping[str, Upload]


class Lingering:
    """What the reception knows of uploads that take long. Times are seconds of the monotonic clock."""

    def __init__(self, stuck_after: float) -> None:
        self._stuck_after = stuck_after
        self._said_stuck: set[tuple[str, int]] = set()
        self._said_broken: set[tuple[str, int]] = set()
        self._stood: dict[str, Alarm] = {}
        self._quiet_since: dict[tuple[str, int], float] | None = None

    def remember(self, alarm: Alarm) -> None:
        """It stood before this process, and is not said again."""
        self._stood[alarm.file] = alarm

    # After a look

    def forget(self, *, dropped: Collection[str], there: Collection[str]) -> None:
        """Only these paths were seen: `dropped` in the drop folder, `there` are the claimed ones too."""
        self._said_stuck = {said for said in self._said_stuck if said[0] in there}
        self._said_broken = {said for said in self._said_broken if said[0] in dropped}

    def age(self, uploads: Uploads, claims: Uploads, now: float) -> None:
        """Give the uploads the age that they had before this process: as was said, or as sshd and the file have it."""
        if self._quiet_since is None:
            seen = [*uploads.values(), *claims.values()]
            for upload in seen:
                alarm = self._stood.get(upload.sighting.path)
                if alarm and alarm.event == "upload.stuck":
                    self._said_stuck.add(_key(upload))
                    self._said_broken.add(_key(upload))
                if alarm and (alarm.event == "upload.stuck" or alarm.what == str(upload.sighting.inode)):
                    since = now - elapsed(alarm.since, datetime.now().astimezone())
                    _age(uploads if upload.sighting.path in uploads else claims, upload, since)
            self._stood = {}
            self._quiet_since = {_key(one): now - max(0.0, time.time() - one.sighting.changed / 1e9) for one in seen}
        if self._quiet_since:
            for upload in list(uploads.values()):
                if upload.said in {Said.OPEN, Said.BROKEN}:
                    _age(uploads, upload, self._quiet_since.get(_key(upload), upload.first))

    def say_broken(self, uploads: Iterable[Upload]) -> None:
        """Say which of them broke off, each once."""
        for upload in uploads:
            key = _key(upload)
            if upload.said is not Said.BROKEN:
                self._said_broken.discard(key)
            elif key not in self._said_broken:
                self._said_broken.add(key)
                log.info("upload.broken", file=upload.sighting.path, bytes=upload.sighting.size)

    def say_stuck(self, uploads: Iterable[Upload], now: float) -> None:
        """Say which of them have been under way for too long, each once."""
        for upload in stuck(uploads, now, self._stuck_after):
            key = _key(upload)
            if key not in self._said_stuck:
                self._said_stuck.add(key)
                reason, cure = STUCK[upload.said]
                log.warning(
                    "upload.stuck",
                    file=upload.sighting.path,
                    bytes=upload.sighting.size,
                    since=spoken(now - upload.first),
                    reason=reason,
                    cure=cure,
                )

    # Told

    @property
    def news(self) -> tuple[object, ...]:
        """It becomes another one whenever `alarms` do, but for what they say in words."""
        return len(self._said_stuck), bool(self._stood)

    def alarms(self, uploads: Iterable[Upload], monotonic: float, now: datetime) -> Iterator[Alarm]:
        """Those of which it was said that they are stuck."""
        yield from (alarm for alarm in self._stood.values() if alarm.event != UNDER_WAY)  # until a look tells
        for upload in stuck(uploads, monotonic, self._stuck_after):
            path, lasts = upload.sighting.path, monotonic - upload.first
            if _key(upload) in self._said_stuck:
                reason, cure = STUCK[upload.said]
                what = f"the upload of {path} has not come to its end for {spoken(round(lasts))}: {reason}"
                since = later(now, -lasts)
                yield Alarm(event="upload.stuck", subject=path, since=since, what=what, cure=cure, file=path)

    def under_way(self, uploads: Iterable[Upload], monotonic: float, now: datetime) -> Iterator[Alarm]:
        """Since when each upload is there that takes its time, with its inode: other bytes may have its name later."""
        yield from (alarm for alarm in self._stood.values() if alarm.event == UNDER_WAY)
        for upload in stuck(uploads, monotonic, LONG):
            path, since = upload.sighting.path, later(now, upload.first - monotonic)
            if _key(upload) not in self._said_stuck:
                inode = str(upload.sighting.inode)
                yield Alarm(event=UNDER_WAY, subject=path, since=since, what=inode, cure="", file=path)


def _age(known: Uploads, upload: Upload, first: float) -> None:
    if first < upload.first:
        known[upload.sighting.path] = replace(upload, first=first)


def _key(upload: Upload) -> tuple[str, int]:
    return upload.sighting.path, upload.sighting.inode
