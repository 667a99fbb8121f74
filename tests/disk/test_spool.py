"""The spool: what is written comes back, for the eyes of syncd alone."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.model import Act, Outcome, Refusal, Result, Step
from syncd.disk.spool import Spool, sweep

texts = st.text(max_size=10)  # lone surrogates too: a name or a value may hold any byte
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
items = st.dictionaries(texts, values, max_size=3)
acts = st.builds(Act, texts, items, st.dictionaries(texts, texts, max_size=2), texts)
refusals = st.builds(Refusal, texts, texts, texts, texts, texts)
notes = st.lists(texts, max_size=2).map(tuple)
lines = st.integers(1, 10**9)
steps = st.builds(
    Step,
    lines,
    st.sampled_from(Outcome),
    texts,
    st.lists(acts, max_size=2).map(tuple),
    st.none() | refusals,
    notes,
    texts,
    texts,
)
results = st.builds(Result, lines, st.sampled_from(Outcome), texts, st.none() | refusals, notes)


@given(st.lists(steps, max_size=4))
def test_a_plan_comes_back_as_it_was(plan: list[Step]) -> None:
    """Law: every step, in order, as often as it is asked for."""
    with TemporaryDirectory() as folder:
        spool = Spool(Path(folder), "run")
        spool.write_plan(plan)
        assert list(spool.plan()) == plan
        assert list(spool.plan()) == plan


@given(st.lists(steps, max_size=3), st.lists(steps, max_size=3))
def test_a_digest_stands_for_one_plan_alone(one: list[Step], other: list[Step]) -> None:
    """Law: an approval holds for what would be sent, however often that is planned, and for nothing else."""
    with TemporaryDirectory() as folder:
        spool = Spool(Path(folder), "run")
        digest = spool.write_plan(one)
        assert spool.write_plan(one) == digest
        assert spool.write_plan(other) != digest or other == one


@given(st.lists(st.lists(results, max_size=3), max_size=3))
def test_results_come_back_as_they_were(batches: list[list[Result]]) -> None:
    """Law: batch after batch, in order; and each batch is there as soon as it was written."""
    written: list[Result] = []
    with TemporaryDirectory() as folder:
        spool = Spool(Path(folder), "run")
        with spool.writing_results() as write:
            for batch in batches:
                write(batch)
                written += batch
                assert list(spool.results()) == written
        assert list(spool.results()) == written


def test_without_any_row_there_is_no_result(tmp_path: Path) -> None:
    """A file that was refused as a whole has none."""
    assert list(Spool(tmp_path / "spool", "run").results()) == []


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """It names people."""
    spool = Spool(tmp_path / "spool", "run")
    spool.write_plan([Step(2, Outcome.CREATED)])
    with spool.writing_results() as write:
        write([Result(2, Outcome.CREATED)])
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "spool").iterdir()} == {0o600}


def test_a_plan_in_the_making_may_fail(tmp_path: Path) -> None:
    """What the site raises comes through, and the next attempt begins anew."""

    def half() -> Iterator[Step]:
        yield Step(2, Outcome.CREATED)
        raise RuntimeError("the site is gone")

    spool = Spool(tmp_path, "run")
    try:
        spool.write_plan(half())
    except RuntimeError:
        spool.write_plan([Step(3, Outcome.UNCHANGED)])
    assert list(spool.plan()) == [Step(3, Outcome.UNCHANGED)]


def test_a_run_begins_with_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    """What an interrupted run of the same name spooled is not taken for its own; that of others stays."""
    others = Spool(tmp_path, "other")
    others.write_plan([Step(2, Outcome.CREATED)])
    first = Spool(tmp_path, "run")
    first.write_plan([Step(2, Outcome.CREATED)])
    with first.writing_results() as write:
        write([Result(2, Outcome.CREATED)])
    again = Spool(tmp_path, "run")
    assert list(again.results()) == []
    again.write_plan([])
    again.clear()
    assert [file.name for file in tmp_path.iterdir()] == ["other.plan"]


def test_how_a_program_ended_outlives_the_process(tmp_path: Path) -> None:
    """So does what it wrote, as long as its run is under way; of other runs nothing stays."""
    for run in ("under-way", "over"):
        spool = Spool(tmp_path, run)
        spool.write_plan([])
        spool.writing_output().close()
        spool.reserve_end(4_096)
        spool.note_end({"exit_code": 3})
    sweep(tmp_path, under_way={"under-way"})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["under-way.end", "under-way.output"]
    assert Spool(tmp_path, "under-way").end() == {"exit_code": 3}
    assert Spool(tmp_path, "over").end() is None


def test_what_earlier_processes_spooled_is_swept_away(tmp_path: Path) -> None:
    """It names people, and nobody will read it; where there is no spool there is nothing to do."""
    Spool(tmp_path / "spool", "killed").write_plan([Step(2, Outcome.CREATED)])
    sweep(tmp_path / "spool")
    assert list((tmp_path / "spool").iterdir()) == []
    sweep(tmp_path / "never")
