"""Having something done: by the daemon while it runs, in this process while it does not."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any

from syncd.cli.bar import Follow, following
from syncd.cli.bearings import bearings
from syncd.cli.installation import Installation
from syncd.cli.owner import act_as_owner
from syncd.cli.verb import STOPPED
from syncd.control import NotRunning, Refused, Request, ask, login_name
from syncd.errors import SyncdError

if TYPE_CHECKING:
    from syncd.config import Config


def act(installation: Installation, verb: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have a request carried out, and return its answer; whichever process does it, none does it beside another.

    Raises `Refused` when it makes no sense, and whatever the daemon raises when it can't work.
    """
    state = bearings(installation).state
    with following() as follow:
        try:
            return dict(ask(state, verb, arguments, follow))
        except NotRunning:
            return _alone(installation, installation.load(), Request(verb, arguments, login_name()), follow)
        except KeyboardInterrupt:
            text = "You no longer wait for it, but it goes on in the daemon: syncd status shows how far it is."
            raise Refused(text, STOPPED) from None


def _alone(installation: Installation, config: Config, request: Request, follow: Follow) -> Mapping[str, Any]:
    from syncd import logs
    from syncd.daemon.loop import Daemon
    from syncd.notify import Notify

    act_as_owner(config)
    mode = logs.choose(sys.stderr, os.environ)
    logs.configure(logs.Mode.PLAIN if mode is logs.Mode.JSON else mode, level="warning")
    last: dict[str, Any] = {}

    def listen() -> None:
        for reply in request.outcome():
            if "progress" in reply:
                follow(reply["progress"])
            else:
                last.update(reply)

    listener = Thread(target=listen, name="listener")
    listener.start()
    try:
        load = partial(installation.load, writable=True)
        Daemon(load(), load, Notify(), alone=request).serve()
    finally:
        if not request.done.is_set():
            request.refuse("It was broken off before it was done; what had begun goes on at the next start.", STOPPED)
        listener.join()
    if "error" in last:
        raise Refused(last["error"], last["exit"])
    return dict(last["answer"])


def standing(installation: Installation) -> Mapping[str, Any]:
    """How things stand: what the daemon says, or what can be seen without one."""
    try:
        return dict(ask(bearings(installation).state, "status", {}))
    except NotRunning:
        from syncd.cli.unattended import status

        return status(installation.load())


def nudge(config: Config) -> None:
    """Have the daemon look at the folders now rather than soon, if there is one."""
    with suppress(NotRunning, SyncdError):
        ask(config.state.folder, "look", {})
