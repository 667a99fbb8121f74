"""The loop: looks, takes in, starts what is due, beats, stops. It alone changes the daemon's state."""

import math
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

from syncd import __version__, logs
from syncd.config import Config
from syncd.control import Control, Request
from syncd.core.instants import elapsed
from syncd.core.snapshot import Snapshot
from syncd.daemon import plant, signals, status
from syncd.daemon.alarms import Alarms, told
from syncd.daemon.books import Books
from syncd.daemon.canary import Canary
from syncd.daemon.digest import Digest
from syncd.daemon.dispatch import Dispatch
from syncd.daemon.freezes import listed
from syncd.daemon.notes import Ended, Note, Overheard, Progress, Pruned, Reload, Stop, TookIn, Woken
from syncd.daemon.notices import Notices
from syncd.daemon.numbers import Numbers
from syncd.daemon.reception import Reception
from syncd.daemon.requests import Requests
from syncd.daemon.sshd_word import SshdWord
from syncd.daemon.starter import Starter
from syncd.daemon.trouble import Trouble
from syncd.daemon.upkeep import Upkeep
from syncd.disk.intake import Intake
from syncd.errors import Fault, LedgerFault, SettingsError, SyncdError
from syncd.notify import Notify
from syncd.run import Place
from syncd.targets.base import Target
from syncd.targets.timed import Timed

log = logs.get()

LONGEST_SLEEP = 60.0
"""Seconds after which the loop turns even if nothing happened: clocks may have been set."""

RETRY = 2.0
"""Seconds until the machine is tried again after it refused."""

STOPPING = "syncd is stopping; ask again when it has been started"

HURRY_AFTER = 120.0
"""Seconds after the signal to stop until a program under way is asked to end: systemd sends no second signal."""


class Daemon:
    """syncd itself: one mailbox, one loop, a thread that takes in and a thread that runs.

    `alone` is a request to be carried out without a daemon: then timers rest, and the loop ends when it is answered.
    """

    def __init__(
        self,
        config: Config,
        load: Callable[[], Config],
        notify: Notify,
        *,
        alone: Request | None = None,
        hurry_after: float = HURRY_AFTER,
    ) -> None:
        """Take the folders. Raises `Fault` when another syncd has them, or when they can't be used."""
        self._config = config
        self._load = load
        self._notify = notify
        self._alone = alone
        self._mailbox: SimpleQueue[Note] = SimpleQueue()
        self._began = self._now()
        self._stopping = 0
        self._hurry_after = hurry_after
        self._hurry_at = math.inf
        self._plant = plant.build(config)
        self._notices = Notices(self._plant.state)
        if alone is None:
            self._notices.go_by(config)
        self._books = Books(self._plant, self._began)
        self._numbers = Numbers(config.site.name, self._began)
        self._targets = [self._target_of(config)]
        self._sshd = SshdWord(config.drop.folder, self._plant.state, self._mailbox.put)
        self._sshd.go_by(config.drop.sshd)
        self._alarms = Alarms(self._books.loop, self._began)
        self._reception = self._make_reception()
        self._dispatch = Dispatch(
            plant.orders_of(config),
            self._plant.repository,
            self._books.loop,
            self._place(),
            self._mailbox.put,
            coming=self._coming,
            timers=alone is None,
            folders=plant.folders_of(config),
        )
        self._dispatch.blocks.away = alone is None and self._alarms.stands("site.unreachable")
        self._starter = Starter(
            self._dispatch, config.drop.settle, now=self._now, began=self._began, alone=alone is not None
        )
        self._requests = Requests(
            self._dispatch,
            self._plant.repository,
            self._books.loop,
            status=self._status,
            look=self._look_again,
            try_out=self._notices.try_out,
        )
        self._digest = Digest(self._books.loop)
        self._upkeep = Upkeep(self._plant.repository, self._books.loop, self._mailbox.put)
        self._trouble = Trouble(RETRY, plant.folders_of(config))
        if alone is None:
            self._numbers.go_by(config.metrics)
            self._alarms.go_by(config, plant.orders_of(config), time.monotonic())
        self._pending: deque[Note] = deque()
        self._beat_at = 0.0
        self._said_status = ""

    # Put together

    def _now(self) -> datetime:
        return datetime.now(self._config.site.timezone)

    def _make_reception(self) -> Reception:
        drop = plant.drop_of(self._config)
        intake = Intake(
            drop,
            self._plant.repository,
            self._books.intake,
            queues=lambda path: plant.orders_of(self._config).queues(path),
            now=self._now,
        )
        vigil = plant.vigil_of(self._config, lambda: self._mailbox.put(Woken()))
        if not self._alone:
            vigil.remember(lost=self._alarms.stands("watch.lost"), deaf=self._alarms.stands("watch.deaf"))
        vigil.arm()
        canary_every = 0.0 if self._alone else self._config.drop.canary_every
        reception = Reception(
            drop,
            intake,
            vigil,
            canary=Canary(drop.folder, vigil, canary_every, time.monotonic),
            sshd=self._sshd,
            settle=self._config.drop.settle,
            stuck_after=self._config.drop.stuck_after,
            forgive_every=self._config.drop.poll_every,
            post=self._mailbox.put,
            folders=plant.folders_of(self._config),
        )
        reception.remember(() if self._alone else (*self._alarms.standing(), *self._alarms.under_way.values()))
        return reception

    def _target_of(self, config: Config) -> Target:
        return Timed(plant.target_of(config), self._numbers.called)

    def _coming(self) -> list[str]:
        return self._reception.coming()  # of the one that there is now

    def _place(self) -> Place:
        return Place(
            repository=self._plant.repository,
            ledger=self._books.runs,
            target=self._targets[-1],
            connections=self._config.target.connections,
            roles=self._config.target.roles,
            site=self._config.site.name,
            spool=self._plant.spool,
            now=self._now,
            patience=self._config.target.waits,
            stop=lambda: self._stopping > 0,
            hurry=lambda: self._stopping > 1 or time.monotonic() >= self._hurry_at,
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
                    log.info("daemon.ready", took=elapsed(self._began, self._now()))
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
        self._sshd.close()
        self._hear_the_last()
        self._numbers.close()
        if control:
            control.close()
        for target in self._targets:
            target.close()
        self._books.close()
        self._notices.close()
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
        try:
            self._pending += self._notes()
            while self._pending:
                self._handle(self._pending.popleft())
            if not self._stopping:
                self._work()
        except (OSError, Fault) as error:
            self._in_trouble(error)
        self._beat()
        self._say_status()
        self._alarms.turn(time.monotonic(), self._now(), self._dispatch, self._reception)
        self._tell_numbers()
        self._notices.turn(time.monotonic(), well=not any(self._troubles()))

    def _notes(self) -> list[Note]:
        """The notes that are there; if there is none, wait until one comes or something is due."""
        notes: list[Note] = []
        with suppress(Empty):
            notes.append(self._mailbox.get(timeout=0.0 if self._pending else self._patience()))
            while True:
                notes.append(self._mailbox.get_nowait())
        return notes

    def _patience(self) -> float:
        monotonic = time.monotonic()
        moments = [LONGEST_SLEEP, self._notify.interval or LONGEST_SLEEP]
        moments += [one.next_at() - monotonic for one in (self._alarms, self._numbers, self._notices)]
        if self._trouble:  # whatever is due can't be done
            moments.append(RETRY)
        elif not self._stopping:
            moments.append(self._reception.next_at(monotonic) - monotonic)
            moments += self._starter.patience(monotonic)
        return max(0.0, min(moments))

    def _work(self) -> None:
        """Do what there is to do now. Raises `OSError` or `Fault` when the machine does not let it be done."""
        self._plant.check()
        self._mend_ledger()
        self._change_over()
        self._reception.turn(time.monotonic())
        if self._starter.turn(self._reception, time.monotonic()):
            self._mailbox.put(Woken())
        if not self._alone:
            self._upkeep.turn(self._now(), self._config.repository)
            if day := self._digest.turn(self._now(), self._config.notices.digest, self._status):
                self._notices.tell(day)
        self._trouble.over()

    def _handle(self, note: Note) -> None:
        match note:
            case Woken():
                self._reception.woken(time.monotonic())
            case TookIn():
                self._doubt(note.error)
                taken = self._reception.took_in(note, time.monotonic())
                self._numbers.arrived(taken)
                self._dispatch.superseded([one.arrival.path for one in taken if one.older not in {"", "queued"}])
            case Ended():
                self._doubt(note.error)
                if run := self._dispatch.under_way:
                    self._numbers.ended(run.job, note.record, self._now())
                self._dispatch.ended(note, self._now())
            case Progress():
                self._dispatch.progressed(note)
            case Overheard():
                self._sshd.heard(note.heard)
                self._reception.woken(time.monotonic())
            case Pruned():
                self._upkeep.pruned(note)
            case Request():
                self._request(note)
            case Reload():
                self._reload()
            case Stop():
                self._stopping += 1
                self._hurry_at = min(self._hurry_at, time.monotonic() + self._hurry_after)
                self._dispatch.turn_away(STOPPING)
                self._notify.stopping()

    def _doubt(self, error: Exception | None) -> None:
        if isinstance(error, LedgerFault):
            self._books.doubt()

    def _request(self, request: Request) -> None:
        if self._stopping:
            request.refuse(STOPPING, 1)
        elif request.verb == "reload":
            self._reload_for(request)
        else:
            self._requests.carry_out(request)

    def _look_again(self) -> None:
        self._dispatch.waitlist.stale = True
        self._reception.look(time.monotonic())

    # Trouble

    def _in_trouble(self, error: Exception) -> None:
        if self._alone:
            raise Fault(str(error)) from error
        self._trouble.met(error)
        self._doubt(error)

    def _mend_ledger(self) -> None:
        books, now = self._books, self._now()
        idle = [books.loop]
        idle += [] if self._reception.busy else [books.intake]
        idle += [] if self._dispatch.under_way else [books.runs]
        if books.mend(now, idle):
            self._dispatch.renew()
            self._alarms.renew()

    # Settings

    def _reload_for(self, request: Request) -> None:
        if problems := self._reload():
            request.refuse("\n  ".join(["the settings are refused, and the old ones stay:", *problems]), 2)
        else:
            request.answer({"tools": list(self._config.tools)})

    def _reload(self) -> list[str]:
        """Read the settings again; what is wrong in them, if they are refused."""
        problems: list[str] = []
        self._notify.reloading()
        try:
            config = self._load()
            plant.refuse_moves(self._config, config)
            target = self._target_of(config)
        except SettingsError as error:
            problems = [str(problem) for problem in error.problems]
        except (OSError, SyncdError) as error:
            problems = [str(error)]
        else:
            self._apply(config, target)
            log.info("settings.reloaded", settings=str(config.source), tools=list(config.tools))
        if problems:
            log.error("settings.refused", problems=problems)
        self._notify.ready()
        return problems

    def _apply(self, config: Config, target: Target) -> None:
        if config.drop != self._config.drop:
            self._reception.rest()
            self._sshd.go_by(config.drop.sshd)
        self._config = config
        self._starter.settle = config.drop.settle
        self._numbers.go_by(config.metrics)
        self._notices.go_by(config)
        self._alarms.go_by(config, plant.orders_of(config), time.monotonic())
        self._targets.append(target)
        self._dispatch.reorder(plant.orders_of(config), self._place())

    def _change_over(self) -> None:
        """Let go of what belongs to former settings, once nothing is under way with it."""
        if self._reception.resting and not self._reception.busy:
            fresh = self._make_reception()
            self._reception.close()
            self._reception = fresh
            self._reception.recover()
        if not self._dispatch.under_way:
            while len(self._targets) > 1:
                self._targets.pop(0).close()

    # Told

    def _beat(self) -> None:
        """Tell the watchdog that the loop turns, no more often than it wants to know."""
        monotonic = time.monotonic()
        if self._notify.interval and monotonic >= self._beat_at:
            self._beat_at = monotonic + self._notify.interval / 2
            self._notify.watchdog()

    def _say_status(self) -> None:
        text = self._sentence()
        if text != self._said_status:
            self._said_status = text
            self._notify.status(text)

    def _tell_numbers(self) -> None:
        self._numbers.turn(time.monotonic(), self._snapshot)

    def _snapshot(self) -> Snapshot:
        return self._numbers.snapshot(
            self._dispatch,
            self._reception,
            self._books.loop,
            self._now(),
            self._alarms.standing(),
            trouble=any(self._troubles()),
        )

    def _troubles(self) -> tuple[Trouble, ...]:
        return (self._trouble, self._reception.trouble, self._dispatch.trouble)

    def _sentence(self) -> str:
        alarms = len(self._alarms.standing())
        return f"{self._deed()}; {alarms} alarm{'s' if alarms > 1 else ''}: syncd status" if alarms else self._deed()

    def _deed(self) -> str:
        if run := self._dispatch.under_way:
            return f"running {run.job.tool_name} on {run.job.file.path}"
        uploads = len(self._reception.uploads) + len(self._reception.claims)
        return f"{uploads} uploads under way" if uploads else "waiting for files"

    def _status(self) -> Mapping[str, Any]:
        now = self._now()
        config, repository = self._config, self._plant.repository
        return {
            "daemon": status.daemon(config, self._began, running=self._alone is None),
            "doing": status.doing(self._dispatch, now),
            "broken_off": status.broken_off(self._dispatch, now),
            "drop": status.dropped(
                self._reception, config.drop, time.monotonic(), sshd=self._sshd.state, trouble=self._trouble.text
            ),
            "alarms": [told(alarm, now) for alarm in self._alarms.standing()],
            "waiting": status.waiting(self._dispatch, repository, now),
            "held": status.held(self._dispatch.waitlist.undecided(), now),
            "freezes": listed(config.freezes, now),
            "tools": list(status.tools(self._dispatch, self._books.loop, now)),
            "trouble": [trouble.text for trouble in self._troubles() if trouble] + self._notices.troubles,
        }
