"""What every write checks before it touches the database."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from kb.domain.types import KEY_PATTERN
from kb.errors import InvalidInput

LANGUAGE_PATTERN = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


def check_key(key: str, noun: str) -> None:
    """Raises InvalidInput unless `key` can name an article or a case for ever."""
    if not KEY_PATTERN.match(key) or key.endswith("\n"):
        raise InvalidInput(
            f"{key[:130]!r} cannot be the key of {noun}: use 1 to 120 small letters, digits,"
            " dots, hyphens and underscores, starting with a letter or a digit."
        )


def check_language(language: str) -> None:
    """Raises InvalidInput unless `language` looks like a BCP-47 tag."""
    if not LANGUAGE_PATTERN.match(language):
        raise InvalidInput(f"{language[:40]!r} is not a language: write a tag such as en or pl.")


def check_text(value: str, field: str, *, needed: bool = False) -> None:
    """Raises InvalidInput when `value` cannot be stored as text, or is blank where needed."""
    if needed and not value.strip():
        raise InvalidInput(f"{field} is empty: write something there.", field=field)
    if "\0" in value:
        raise InvalidInput(f"{field} holds a NUL character: take it out.", field=field)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"{field} holds half of a character (a lone surrogate) at position {error.start}:"
            " send valid Unicode.",
            field=field,
        ) from error


def to_utc(value: datetime | None, field: str) -> datetime | None:
    """The same moment in UTC. Raises InvalidInput when the time zone is missing."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise InvalidInput(f"{field} has no time zone: write it as 2026-01-31T09:00:00Z.")
    return value.astimezone(UTC)
