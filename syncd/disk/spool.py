"""The spool: plans and results of a run on disk, a line for each row, so that memory stays flat."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from syncd.core.model import Act, Outcome, Refusal, Result, Step
from syncd.disk.durable import named
from syncd.disk.reserved import ReservedNote

LASTING = frozenset({".output", ".end"})
"""Files of a run that the next process still wants."""

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class Spool:
    """The files of one run in the state folder; they go with `clear`. Mode 0600: they name people.

    What an earlier process planned is forgotten; how its program ended, and what that wrote, is not.
    """

    def __init__(self, folder: Path, run: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._plan = folder / f"{run}.plan"
        self._results = folder / f"{run}.results"
        self._output = folder / f"{run}.output"
        self._end = ReservedNote(folder / f"{run}.end")
        for path in (self._plan, self._results):
            path.unlink(missing_ok=True)

    def write_plan(self, steps: Iterable[Step]) -> str:
        """Keep a plan, and return its digest: two plans that send the same have the same one."""
        sha256 = hashlib.sha256()
        with named(self._plan), _private(self._plan) as file:
            for step in steps:
                line = _encode(_step(step)).encode() + b"\n"
                file.write(line)
                sha256.update(line)
        return sha256.hexdigest()

    def plan(self) -> Iterator[Step]:
        """The plan, in file order."""
        with self._plan.open(encoding="ascii") as lines:
            for line in lines:
                yield _read_step(json.loads(line))

    @contextmanager
    def writing_results(self) -> Iterator[Callable[[Iterable[Result]], None]]:
        """Keep results as they come: call what this gives for each batch; it has left the process when that returns."""
        with named(self._results), _private(self._results) as file:

            def write(results: Iterable[Result]) -> None:
                for result in results:
                    file.write(_encode(_result(result)).encode() + b"\n")
                file.flush()

            yield write

    def results(self) -> Iterator[Result]:
        """The results, in file order; none when there was no row to have one."""
        if self._results.exists():
            with self._results.open(encoding="ascii") as lines:
                for line in lines:
                    yield _read_result(json.loads(line))

    def writing_output(self) -> IO[bytes]:
        """Where the output of a program is kept until it is understood; each write is one to the disk."""
        return _private(self._output, buffering=0)

    def output(self) -> Iterator[str]:
        """Its lines, without their ends; what is no UTF-8 shows as U+FFFD. None when there was no program."""
        if not self._output.exists():
            return
        with self._output.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                yield line.rstrip("\r\n")

    def reserve_end(self, room: int) -> None:
        """Before what can't be done twice is begun: take room for `note_end`; raises `OSError` when there is none."""
        self._end.reserve(room)

    def note_end(self, end: Mapping[str, Any]) -> None:
        """Note how it ended, so that even a full disk and a power cut leave that known."""
        self._end.write(_encode(end).encode())

    def end(self) -> Mapping[str, Any] | None:
        """How it ended, in this process or an earlier one; `None` when that is not known."""
        noted = self._end.read()
        end: Mapping[str, Any] | None = json.loads(noted) if noted is not None else None
        return end

    def clear(self) -> None:
        """Remove the files."""
        for path in (self._plan, self._results, self._output):
            path.unlink(missing_ok=True)
        self._end.forget()


def sweep(folder: Path, under_way: Collection[str] = ()) -> None:
    """Remove what earlier processes spooled: whatever they began is planned again.

    Of the runs `under_way` what their programs wrote, and how they ended, stays: that can't be had a second time.
    """
    for left in folder.glob("*"):
        if left.suffix not in LASTING or left.stem not in under_way:
            left.unlink(missing_ok=True)


def _private(path: Path, buffering: int = -1) -> IO[bytes]:
    path.touch(mode=0o600)
    return path.open("wb", buffering)


def _step(step: Step) -> list[Any]:
    acts = [[act.function, act.item, act.secrets, act.gives, act.takes] for act in step.acts]
    refusal = _refusal(step.refusal)
    wants = [step.lacks, step.after, step.partly, step.reach]
    return [step.line, step.outcome, step.subject, acts, refusal, step.notes, *wants]


def _read_step(fields: list[Any]) -> Step:
    line, outcome, subject, acts, refusal, notes, lacks, after, partly, reach = fields
    taken = tuple(Act(*act) for act in acts)
    part = Outcome(partly) if partly else None
    refused = _read_refusal(refusal)
    return Step(line, Outcome(outcome), subject, taken, refused, tuple(notes), lacks, after, reach, partly=part)


def _result(result: Result) -> list[Any]:
    return [result.line, result.outcome, result.subject, _refusal(result.refusal), result.notes]


def _read_result(fields: list[Any]) -> Result:
    line, outcome, subject, refusal, notes = fields
    return Result(line, Outcome(outcome), subject, _read_refusal(refusal), tuple(notes))


def _refusal(refusal: Refusal | None) -> list[str] | None:
    return [refusal.code, refusal.reason, refusal.column, refusal.value, refusal.cure] if refusal else None


def _read_refusal(fields: list[str] | None) -> Refusal | None:
    return Refusal(*fields) if fields else None
