"""The seam to a site: call a web-service function, get its result or an error sorted by who must act."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import Field

from syncd.core.settings import Settings

USUAL_ROLES = {
    "manager": 1,
    "coursecreator": 2,
    "editingteacher": 3,
    "teacher": 4,
    "student": 5,
    "guest": 6,
    "user": 7,
    "frontpage": 8,
}


class Target(Protocol):
    """A Moodle site, or what answers like one. Safe to call from several threads at once."""

    def call(self, function: str, parameters: Mapping[str, Any]) -> Any:
        """Carry out a web-service function and return what Moodle's JSON answer holds (`None` for no answer).

        Raises `ItemRefused` when the call's contents are refused, `SiteRefused` when the site won't serve us,
        `SiteUnreachable` when it can't be reached now, `AnswerLost` when it was asked and did not answer.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class TargetSettings(Settings, ABC):
    """The keys of `[target]` that every kind has."""

    kind: ClassVar[str]
    connections: int = Field(default=4, ge=1, le=64)
    """How many calls may be under way at once."""
    roles: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=lambda: dict(USUAL_ROLES))
    """The ids of the site's roles by their shortnames, for a site without the companion plugin: Moodle has no web
    service that tells them. Default: as a new Moodle numbers its own."""

    @abstractmethod
    def open(self, state: Path) -> Target:
        """A target ready to be called; `state` is the state folder. Opens no connection yet."""

    @property
    def waits(self) -> float:
        """Seconds for which a run waits for a site that is away, trying again."""
        return 0.0
