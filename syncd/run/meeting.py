"""Meeting the site before a run: who syncd is there, and whether it may do what the run needs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from syncd.core.functions import SITE_INFO
from syncd.core.model import Site
from syncd.errors import ItemRefused, SiteRefused
from syncd.targets.base import Target
from syncd.tools.base import RowTool


def met(target: Target, tool: RowTool, names: Sequence[str], now: datetime, roles: Mapping[str, int]) -> Site:
    """What is known of the site for a run that begins `now`, over a file with columns of these `names`.

    Raises `SiteRefused` when the site lacks a function.
    """
    try:
        told = target.call(SITE_INFO, {})
    except ItemRefused as refused:
        raise SiteRefused(f"the site does not say who syncd is there: {refused}") from refused
    functions = frozenset(function["name"] for function in told["functions"])
    if lacking := sorted(tool.needed(names, functions) - functions):
        by_columns = "" if tool.functions.intersection(lacking) else " with such columns"
        raise SiteRefused(
            f"the site does not offer {', '.join(lacking)}, which files of kind {tool.kind}{by_columns} need: "
            f"add {'them' if lacking[1:] else 'it'} to the token's service in Moodle{_companion(lacking)}"
        )
    return Site(functions, roles, now.tzinfo or UTC, int(now.timestamp()), int(told["userid"]))


def _companion(lacking: list[str]) -> str:
    if any(name.startswith("local_syncd_") for name in lacking):
        return "; those that begin with local_syncd_ come with the plugin local_syncd (docs/MOODLE.md)"
    return ""
