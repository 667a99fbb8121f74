"""What people ask of the running daemon, verb by verb."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from syncd import logs
from syncd.control import Request
from syncd.core.model import RunState
from syncd.core.names import shown
from syncd.daemon.asked import Asked
from syncd.daemon.dispatch import Dispatch
from syncd.disk.ledger import Ledger
from syncd.disk.records import Pause, RunRecord
from syncd.disk.repository import Repository
from syncd.errors import LedgerFault, SyncdError, UsageError

log = logs.get()


class Requests:
    """Carries out requests, in the loop. A verb that makes no sense is refused with a sentence."""

    def __init__(
        self,
        dispatch: Dispatch,
        repository: Repository,
        ledger: Ledger,
        *,
        status: Callable[[], Mapping[str, Any]],
        look: Callable[[], None],
        try_out: Callable[[Request], None],
    ) -> None:
        self._dispatch = dispatch
        self._repository = repository
        self._ledger = ledger
        self._status = status
        self._look = look
        self._try_out = try_out

    def carry_out(self, request: Request) -> None:
        """Do what is asked, or have it done; the request is answered when it is.

        Raises `LedgerFault` when the ledger failed; the request is refused then.
        """
        verbs: Mapping[str, Callable[[Request], None]] = {
            "run": self._run,
            "approve": self._decide,
            "reject": self._decide,
            "pause": self._pause,
            "resume": self._resume,
            "status": lambda request: request.answer(self._status()),
            "look": self._look_again,
            "notices": self._try_out,
        }
        if request.verb not in {"status", "look"}:
            asked = {
                name: request.arguments.get(name) or None
                for name in ("tool", "all", "run", "file", "until", "simulate")
            }
            log.info("request.received", verb=request.verb, by=request.who, **asked)
        try:
            verb = verbs.get(request.verb)
            if verb is None:
                raise UsageError(f"{shown(request.verb)} is nothing that this daemon can do; is it of another version?")
            verb(request)
        except SyncdError as error:
            request.refuse(str(error), error.exit_code)
            if isinstance(error, LedgerFault):
                raise
        except OSError as error:
            request.refuse(f"that can't be done now: {error}", 1)
        except Exception as error:  # what a person typed must never end the daemon
            log.error("request.failed", verb=request.verb, exc_info=error)
            request.refuse("that met a defect of syncd; the log has more, please report it", 1)

    def _tool(self, request: Request) -> str:
        name = str(request.arguments.get("tool", ""))
        if name not in self._dispatch.orders.tools:
            known = ", ".join(self._dispatch.orders.tools) or "none"
            raise UsageError(f"there is no tool {shown(name)} in the settings; there are: {known}")
        return name

    def _tools(self, request: Request) -> list[str]:
        return list(self._dispatch.orders.tools) if request.arguments.get("all") else [self._tool(request)]

    def _run(self, request: Request) -> None:
        tool = self._tool(request)
        file = str(request.arguments.get("file") or "")
        if file:
            path = self._repository.inside(file, writable=False)
            if not path.is_file() or path.is_symlink():
                raise UsageError(f"{shown(file)} is not a file of the repository (syncd files put brings one there)")
            if not os.access(path, os.R_OK, effective_ids=True):
                raise UsageError(f"{shown(file)} may not be read by syncd: give its group the right to (chmod g+r)")
            file = str(path.relative_to(self._repository.folder))
        self._dispatch.ask(Asked(tool, request, file, simulated=bool(request.arguments.get("simulate"))))

    def _decide(self, request: Request) -> None:
        run = self._held(str(request.arguments.get("run", "")))
        if run.tool not in self._dispatch.orders.tools:
            raise UsageError(f"the tool {run.tool} is no longer in the settings")
        self._dispatch.ask(Asked(run.tool, request, run.path, held=run, rejected=request.verb == "reject"))

    def _held(self, name: str) -> RunRecord:
        run = self._ledger.run(name) if name.isprintable() else None
        if run is None:
            raise UsageError(f"there is no run {shown(name)}; syncd status names the held ones")
        if run.state is not RunState.HELD or run.simulated:
            what = "a simulation" if run.simulated else str(run.state)
            raise UsageError(f"the run {run.id} is not held: it is {what}")
        if not self._dispatch.waitlist.waits_with(run):
            raise UsageError(
                f"the run {run.id} is stale: {shown(run.path)} is gone, or holds other bytes than were planned"
            )
        return run

    def _pause(self, request: Request) -> None:
        until = request.arguments.get("until")
        end, tools = _moment(str(until)) if until else None, self._tools(request)
        for tool in tools:
            self._dispatch.timetable.pause(Pause(tool, end, request.who))
        request.answer({"tools": tools, "until": until})

    def _resume(self, request: Request) -> None:
        tools = self._tools(request)
        resumed = [tool for tool in tools if self._dispatch.timetable.resume(tool, request.who)]
        request.answer({"tools": tools, "resumed": resumed})

    def _look_again(self, request: Request) -> None:
        self._look()
        request.answer({})


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{shown(text)} is not a time as ISO 8601 writes it") from error
    if moment.tzinfo is None:
        raise UsageError(f"{shown(text)} does not say in which zone: add its offset, as in +01:00")
    return moment
