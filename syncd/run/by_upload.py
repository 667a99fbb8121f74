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


def run_by_upload(job: Job, tool: UploadTool, place: Place, record: RunRecord, spool: Spool) -> Ending:
    """Run the program on the rows that are in order; its results are in the spool afterwards.

    It is held for a person when nobody can know what was done, as a `command` is, when the program says nothing of
    some rows, and over the limits of the guard. Raises `FileRefused`, `Replaced`, `Fault` and `Interrupted`.
    """
    script = _script(tool)
    with job.file.file.open("rb") as file, Same(file, record):
        table = tool.table(file, job.encoding, job.separator)
        copy = place.repository.workplace(job.id) / "upload.csv"
        try:
            return _run(job, tool, place, record, spool, file, table, script, copy)
        finally:
            copy.unlink(missing_ok=True)
            with suppress(OSError):  # what else may lie there goes with the run's folder
                copy.parent.rmdir()


def _run(
    job: Job,
    tool: UploadTool,
    place: Place,
    run: RunRecord,
    spool: Spool,
    file: BinaryIO,
    table: CsvTable,
    script: Path,
    copy: Path,
) -> Ending:
    found = _prepared(file, table, tool, copy)
    argv = [*tool.php, str(script), *tool.options(str(copy))]
    ending = Ending(state=RunState.DONE, planned=found.counts, notes=table.notes)
    why = (*_over(tool, found, job, table), *filter(None, [doubt(job, place, run)]))
    if why or job.simulated:
        counts = _kept(spool, _results(file, table, tool, iter(()), Outcome.SKIPPED))
        if why and not job.simulated:
            return replace(ending, state=RunState.HELD, breaches=why, counts=counts, what_to_do=DECIDE)
        would = f"would be run: {shown(shlex.join(argv))}"
        return replace(ending, counts=counts, breaches=(), notes=(would, *why, *table.notes))

    place.progress("run", 0, found.rows)
    words = _words(tool, place)
    with spool.writing_output() as whole:
        finished = run_command(
            argv,
            folder=tool.moodle,
            environment=tool.environment,
            timeout=tool.timeout,
            stop=place.hurry,
            output_limit=tool.output_limit,
            whole=whole,
        )
    why = tuple(filter(None, [failure(tool, finished)]))
    said = tool.said(spool.output(), words)
    counts = _kept(spool, _results(file, table, tool, said, Outcome.UNKNOWN))
    ending = replace(ending, counts=counts, planned=counts, output=finished.output)
    if why:
        return replace(ending, state=RunState.HELD, breaches=_with_reason(why, finished), what_to_do=DECIDE)
    if silent := counts[Outcome.UNKNOWN]:
        reason = f"the program said nothing of {silent} of {found.rows} rows"
        return replace(ending, state=RunState.HELD, breaches=_with_reason((reason,), finished), what_to_do=DECIDE)
    return replace(ending, tryback=partial(tryback, job, table, spool))


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


def _with_reason(why: tuple[str, ...], finished: Finished) -> tuple[str, ...]:
    """What it says is its reason: all of it, or if that is much, its last line."""
    said = " ".join(finished.output.split())
    if len(said) > SHORT:
        said = finished.output.strip().rpartition("\n")[2].strip()[:SHORT]
    return (f"{why[0]}; it says: {shown(said)}",) if said else why
