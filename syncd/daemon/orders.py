"""What the settings say of the tools."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from syncd.core.agenda import OnArrival, Timer
from syncd.core.freeze import Freeze, frozen
from syncd.core.patterns import matches
from syncd.core.rows import Encoding, Separator
from syncd.tools.base import RowTool, Tool
from syncd.tools.uploads import UploadTool


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The tools as the settings have them, and how files are written where a tool does not say.

    A file is for the first tool, in the order of the settings, that means it; tools take turns as `in_turn` has them.
    """

    tools: Mapping[str, Tool]
    encoding: Encoding
    separator: Separator
    freezes: tuple[Freeze, ...] = ()

    def in_turn(self) -> list[str]:
        """The tools in the order in which they run when they are due together; ties as in the settings."""
        return sorted(self.tools, key=lambda name: self.tools[name].turn)

    def tool_of(self, path: str) -> str:
        """The tool that a file of the repository is for; "" for none."""
        return next((name for name, tool in self.tools.items() if matches(tool.file, path)), "")

    def means(self, tool: str, path: str) -> bool:
        """Whether a file of this path, once it is in the repository, is the tool's."""
        return tool in self.tools and matches(self.tools[tool].file, path)

    def queues(self, path: str) -> bool:
        """Whether files of this name wait in order, none taking another's place."""
        tool = self.tools.get(self.tool_of(path))
        return tool is not None and tool.backlog == "every"

    def keeps(self, tool: str) -> bool:
        """Whether the tool's file is a permanent one, run again at each tick."""
        return self.tools[tool].after_run == "keep"

    def frozen(self, tool: str, now: datetime) -> Freeze | None:
        """The freeze that keeps a tool from running now."""
        return frozen(self.freezes, tool, now)

    def timers(self, tool: str, *, news: bool) -> tuple[Timer, ...]:
        """The tool's timers; a permanent file counts as an arrival only when it is new."""
        timers = self.tools[tool].timer
        return timers if news else tuple(timer for timer in timers if not isinstance(timer, OnArrival))

    def written(self, tool: str) -> tuple[Encoding, Separator]:
        """How the files of a tool are written."""
        match self.tools[tool]:
            case RowTool(encoding=encoding, separator=separator) | UploadTool(encoding=encoding, separator=separator):
                return encoding or self.encoding, separator or self.separator
        return self.encoding, self.separator
