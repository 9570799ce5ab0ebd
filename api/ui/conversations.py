"""Conversations that the practice desk replays: as customers write, a file per language."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, model_validator

from kb.domain import Channel, Facets

FOLDER = Path(__file__).parent / "practice"
_Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PracticeTurn(_Part):
    """What one of the two says; `wait` is the pause before it in seconds, else by its length."""

    customer: _Text | None = None
    agent: _Text | None = None
    wait: float | None = None

    @model_validator(mode="after")
    def _one_speaks(self) -> Self:
        if (self.customer is None) == (self.agent is None):
            raise ValueError("in a turn either customer or agent speaks")
        return self


class PracticeCustomer(_Part):
    """`ref` is the one of earlier cases, where there are any."""

    name: _Text
    ref: _Text


class PracticeConversation(_Part):
    """One conversation; `about` tells the reader what to look at."""

    key: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    channel: Channel
    customer: PracticeCustomer
    subject: _Text
    facets: Facets
    about: _Text
    turns: tuple[PracticeTurn, ...]


_MANY = TypeAdapter(tuple[PracticeConversation, ...])


@lru_cache(maxsize=16)
def conversations(language: str) -> tuple[PracticeConversation, ...]:
    """Those in one language; none where nobody wrote any."""
    path = FOLDER / f"{language}.yaml"
    if not path.is_file():
        return ()
    return _MANY.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))


def languages() -> list[str]:
    """The languages there are conversations in."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))
