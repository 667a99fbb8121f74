"""What every table of `syncd.toml` is: a frozen pydantic model that forbids unknown keys."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A table of the settings; its fields are its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=False, use_attribute_docstrings=True)
