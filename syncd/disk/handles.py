"""Folders reached through handles, so that no link on the way is ever followed (openat(2))."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TOP = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_BELOW = _TOP | os.O_NOFOLLOW


@contextmanager
def opened(top: Path | int, path: str = "", *, make: bool = False) -> Iterator[int]:
    """A handle on a folder: `top` itself, or one below it, which is made where it is missing and `make` is set.

    `top` is the administrator's word, and may be a link; below it, a link raises `OSError` (ELOOP or ENOTDIR).
    """
    handle = os.dup(top) if isinstance(top, int) else os.open(top, _TOP)
    try:
        for name in path.split("/") if path else ():
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=handle)
            above, handle = handle, os.open(name, _BELOW, dir_fd=handle)
            os.close(above)
        yield handle
    finally:
        os.close(handle)


def walked(top: int) -> Iterator[tuple[str, dict[str, os.stat_result]]]:
    """The folders below one and itself, outermost first, each with what it holds besides folders."""
    paths = [""]
    for path in paths:  # grows as it is walked: nobody's folders are too deep for this
        with suppress(FileNotFoundError), opened(top, path) as folder:
            found = {}
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = f"{path}/{entry.name}" if path else entry.name
                    with suppress(FileNotFoundError):  # it went away between the two looks
                        if entry.is_dir(follow_symlinks=False):
                            paths.append(name)
                        else:
                            found[name] = entry.stat(follow_symlinks=False)
            yield path, found


def remove_empty(top: Path | int, path: str) -> None:
    """Remove a folder below another and those above it, as long as they are empty."""
    with opened(top) as handle:
        while path:
            try:
                os.rmdir(path, dir_fd=handle)
            except OSError as error:
                if error.errno in {errno.ENOTEMPTY, errno.ENOENT, errno.EEXIST}:
                    return
                raise
            path = path.rpartition("/")[0]


def parents(path: str) -> list[str]:
    """The folders that a path leads through, outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]
