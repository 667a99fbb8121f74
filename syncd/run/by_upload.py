"""A run by one of Moodle's own upload programs: what it says of each row becomes the row's result."""

import csv
import json
import os
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from syncd.core.guard import breaches
from syncd.core.model import Outcome, Refusal, Result, Row, RunState
from syncd.core.names import shown
from syncd.core.rows import TRYBACK_COLUMN
from syncd.core.table import CsvTable
from syncd.disk.records import RunRecord
from syncd.disk.spool import Spool
from syncd.errors import Fault, FileRefused
from syncd.run.by_program import DECIDE, doubt, failure
from syncd.run.by_row import Same, tryback
from syncd.run.job import Ending, Job, Place
from syncd.run.once import ended_before, run_once
from syncd.targets.command import Finished, run_command
from syncd.tools.uploads import Said, UploadTool, as_record

SCRIPTS = ("public", "")
"""Where Moodle's programs lie, below its folder: from 5.1 on, and before."""

WORDS_TIMEOUT = 60.0

SHORT = 300
"""Characters of what a program says that stand in a run's reason."""

# Run by the site's own PHP. What is asked for stands in an argument: the names of texts, each with its component.
_ASK_FOR_WORDS = (
    'define("CLI_SCRIPT", true); require "config.php"; $found = [];'
    " foreach (json_decode($argv[1], true) as $word => $name) { $found[$word] = get_string($name[0], $name[1]); }"
    ' echo "\\n", json_encode($found), "\\n";'
)


@dataclass(frozen=True, slots=True)
class _File:
    """What the rows of a file come to before the program sees them."""

    rows: int
    counts: Counter[Outcome]
    cut_off: Refusal | None


@dataclass(frozen=True, slots=True)
class _Upload:
    """A run and its file, open."""

    job: Job
    tool: UploadTool
    place: Place
    record: RunRecord
    spool: Spool
    file: BinaryIO
    table: CsvTable

    def results(self, said: Iterator[Said], unsaid: Outcome) -> Counter[Outcome]:
        """Spool the result of each row, `unsaid` where nothing is said of it, and count them."""
        return _kept(self.spool, _results(self.file, self.table, self.tool, said, unsaid))


def run_by_upload(job: Job, tool: UploadTool, place: Place, record: RunRecord, spool: Spool) -> Ending:
    """Run the program on the rows that are in order; its results are in the spool afterwards.

    It is held for a person when nobody can know what was done, as a `command` is, when the program says nothing of
    some rows, and over the limits of the guard. Raises `FileRefused`, `Replaced`, `Fault`, `Interrupted` and `OSError`,
    as a `command` does.
    """
    with job.file.file.open("rb") as file, Same(file, record):
        table = tool.table(file, job.encoding, job.separator)
        copy = place.repository.workplace(job.id) / "upload.csv"
        try:
            return _run(_Upload(job, tool, place, record, spool, file, table), copy)
        finally:
            copy.unlink(missing_ok=True)
            with suppress(OSError):  # what else may lie there goes with the run's folder
                copy.parent.rmdir()


def _run(upload: _Upload, copy: Path) -> Ending:
    job, tool, place, table = upload.job, upload.tool, upload.place, upload.table
    found = _prepared(upload.file, table, tool, copy)
    if earlier := ended_before(job, upload.spool):
        told = _told(upload, found, _words(tool, place), earlier.finished)
        return replace(told, notes=(earlier.note, *told.notes))
    why = (*_over(tool, found, job, table), *filter(None, [doubt(job, place, upload.record)]))
    if why and not job.simulated:
        counts = upload.results(iter(()), Outcome.SKIPPED)
        held = Ending(state=RunState.HELD, counts=counts, planned=found.counts, notes=table.notes)
        return replace(held, breaches=why, what_to_do=DECIDE)

    argv = [*tool.php, str(_script(tool)), *tool.options(str(copy))]
    if job.simulated:
        notes = (f"would be run: {shown(shlex.join(argv))}", *why, *table.notes)
        counts = upload.results(iter(()), Outcome.SKIPPED)
        return Ending(state=RunState.DONE, counts=counts, planned=found.counts, notes=notes)

    place.progress("run", 0, found.rows)
    words = _words(tool, place)
    with upload.spool.writing_output() as whole:
        finished = run_once(argv, tool, place, upload.spool, folder=tool.moodle, whole=whole)
    return _told(upload, found, words, finished)


def _told(upload: _Upload, found: _File, words: Mapping[str, str], finished: Finished) -> Ending:
    """The ending of a run whose program has ended, by what it wrote."""
    why = failure(upload.tool, finished)
    said = upload.tool.said(upload.spool.output(), words)
    if finished.lost:
        why = why or f"not all that the program wrote could be kept: {finished.lost}"
        said = _but_the_last(said)
    counts = upload.results(said, Outcome.UNKNOWN)
    notes = upload.table.notes
    ending = Ending(state=RunState.HELD, counts=counts, planned=counts, notes=notes, output=finished.output)
    if silent := counts[Outcome.UNKNOWN]:
        why = why or f"the program said nothing of {silent} of {found.rows} rows"
    if why:
        return replace(ending, breaches=(_with_reason(why, finished),), what_to_do=DECIDE)
    return replace(ending, state=RunState.DONE, tryback=partial(tryback, upload.job, upload.table, upload.spool))


def _but_the_last(said: Iterator[Said]) -> Iterator[Said]:
    """What was said of records but of the last, of which more may have been said."""
    return (one for one, _ in pairwise(said))


def _script(tool: UploadTool) -> Path:
    for folder in SCRIPTS:
        if (script := tool.moodle / folder / tool.script).is_file():
            return script
    raise Fault(f"there is no {tool.script} below {tool.moodle}: set moodle to the folder of the site's config.php")


def _prepared(file: BinaryIO, table: CsvTable, tool: UploadTool, copy: Path) -> _File:
    """Write the good rows as Moodle's reader takes them, and count what is known of all."""
    counts: Counter[Outcome] = Counter()
    cut_off = None
    # As the file itself: who may read that may read this.
    with open(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w", encoding="utf-8", newline="") as to:
        lines = csv.writer(to, lineterminator="\n")
        lines.writerow([name for name in table.header if name != TRYBACK_COLUMN])
        for row, refusal, cells in _rows(file, table):
            if refusal:
                counts[Outcome.REJECTED] += 1
                cut_off = refusal if refusal.code == "cut-off" else cut_off
            else:
                counts[Outcome.DELETED if tool.deletes(row) else Outcome.UNKNOWN] += 1
                lines.writerow(cells)
    rows = counts.total()
    if not rows:
        raise FileRefused("empty", "the file has no row", cure="Upload the file again with its rows.")
    return _File(rows, counts, cut_off)


def _rows(file: BinaryIO, table: CsvTable) -> Iterator[tuple[Row, Refusal | None, list[str]]]:
    """Every row, with why it is refused before the program sees it, or its cells as Moodle's reader takes them."""
    for row, refusal in table.rows(file):
        cells = refusal or as_record(row, table.header)
        yield (row, cells, []) if isinstance(cells, Refusal) else (row, None, cells)


def _over(tool: UploadTool, found: _File, job: Job, table: CsvTable) -> tuple[str, ...]:
    """Why a person must look at the file before it is run."""
    if job.approved_by:
        return ()
    corrected = TRYBACK_COLUMN in table.header
    over = [str(breach) for breach in breaches(tool.guard, found.rows, found.counts, corrected=corrected)]
    return (*over, f"cut-off: {found.cut_off.reason}") if found.cut_off else tuple(over)


def _words(tool: UploadTool, place: Place) -> Mapping[str, str]:
    """What the program's words are in the site's language; in English where PHP does not tell."""
    english = {word: known.english for word, known in tool.words.items()}
    asked = json.dumps({word: [known.name, known.component] for word, known in tool.words.items()})
    finished = run_command(
        [*tool.php, "-r", _ASK_FOR_WORDS, "--", asked],
        folder=tool.moodle,
        environment=tool.environment,
        timeout=WORDS_TIMEOUT,
        stop=place.hurry,
        output_limit=65_536,
    )
    try:
        told = json.loads(finished.output.strip().rpartition("\n")[2])
        return {word: str(told[word]) for word in english}
    except (ValueError, KeyError, TypeError):
        return english


def _results(
    file: BinaryIO, table: CsvTable, tool: UploadTool, said: Iterator[Said], unsaid: Outcome
) -> Iterator[Result]:
    """The result of each row; of one that nothing was said of it is `unsaid`."""
    sent = 0
    one = next(said, None)
    for row, refusal, _ in _rows(file, table):
        subject = row.cells.get(tool.name_column, "")
        if refusal:
            yield Result(row.line, Outcome.REJECTED, subject, refusal)
            continue
        sent += 1
        if one and one.record == sent:
            refusal = one.refusal()
            yield Result(row.line, Outcome.REJECTED if refusal else one.outcome, subject, refusal, one.notes)
            one = next(said, None)
        else:
            yield Result(row.line, unsaid, subject)


def _kept(spool: Spool, results: Iterator[Result]) -> Counter[Outcome]:
    counts: Counter[Outcome] = Counter()

    def counted() -> Iterator[Result]:
        for result in results:
            counts[result.outcome] += 1
            yield result

    with spool.writing_results() as write:
        write(counted())
    return counts


def _with_reason(why: str, finished: Finished) -> str:
    """What it says is its reason: all of it, or if that is much, its last line."""
    said = " ".join(finished.output.split())
    if len(said) > SHORT:
        said = finished.output.strip().rpartition("\n")[2].strip()[:SHORT]
    return f"{why}; it says: {shown(said)}" if said else why
