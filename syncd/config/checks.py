"""What no table can tell by itself: files and folders that don't go together, and folders that can't be used."""

import os
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from syncd.config.problems import shown
from syncd.core.patterns import is_pattern, matches
from syncd.core.retention import PRUNED
from syncd.errors import Problem


def misplaced(files: Mapping[str, str]) -> Iterator[Problem]:
    """The tools' files that can't lie in the repository."""
    for place, file in files.items():
        if reason := _misplacement(file):
            yield Problem(place, reason, shown(file, place))


def _misplacement(file: str) -> str:
    parts = file.split("/")
    if file.startswith("/"):
        return "must be a path in the repository, not one from the root"
    if {"", ".", ".."} & set(parts):
        return 'must be a plain path in the repository, without "..", "." or an empty part'
    if any(part.startswith(".") for part in parts):
        return "must not be hidden: names that begin with a dot are never taken"
    if parts[0] in PRUNED:
        return "must not lie in archives/ or reports/, which belong to syncd"
    if "**" in parts:
        return 'must say each folder: "*" stays within one, and there is no "**"'
    return ""


def crossing(files: Mapping[str, str]) -> Iterator[Problem]:
    """The tools that would run on one and the same file."""
    for (first, one), (second, other) in combinations(files.items(), 2):
        if _overlapping(one, other):
            yield Problem(second, f"is also the file of {first.removesuffix('.file')}", shown(other, second))


def _overlapping(one: str, other: str) -> bool:
    return one == other or _means(one, other) or _means(other, one)


def _means(pattern: str, path: str) -> bool:
    return is_pattern(pattern) and not is_pattern(path) and matches(pattern, path)


def entangled(folders: Mapping[str, Path]) -> Iterator[Problem]:
    """The folders that are, or lie inside, one another, whatever links lead there."""
    real = {place: Path(os.path.realpath(folder)) for place, folder in folders.items()}
    for one, other in combinations(real, 2):
        if real[one] == real[other]:
            yield Problem(other, f"must not be the same folder as {one}", shown(str(folders[other]), other))
        elif real[one].is_relative_to(real[other]):
            yield Problem(one, f"must not lie inside {other}", shown(str(folders[one]), one))
        elif real[other].is_relative_to(real[one]):
            yield Problem(other, f"must not lie inside {one}", shown(str(folders[other]), other))


def inside(place: str, file: Path, folders: Mapping[str, Path]) -> Iterator[Problem]:
    """A file that lies in one of the folders, where it would be taken for something else."""
    real = Path(os.path.realpath(file))
    for folder, path in folders.items():
        if real.is_relative_to(os.path.realpath(path)):
            yield Problem(place, f"must not lie inside {folder}", shown(str(file), place))


def closed(folders: Mapping[str, Path]) -> Iterator[Problem]:
    """The folders that can't be written, or not be made."""
    for place, folder in folders.items():
        there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
        if not os.path.isdir(there):
            yield Problem(place, f"needs a folder, and {there} is none", shown(str(folder), place))
        elif not os.access(there, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
            hint = f"Give the account that runs syncd the right to write {there}."
            yield Problem(place, "can't be written", shown(str(folder), place), hint)
