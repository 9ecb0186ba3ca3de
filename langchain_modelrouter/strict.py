"""The base class of everything that a person writes."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Base of what a person writes: an unknown key is an error, an instance does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
