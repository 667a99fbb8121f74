"""The loop: looks, takes in, starts what is due, beats, stops. It alone changes the daemon's state."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

from syncd import __version__, logs
from syncd.config import Config
from syncd.control import Control, Request
from syncd.daemon import plant, signals, status
from syncd.daemon.dispatch import Dispatch
from syncd.daemon.notes import Ended, Note, Progress, Pruned, Reload, Stop, TookIn, Woken
from syncd.daemon.reception import Reception
from syncd.daemon.requests import Requests
from syncd.daemon.upkeep import Upkeep
from syncd.disk.intake import Intake
from syncd.errors import LedgerFault, SettingsError
from syncd.notify import Notify
from syncd.run import Place

log = logs.get()

LONGEST_SLEEP = 60.0
"""Seconds after which the loop turns even if nothing happened: clocks may have been set."""


class Daemon:
    """syncd itself: one mailbox, one loop, a thread that takes in and a thread that runs.

    `alone` is a request to be carried out without a daemon: then timers rest, and the loop ends when it is answered.
    """

    def __init__(
        self, config: Config, load: Callable[[], Config], notify: Notify, *, alone: Request | None = None
    ) -> None:
        """Take the folders. Raises `Fault` when another syncd has them, or when they can't be used."""
        self._config = config
        self._load = load
        self._notify = notify
        self._alone = alone
        self._mailbox: SimpleQueue[Note] = SimpleQueue()
        self._began = self._now()
        self._stopping = 0
        self._plant = plant.build(config)
        self._ledgers = [self._plant.open_ledger(self._began) for _ in range(3)]
        self._ledger, intakes, runs = self._ledgers
        self._reception = self._make_reception(config, intakes)
        orders = plant.orders_of(config)
        self._dispatch = Dispatch(
            orders,
            self._plant.repository,
            self._ledger,
            self._place(config, runs),
            self._mailbox.put,
            timers=alone is None,
        )
        self._requests = Requests(
            self._dispatch, self._plant.repository, self._ledger, status=self._status, look=self._look_again
        )
        self._upkeep = Upkeep(self._plant.repository, self._ledger, self._mailbox.put)
        self._looked_for = ""
        self._said_status = ""

    # Put together

    def _now(self) -> datetime:
        return datetime.now(self._config.site.timezone)

    def _make_reception(self, config: Config, ledger: Any) -> Reception:
        drop = plant.drop_of(config)
        intake = Intake(
            drop,
            self._plant.repository,
            ledger,
            queues=lambda path: plant.orders_of(self._config).queues(path),
            now=self._now,
        )
        vigil = plant.vigil_of(config, lambda: self._mailbox.put(Woken()))
        vigil.arm()
        return Reception(
            drop,
            intake,
            vigil,
            settle=config.drop.settle,
            stuck_after=config.drop.stuck_after,
            forgive_every=config.drop.poll_every,
            post=self._mailbox.put,
        )

    def _place(self, config: Config, ledger: Any) -> Place:
        return Place(
            repository=self._plant.repository,
            ledger=ledger,
            target=plant.target_of(config),
            connections=config.target.connections,
            site=config.site.name,
            spool=self._plant.spool,
            now=self._now,
            stop=lambda: self._stopping > 0,
            hurry=lambda: self._stopping > 1,
        )

    # Life

    def serve(self) -> None:
        """Run until a signal asks for the end, or until the one request is answered."""
        log.info("daemon.started", version=__version__, pid=os.getpid(), settings=str(self._config.source))
        control = Control(self._plant.state, self._mailbox.put) if not self._alone else None
        with signals.heard(self._on_signal):
            try:
                self._dispatch.resume()
                self._reception.recover()
                if self._alone:
                    self._requests.carry_out(self._alone)
                else:
                    self._notify.ready()
                    log.info("daemon.ready", took=(self._now() - self._began).total_seconds())
                while not self._over():
                    self._turn()
            finally:
                self._stop(control)

    def _on_signal(self, number: int) -> None:
        self._mailbox.put(Reload() if number == signal.SIGHUP else Stop())

    def _over(self) -> bool:
        if self._alone and self._alone.done.is_set():
            return True
        return self._stopping > 0 and self._dispatch.under_way is None

    def _stop(self, control: Control | None) -> None:
        self._notify.stopping()
        self._stopping = max(self._stopping, 1)
        self._reception.close()
        self._dispatch.close()
        self._upkeep.close()
        self._hear_the_last()
        if control:
            control.close()
        for ledger in self._ledgers:
            ledger.close()
        self._plant.lock.release()
        log.info("daemon.stopped", after=status.uptime(self._began, self._now()))

    def _hear_the_last(self) -> None:
        """What was taken in by the round under way is said, and known, before the end."""
        with suppress(Empty, OSError, LedgerFault):
            while True:
                if isinstance(note := self._mailbox.get_nowait(), TookIn):
                    self._handle(note)

    # The loop

    def _turn(self) -> None:
        for note in self._notes():
            try:
                self._handle(note)
            except (OSError, LedgerFault) as error:
                self._in_trouble(error)
        self._notify.watchdog()
        if self._stopping:
            return
        now = time.monotonic()
        try:
            self._reception.turn(now)
            self._start_what_is_due()
            if not self._alone:
                self._upkeep.turn(self._now(), self._config.repository)
            self._mended()
        except (OSError, LedgerFault) as error:
            self._in_trouble(error)
        self._say_status()

    def _notes(self) -> list[Note]:
        """The notes that are there; if there is none, wait until one comes or something is due."""
        notes: list[Note] = []
        with suppress(Empty):
            notes.append(self._mailbox.get(timeout=self._patience()))
            while True:
                notes.append(self._mailbox.get_nowait())
        return notes

    def _patience(self) -> float:
        monotonic = time.monotonic()
        moments = [LONGEST_SLEEP, self._notify.interval or LONGEST_SLEEP]
        if not self._stopping:
            moments.append(self._reception.next_at(monotonic) - monotonic)
            moments += self._until_next_run()
        return max(0.0, min(moments))

    def _until_next_run(self) -> list[float]:
        if self._dispatch.under_way or self._alone:
            return []
        now = self._now()
        moment = self._dispatch.next_at(now)
        return [(moment - now).total_seconds()] if moment else []

    def _handle(self, note: Note) -> None:
        match note:
            case Woken():
                self._reception.woken(time.monotonic())
            case TookIn():
                taken = self._reception.took_in(note, time.monotonic())
                self._dispatch.superseded([one.arrival.path for one in taken if one.older not in {"", "queued"}])
            case Ended():
                self._dispatch.ended(note, self._now())
            case Progress():
                self._dispatch.progressed(note)
            case Pruned():
                self._upkeep.pruned(note)
            case Request():
                self._request(note)
            case Reload():
                self._reload()
            case Stop():
                self._stopping += 1
                self._notify.stopping()

    def _request(self, request: Request) -> None:
        if self._stopping:
            request.refuse("syncd is stopping; ask again when it has been started", 1)
        else:
            self._requests.carry_out(request)

    def _start_what_is_due(self) -> None:
        """Start the run that is due; before it, look once more: what has settled comes first."""
        wanted = self._dispatch.wanted(self._now())
        if not wanted:
            self._looked_for = ""
            return
        if self._looked_for != wanted:
            self._looked_for = wanted
            self._reception.look(time.monotonic())
            self._reception.turn(time.monotonic())
        means = self._dispatch.orders.means
        if self._reception.expecting(lambda path: means(wanted, path), patiently=self._new()):
            return
        self._looked_for = ""
        self._dispatch.start(wanted, self._now())

    def _new(self) -> bool:
        """Whether an upload of before this process can't have settled yet in its eyes."""
        up = (self._now() - self._began).total_seconds()
        return self._alone is not None and up < self._config.drop.settle + 1

    def _look_again(self) -> None:
        self._dispatch.waitlist.stale = True
        self._reception.look(time.monotonic())

    # Trouble

    def _in_trouble(self, error: Exception) -> None:
        if str(error) != self._upkeep.trouble:
            log.error("disk.full", reason=str(error), tries_every=LONGEST_SLEEP)
            self._upkeep.trouble = str(error)
        time.sleep(0.5)

    def _mended(self) -> None:
        if self._upkeep.trouble:
            log.info("disk.mended", was=self._upkeep.trouble)
            self._upkeep.trouble = ""

    # Settings

    def _reload(self) -> None:
        self._notify.reloading()
        try:
            config = self._load()
            plant.refuse_moves(self._config, config)
        except SettingsError as error:
            log.error("settings.refused", problems=[str(problem) for problem in error.problems])
        else:
            self._apply(config)
            log.info("settings.reloaded", settings=str(config.source), tools=list(config.tools))
        self._notify.ready()

    def _apply(self, config: Config) -> None:
        drop_changed = config.drop != self._config.drop
        self._config = config
        if drop_changed:
            self._reception.close()
            self._reception = self._make_reception(config, self._ledgers[1])
            self._reception.recover()
        self._dispatch.reorder(plant.orders_of(config), self._place(config, self._ledgers[2]))

    # Told

    def _say_status(self) -> None:
        text = self._sentence()
        if text != self._said_status:
            self._said_status = text
            self._notify.status(text)

    def _sentence(self) -> str:
        if run := self._dispatch.under_way:
            return f"running {run.job.tool_name} on {run.job.file.path}"
        uploads = len(self._reception.uploads) + len(self._reception.claims)
        return f"{uploads} uploads under way" if uploads else "waiting for files"

    def _status(self) -> Mapping[str, Any]:
        now = self._now()
        return {
            "daemon": {
                "running": self._alone is None,
                "version": __version__,
                "pid": os.getpid(),
                "since": self._began.isoformat(timespec="seconds"),
                "site": self._config.site.name,
                "settings": str(self._config.source),
            },
            "doing": status.doing(self._dispatch, now),
            "drop": {
                "folder": str(self._config.drop.folder),
                **status.dropped(self._reception, self._config.drop.settle, time.monotonic()),
            },
            "waiting": status.waiting(self._dispatch, self._plant.repository, now),
            "held": status.held(self._dispatch.waitlist.all_held(), now),
            "tools": list(status.tools(self._dispatch, self._ledger, now)),
            "trouble": [part.trouble for part in (self._reception, self._dispatch, self._upkeep) if part.trouble],
        }
