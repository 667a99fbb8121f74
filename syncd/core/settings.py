"""What every table of `syncd.toml` is: a frozen pydantic model that forbids unknown keys."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo


class Settings(BaseModel):
    """A table of the settings; its fields are its keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=False,
        use_attribute_docstrings=True,
        defer_build=True,  # what no setting uses costs nothing at the start of a command
    )


@dataclass(frozen=True, slots=True)
class Written:
    """Pydantic's context while a settings file is read: its values were written by a person, in a file of `folder`."""

    folder: Path


def _located(path: Path, info: ValidationInfo) -> Path:
    if path == Path() or "\0" in str(path):
        raise ValueError("must be a path, and not the folder of the settings itself")
    return info.context.folder / path if isinstance(info.context, Written) else path


Located = Annotated[Path, AfterValidator(_located)]
"""A path; a relative one in a settings file is relative to that file."""
