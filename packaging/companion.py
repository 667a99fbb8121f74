"""Build the archive of the companion plugin, which Moodle's administrators unzip into `local/`."""

import re
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

PLUGIN = Path(__file__).parent / "moodle" / "local_syncd"
FOLDER = "syncd"
"""What Moodle wants the folder in `local/` to be called."""


def version() -> str:
    """The plugin's release."""
    found = re.search(r"\$plugin->release = '([^']+)'", (PLUGIN / "version.php").read_text())
    assert found, "version.php says no release"
    return found[1]


def build(folder: Path) -> Path:
    """Write the archive into a folder, and return where it is. The same sources always give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"local_syncd-{version()}.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for source in sorted(path for path in PLUGIN.rglob("*") if path.is_file()):
            entry = ZipInfo(f"{FOLDER}/{source.relative_to(PLUGIN).as_posix()}")  # of 1980: zip knows no earlier date
            entry.external_attr = 0o644 << 16
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, source.read_bytes())
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{build(Path(*sys.argv[1:] or ['build']))}\n")
