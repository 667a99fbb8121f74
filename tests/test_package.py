"""The packages: what is in them, and that Debian's own checks find nothing in the one for it."""

import gzip
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest

from syncd import __version__
from tests.packaged import PROJECT, Packages

PACKAGES = f"opt/syncd/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
PAGES = ("usr/share/man/man1/syncd.1.gz", "usr/share/man/man5/syncd.toml.5.gz")


@pytest.fixture(scope="module")
def unpacked(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Debian package would put onto a disk."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "--extract", packages.new, folder], check=True)
    return folder


def says(*argv: str | Path) -> str:
    """What a program says, of which nothing is wrong."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_debians_own_check_finds_nothing(packages: Packages) -> None:
    """lintian is silent, but for what stands with its reason in the package, and for the haste of the tests."""
    if not shutil.which("lintian"):
        pytest.skip("lintian can't be found (Debian's package of this name).")
    haste = "uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball"
    assert not says("lintian", "--allow-root", "--fail-on", "none", "--suppress-tags", haste, packages.new)


def test_it_goes_with_the_python_that_it_was_built_for(packages: Packages) -> None:
    """Another minor version would not find its environment: apt asks for this one."""
    needs = says("dpkg-deb", "--field", packages.new, "Depends")
    major, minor = sys.version_info[:2]
    assert f"python3 (>= {major}.{minor}), python3 (<< {major}.{minor + 1})" in needs


def test_what_is_shipped_is_what_lies_in_the_sources(unpacked: Path) -> None:
    """Units, catalog, settings and what else administrators copy from: byte for byte."""
    places = {
        "packaging/systemd/syncd.service": "usr/lib/systemd/system/syncd.service",
        "packaging/systemd/syncd@.service": "usr/lib/systemd/system/syncd@.service",
        "packaging/systemd/syncd.sysusers": "usr/lib/sysusers.d/syncd.conf",
        "packaging/systemd/syncd.tmpfiles": "usr/lib/tmpfiles.d/syncd.conf",
        "packaging/systemd/syncd.catalog": "usr/lib/systemd/catalog/syncd.catalog",
        "packaging/systemd/drop-ins/site.conf": "usr/share/syncd/systemd/drop-ins/site.conf",
        "packaging/prometheus/syncd.rules.yml": "usr/share/syncd/prometheus/syncd.rules.yml",
        "packaging/grafana/syncd.json": "usr/share/syncd/grafana/syncd.json",
        "syncd.toml": "usr/share/syncd/syncd.toml",
        "docs/TROUBLE.md": "usr/share/doc/syncd/docs/TROUBLE.md",
    }
    assert [source for source, place in places.items() if not _same(PROJECT / source, unpacked / place)] == []
    assert list(unpacked.glob("usr/share/syncd/local_syncd-*.zip"))
    assert (unpacked / "usr/bin/syncd").readlink() == Path("/opt/syncd/bin/syncd")


def test_all_of_the_program_is_there_and_compiled(unpacked: Path) -> None:
    """No module of syncd is missing, and none has to be compiled by whoever calls it first."""
    modules = {path.relative_to(PROJECT) for path in (PROJECT / "syncd").rglob("*.py")}
    there = {path.relative_to(unpacked / PACKAGES) for path in (unpacked / PACKAGES / "syncd").rglob("*.py")}
    assert there == modules
    compiled = f".{sys.implementation.cache_tag}.pyc"
    sources = list((unpacked / PACKAGES).rglob("*.py"))
    assert [path for path in sources if not (path.parent / "__pycache__" / (path.stem + compiled)).exists()] == []


def test_nothing_of_where_it_was_built_is_in_it(packages: Packages, unpacked: Path) -> None:
    """Paths of the builder's machine say nothing on another, and could be somebody's there."""
    built = str(packages.new.parent).encode()
    tells = (path for path in unpacked.rglob("*") if path.is_file() and not path.is_symlink())
    assert [path for path in tells if built in path.read_bytes() or str(PROJECT).encode() in path.read_bytes()] == []


def test_each_licence_of_what_is_bundled_is_named_and_there(unpacked: Path) -> None:
    """The copyright file has a paragraph for each, and leads to the text."""
    said = (unpacked / "usr/share/doc/syncd/copyright").read_text()
    described = list((unpacked / PACKAGES).glob("*.dist-info"))
    assert described
    for folder in described:
        assert f" Its text lies in /{PACKAGES}/{folder.name}.\n" in said
        assert [path for path in folder.rglob("*") if "licen" in path.name.lower()], folder


@pytest.mark.parametrize("page", PAGES)
def test_the_manual_pages_can_be_read(unpacked: Path, page: str, tmp_path: Path) -> None:
    """groff formats each without a warning, with every verb or table that there is."""
    if not shutil.which("groff"):
        pytest.skip("groff can't be found (Debian's package groff-base).")
    path = tmp_path / "page"
    path.write_bytes(gzip.decompress((unpacked / page).read_bytes()))
    command = ("groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-P-cbou", path)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not done.stderr
    formatted = done.stdout
    wanted = ("syncd serve", "syncd files put", "EXIT CODES") if page.endswith(".1.gz") else ("[drop]", "stuck_after")
    assert [word for word in wanted if word not in formatted] == []
    assert f"syncd {__version__}" in formatted


def _same(source: Path, place: Path) -> bool:
    return place.exists() and source.read_bytes() == place.read_bytes()


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive of `make dist`, and the wheel made from it."""
    folder = tmp_path_factory.mktemp("dist")
    says(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, PROJECT)
    return folder


def test_the_archive_is_the_whole_project(dist: Path) -> None:
    """Whoever has it can make, test and package syncd, and read about it."""
    with tarfile.open(dist / f"syncd-{__version__}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"Makefile", "CHANGELOG.md", "LICENSE", "syncd.toml", "docs/ROOMS.md", "packaging/setup.sh"}
    assert wanted | {"packaging/debian/rules", "tests/boot/machine.sh", "demo/demo.py"} <= names


def test_the_wheel_installs_and_runs(dist: Path, tmp_path: Path) -> None:
    """In an environment that has what syncd needs, and has never seen the sources."""
    venv.create(tmp_path)
    python = tmp_path / "bin/python"
    wheel = dist / f"syncd-{__version__}-py3-none-any.whl"
    says(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel)
    (packages,) = tmp_path.glob("lib/python3*/site-packages")
    (packages / "needed.pth").write_text(sysconfig.get_path("platlib"))
    assert says(tmp_path / "bin/syncd", "--version").strip() == f"syncd {__version__}"
    assert says(python, "-Ic", "import syncd; print(syncd.__file__)").startswith(str(packages))
    assert (tmp_path / "share/syncd/systemd/syncd.service").exists()
