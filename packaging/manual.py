"""The manual pages, made of the handbook: docs/COMMANDS.md is syncd(1), docs/SETTINGS.md is syncd.toml(5)."""

import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
HANDBOOK = "/usr/share/doc/syncd/docs"
SYNOPSIS = {
    "syncd": r"""\fBsyncd\fR [\fB\-c\fR \fIFILE\fR] \fIVERB\fR [\fIARGUMENTS\fR]
.br
\fBsyncd\fR [\fIVERB\fR] \fB\-\-help\fR
.br
\fBsyncd\fR \fB\-\-version\fR""",
    "syncd.toml": r"\fI/etc/syncd/syncd.toml\fR, \fI/etc/syncd/NAME.toml\fR",
}
PAGES = {
    "syncd.1": ("COMMANDS.md", "takes dropped command files and runs them, whole and once, against a Moodle site"),
    "syncd.toml.5": ("SETTINGS.md", "the settings of syncd"),
}
SEE_ALSO = {"syncd": "syncd.toml(5), systemctl(1), journalctl(1)", "syncd.toml": "syncd(1), toml(5), systemd.exec(5)"}


def write(folder: Path, version: str, moment: float) -> None:
    """Write both pages into a folder; the moment is what they are dated."""
    day = datetime.fromtimestamp(moment, UTC).date().isoformat()
    for page, (source, sentence) in PAGES.items():
        name, _, section = page.rpartition(".")
        lines = [
            f'.TH {name.upper()} {section} {day} "syncd {version}" "syncd"',
            ".SH NAME",
            rf"{name} \- {sentence}",
            ".SH SYNOPSIS",
            *SYNOPSIS[name].splitlines(),
            ".SH DESCRIPTION",
            *body((DOCS / source).read_text().partition("\n")[2]),
            ".SH SEE ALSO",
            _text(f"{SEE_ALSO[name]}; the whole handbook lies in {HANDBOOK}"),
        ]
        (folder / page).write_text("\n".join(lines) + "\n")


def body(markdown: str) -> Iterator[str]:
    """A page's Markdown, below its title, as lines of man(7)."""
    begun = True
    for block in _blocks(markdown):
        first = block[0]
        apart, begun = ([] if begun else [".PP"]), first.startswith("#")
        if first.startswith("## "):
            heading = _heading(first)
            yield f".SH {heading if heading.startswith('[') else heading.upper()}"
        elif first.startswith("#"):
            yield f".SS {_heading(first)}"
        elif first.startswith("|"):
            yield from _table([_cells(line) for line in block])
        elif first.startswith(("    ", "```")):
            yield from (*apart, ".RS 4", ".EX", *_verbatim(block), ".EE", ".RE")
        elif first.startswith("* "):
            for item in re.split(r"\n\* ", "\n".join(block)[2:]):
                yield from (r".IP \(bu 2", _text(item))
        else:
            yield from (*apart, _text("\n".join(block)))


def _blocks(markdown: str) -> Iterator[list[str]]:
    """What blank lines part; fenced code is one block, whatever is in it."""
    block: list[str] = []
    for line in [*markdown.splitlines(), ""]:
        fenced = bool(block) and block[0].startswith("```")
        if line.strip() or fenced:
            block.append(line)
        if (not line.strip() and not fenced) or (fenced and line == "```") or (line.startswith("#") and not fenced):
            if block:
                yield block
            block = []


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each row as a term and what is said of it; the second row of Markdown's tables is a line."""
    head, _, *rest = rows
    for name, *between, meaning in rest:
        yield ".TP"
        yield _text(name) if name.startswith("`") else rf"\fB{_text(name)}\fR"
        if between and head[1] == "default":
            between = [_default(cell) for cell in between]
        else:
            between = [f"{title}: {cell}." for title, cell in zip(head[1:], between, strict=False)]
        yield _text(" ".join([*between, meaning]))


def _default(cell: str) -> str:
    # `settle = "2s"` stands beside the key already.
    return f"{cell.capitalize()}." if cell.startswith("required") else f"Default: {re.sub(r'^`[a-z_]+ = ', '`', cell)}."


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _verbatim(block: Sequence[str]) -> Iterator[str]:
    lines = block[1:-1] if block[0].startswith("```") else [line[4:] for line in block]
    for line in lines:
        yield _guarded(_escaped(line).replace("-", r"\-"))


def _heading(line: str) -> str:
    # A slot of roff's own takes quotes away, and capitals would change escapes: headings are plain.
    return _escaped(line.lstrip("#").strip().replace("`", "").replace('"', ""))


def _text(markdown: str) -> str:
    """One paragraph, with its emphasis."""
    said = _escaped(" ".join(markdown.split()))
    said = re.sub(r"\[([^]]+)\]\((https?://[^)]+)\)", r"\1 (\2)", said)
    said = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", said)
    # Code first: what looks like emphasis in it is none.
    parts = re.split(r"(`[^`]+`)", said)
    return _guarded("".join(_code(part) if part.startswith("`") else _emphasis(part) for part in parts))


def _code(part: str) -> str:
    return rf"\fB{part[1:-1]}\fR".replace("-", r"\-")


def _emphasis(part: str) -> str:
    return re.sub(r"\*\*?([^*]+)\*\*?", r"\\fI\1\\fR", part)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e")


def _guarded(line: str) -> str:
    return rf"\&{line}" if line.startswith((".", "'")) else line


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], datetime.now(UTC).timestamp())
