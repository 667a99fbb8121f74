"""Build /opt/syncd, below a folder that stands for /: a virtual environment with syncd and what it needs.

The versions are those of the environment that runs this, in which the tests ran. Nothing is downloaded, nothing of
where it was built is in it, and the same sources give the same bytes.
"""

import compileall
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from syncd import __version__

PROJECT = Path(__file__).parent.parent
PLACE = "/opt/syncd"
EXTRAS = ("apprise",)
"""What pip brings only to who asks for it: nobody can add to a package."""
SYSTEM_PYTHON = "/usr/bin/python3"
VERSION = "{}.{}".format(*sys.version_info)
PROGRAM = f"""\
#!{PLACE}/bin/python3 -I
import sys

from syncd.cli.main import main

sys.exit(main())
"""


def lacking() -> str:
    """Why it can't be built with the Python that runs this, in a sentence; "" when it can."""
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    asked = subprocess.run([SYSTEM_PYTHON, "-c", script], capture_output=True, text=True, check=False).stdout.strip()
    if asked == VERSION:
        return ""
    return f"This is Python {VERSION}, and {SYSTEM_PYTHON} is {asked or 'not there'}: a package for one needs the same."


def bundle(root: Path, version: str, moment: int) -> list[Distribution]:
    """Build it below a folder that stands for /, as this version, all of it dated alike; return what syncd needs."""
    place = root / PLACE.lstrip("/")
    packages = place / "lib" / f"python{VERSION}" / "site-packages"
    packages.mkdir(parents=True)
    _make_environment(place)
    needed = sorted(_needed(), key=lambda package: package.name.lower())
    for package in needed:
        _copy(package, packages)
    shutil.copytree(PROJECT / "syncd", packages / "syncd", ignore=shutil.ignore_patterns("__pycache__"))
    own = packages / "syncd/__init__.py"
    own.write_text(re.sub(r'(?m)^__version__ = ".*"$', f'__version__ = "{version}"', own.read_text()))
    date(place, moment)  # before it is compiled: Python compares the time that is noted there with the source's
    compiled = compileall.compile_dir(packages, quiet=2, stripdir=str(root), prependdir="/", workers=0)
    assert compiled, "not everything can be compiled"
    return needed


def date(folder: Path, moment: int) -> None:
    """Date all that is in a folder."""
    for above, folders, names in os.walk(folder):
        for name in (*folders, *names):
            os.utime(Path(above, name), (moment, moment), follow_symlinks=False)


def _make_environment(place: Path) -> None:
    # By hand: the venv module writes down where it was called, and by which user's Python.
    (place / "bin").mkdir()
    (place / "bin/python3").symlink_to(f"/usr/bin/python{VERSION}")
    (place / "pyvenv.cfg").write_text(f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {VERSION}\n")
    program = place / "bin/syncd"
    program.write_text(PROGRAM)
    program.chmod(0o755)


def _needed() -> Iterator[Distribution]:
    """What syncd needs, and what that needs."""
    names, found = ["syncd", *EXTRAS], set[str]()
    while names:
        if (name := _normal(names.pop())) in found:
            continue
        found.add(name)
        with nullcontext() if name in EXTRAS else suppress(PackageNotFoundError):  # other systems need it, or Pythons
            package = distribution(name)
            names += [_name(each) for each in package.requires or () if "extra ==" not in each]
            if name != "syncd":
                yield package


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _copy(package: Distribution, to: Path) -> None:
    for file in package.files or ():
        source = Path(str(package.locate_file(file)))
        if ".." in file.parts or file.suffix == ".pyc" or file.name in {"INSTALLER", "REQUESTED", "direct_url.json"}:
            continue
        if source.is_file():
            (to / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, to / file)


if __name__ == "__main__":
    bundle(Path(sys.argv[1]), __version__, int(time.time()))
