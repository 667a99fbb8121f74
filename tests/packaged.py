"""syncd as a Debian package, in this version and in one before it."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from syncd import __version__

PROJECT = Path(__file__).parents[1]
BUILDER = PROJECT / "packaging/deb.py"
FORMER = "0.0.9"
NEEDS = ("dpkg-buildpackage", "dh", "chrpath", "/usr/bin/python3")


@dataclass(frozen=True, slots=True)
class Packages:
    """The package of these sources, and the same with a lower version."""

    new: Path
    former: Path


def lacking() -> str:
    """Why no package can be built here, in a sentence; "" when one can."""
    if missing := [name for name in NEEDS if not shutil.which(name)]:
        return f"A Debian package needs {', '.join(missing)} (debhelper, dpkg-dev, chrpath, python3) to be built."
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    asked = ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    there = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    return "" if there == here else f"The tests run with Python {here}, a package is for Debian's own, {there}."


def build(folder: Path) -> Packages:
    """Build both in a folder, in haste: nothing is compressed, and both are built at once."""
    with ThreadPoolExecutor(2) as pool:
        new = pool.submit(_built, folder / "new", __version__)
        former = pool.submit(_built, folder / "former", FORMER)
        return Packages(new.result(), former.result())


def _built(folder: Path, version: str) -> Path:
    command = [sys.executable, str(BUILDER), "--compression", "none", "--version", version, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(folder / "deb")  # what it was made of
    return Path(done.stdout.strip())
