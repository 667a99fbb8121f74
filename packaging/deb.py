"""Build the Debian package, syncd_VERSION_ARCH.deb, from packaging/debian and the environment that runs this."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from email.utils import format_datetime
from importlib.metadata import Distribution
from pathlib import Path

import bundle
import companion
import manual

from syncd import __version__

PROJECT = Path(__file__).parent.parent
DEBIAN = PROJECT / "packaging/debian"
MAINTAINER = "syncd maintainers <maintainers@syncd.example>"
SHELLS = {"bash": "syncd", "zsh": "_syncd", "fish": "syncd.fish"}
PROGRAMS = {"dpkg-buildpackage": "dpkg-dev", "dh": "debhelper", "chrpath": "chrpath"}


def lacking() -> str:
    """Why there can be no package here, in a sentence; "" when there can be one."""
    if missing := [package for program, package in PROGRAMS.items() if not shutil.which(program)]:
        return f"A Debian package needs the packages {', '.join(missing)} to be built."
    return bundle.lacking()


def build(folder: Path, version: str, revision: int, compression: str) -> Path:
    """Build the package in a folder, and return where it is."""
    full = f"{_debian_version(version)}-{revision}"
    work = folder.absolute() / "deb"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(DEBIAN, work / "debian")
    moment = _moment()
    needed = bundle.bundle(work / "made", version, moment)
    _documents(work, version, moment)
    bundle.date(work / "made", moment)
    _debian(work / "debian", full, moment, needed)
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(moment),
        "SYNCD_COMPRESSION": compression,
        "SYNCD_PYTHON": bundle.VERSION,
    }
    command = ["dpkg-buildpackage", "--build=binary", "--no-sign", "--no-pre-clean"]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}")
    (made,) = work.parent.glob(f"syncd_{full}_*.deb")
    return made


def _debian_version(version: str) -> str:
    """A version as Debian sorts it: 1.0rc1 and 1.0.dev2 come before 1.0."""
    return re.sub(r"\.?(a|b|rc|dev)(?=[0-9])", r"~\1", version)


def _moment() -> int:
    """When the sources were last changed, as far as that is known."""
    if said := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(said)
    if (PROJECT / ".git").exists() and shutil.which("git"):
        asked = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=PROJECT, capture_output=True, check=False)
        if asked.returncode == 0:
            return int(asked.stdout)
    return int((PROJECT / "CHANGELOG.md").stat().st_mtime)


def _documents(work: Path, version: str, moment: int) -> None:
    """What is made of the sources besides the program: manual pages, completion, handbook, the companion's archive."""
    made = work / "made"
    (made / "man").mkdir()
    manual.write(made / "man", version, moment)
    (made / "completion").mkdir()
    for shell, name in SHELLS.items():
        said = subprocess.run([sys.executable, "-m", "syncd", "completion", shell], capture_output=True, check=True)
        (made / "completion" / name).write_bytes(said.stdout)
    companion.build(made)
    for name in ("README.md", "CHANGELOG.md", "syncd.toml", "docs", "packaging/systemd", "packaging/prometheus"):
        source, to = PROJECT / name, made / Path(name).name
        shutil.copytree(source, to) if source.is_dir() else shutil.copyfile(source, to)
    shutil.copytree(PROJECT / "packaging/grafana", made / "grafana")
    shutil.copyfile(PROJECT / "packaging/moodle/syncd-role.xml", made / "syncd-role.xml")


def _debian(debian: Path, full: str, moment: int, needed: list[Distribution]) -> None:
    when = format_datetime(datetime.fromtimestamp(moment, UTC))
    entry = f"syncd ({full}) unstable; urgency=medium\n\n  * What is new stands in changelog.gz.\n"
    (debian / "changelog").write_text(f"{entry}\n -- {MAINTAINER}  {when}\n")
    for name in ("sysusers", "tmpfiles"):
        shutil.copyfile(PROJECT / f"packaging/systemd/syncd.{name}", debian / f"syncd.{name}")
    text = (debian / "copyright").read_text()
    (debian / "copyright").write_text(text + "".join(map(_paragraph, needed)))


def _paragraph(package: Distribution) -> str:
    """What is bundled, under its licence: the text lies in its own .dist-info."""
    about = package.metadata
    classifiers = [each.rpartition(" :: ")[2] for each in about.get_all("Classifier", []) if "License" in each]
    licence = about["License-Expression"] or ", ".join(classifiers) or (about["License"] or "unknown").splitlines()[0]
    licence = re.sub(r"[^A-Za-z0-9.+-]+", "-", licence).strip("-")
    folder = f"{bundle.PLACE}/lib/python{bundle.VERSION}/site-packages"
    files = sorted({file.parts[0] for file in package.files or () if ".." not in file.parts} - {"__pycache__"})
    (described,) = (name for name in files if name.endswith(".dist-info"))
    patterns = "\n".join(f" {folder[1:]}/{name}{'' if name.endswith(('.py', '.so')) else '/*'}" for name in files)
    return (
        f"\nFiles:\n{patterns}\n"
        f"Copyright: the authors of {package.name} {package.version}\n"
        f"License: {licence}\n"
        f" Its text lies in {folder}/{described}.\n"
    )


def main() -> None:
    """Build it, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("build"))
    parser.add_argument("--version", default=__version__)
    parser.add_argument("--revision", type=int, default=1, help="counts packages of one version, as for bundled fixes")
    parser.add_argument("--compression", default="xz", help="xz, or none for speed")
    asked = parser.parse_args()
    if why := lacking():
        sys.exit(f"{why} As root: apt-get install {' '.join(PROGRAMS.values())}")
    asked.folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(f"{build(asked.folder, asked.version, asked.revision, asked.compression)}\n")


if __name__ == "__main__":
    main()
