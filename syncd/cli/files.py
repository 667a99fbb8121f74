"""`syncd files`: the repository."""

from syncd.cli.files_change import mkdir, mv, put, rm
from syncd.cli.files_look import get, ls, tree
from syncd.cli.verb import Family

files = Family(
    "files",
    help="""Look at the repository's files, and put, move and remove them.

    Paths are within the repository: erp/users.csv. What lies in archives/ and reports/ can be read, not changed.

    \b
    Example:
      syncd files put users.csv erp/
    """,
    short_help="Look at the repository's files, and put, move and remove them.",
    sections={"Look": [ls, tree, get], "Change": [put, mkdir, mv, rm]},
)
