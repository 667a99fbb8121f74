"""What a Moodle's config.php says of it; it is read as text, and never run."""

import re
from pathlib import Path

from syncd.errors import UsageError

USUAL = ("/var/www/html", "/var/www", "/srv", "/opt")
LONGEST = 1 << 20

_COMMENT = re.compile(r"/\*.*?\*/|^\s*(?://|#).*?$", re.DOTALL | re.MULTILINE)
_SETTING = re.compile(r"""^\s*\$CFG->(dataroot|wwwroot)\s*=\s*(?:'([^'\\]*)'|"([^"\\$]*)")\s*;""", re.MULTILINE)


def settings_of(path: Path) -> dict[str, str]:
    """`dataroot` and `wwwroot`, those that stand there as plain text; `path` is config.php or its folder."""
    file = path / "config.php" if path.is_dir() else path
    try:
        with file.open(encoding="utf-8", errors="replace") as text:
            plain = _COMMENT.sub("", text.read(LONGEST))
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}") from error
    found = {name: single or double for name, single, double in _SETTING.findall(plain)}
    if not found.get("dataroot", "").startswith("/"):
        raise UsageError(f"{file} does not say in plain text where its data folder is ($CFG->dataroot)")
    return {name: value.rstrip("/") for name, value in found.items()}


def found_on(root: Path) -> str:
    """The folder of a Moodle at one of the usual places of a machine, or ""."""
    for place in USUAL:
        folder = root / place.lstrip("/")
        for config in (folder / "config.php", *sorted(folder.glob("*/config.php"))):
            try:
                settings_of(config)
            except (UsageError, OSError):
                continue
            return f"/{config.parent.relative_to(root)}"
    return ""
