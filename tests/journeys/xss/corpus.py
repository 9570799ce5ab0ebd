"""The payloads, and the articles and cases they are written into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

FILE = Path(__file__).parent / "payloads.txt"
LANGUAGES = ("en", "pl", "cs", "sl", "hu")
TOPIC, NAME, LINE, TEXT = 120, 120, 300, 2000  # characters that fields take
_ESCAPE = re.compile(r"\\(?:([nrt\\])|x([0-9a-f]{2})|u([0-9a-f]{4}))")
_CHARACTERS = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def payloads() -> list[str]:
    """All, with their number in the call that must never happen."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    written = [line for line in lines if line and not line.startswith("## ")]
    return [
        _ESCAPE.sub(_character, line).replace("canary()", f"canary({number})")
        for number, line in enumerate(written)
    ]


def groups(texts: Sequence[str], size: int) -> list[list[str]]:
    """In order, `size` at a time."""
    return [list(texts[at : at + size]) for at in range(0, len(texts), size)]


def _character(match: re.Match[str]) -> str:
    named, byte, unit = match.groups()
    return _CHARACTERS[named] if named else chr(int(byte or unit, 16))


def write(client: httpx.Client, texts: Sequence[str], size: int) -> Iterator[str]:
    """Put every payload into articles and cases, `size` at a time; gives the pages to open."""
    made = groups(texts, size)
    for number, five in enumerate(groups(made, len(LANGUAGES))):  # type: ignore[arg-type]
        key = f"xss-{number}"
        saved = client.put(f"/api/v1/articles/{key}", json=_article(five))  # type: ignore[arg-type]
        if saved.status_code == 422:  # a text no page could show: nothing to open
            continue
        saved.raise_for_status()
        for language, _ in zip(LANGUAGES, five, strict=False):
            yield f"/a/{key}?lang={language}"
    for number, group in enumerate(made):
        key = f"xss-{number}"
        client.put(f"/api/v1/cases/{key}", json=_case(group)).raise_for_status()
        yield f"/c/{key}"


def _article(five: Sequence[Sequence[str]]) -> dict[str, Any]:
    translations = [
        {
            "language": language,
            "title": _short(group, LINE),
            "summary": "\n".join(group)[:TEXT],
            "keywords": [text[:NAME] for text in group][:50],
            "body": "\n\n".join(f"{text}\n\nLine {n}." for n, text in enumerate(group)),
            "note": _short(group, LINE),
        }
        for language, group in zip(LANGUAGES, five, strict=False)
    ]
    first = five[0]
    return {
        "original_language": "en",
        "audience": "public",
        "state": "published",
        "owner": _short(first, NAME),
        "tags": [_short(first, NAME)],
        "facets": {"topic": [_short(first, TOPIC)], "product": [_short(first, TOPIC)]},
        "translations": translations,
    }


def _case(group: Sequence[str]) -> dict[str, Any]:
    roles = ("customer", "agent", "system")
    return {
        "language": "en",
        "channel": "chat",
        "state": "resolved",
        "subject": _short(group, LINE),
        "customer_ref": _short(group, NAME),
        "agent_ref": _short(group, NAME),
        "tried": "\n".join(group),
        "resolution": "\n".join(group),
        "outcome": "solved",
        "facets": {"product": [_short(group, TOPIC)]},
        "messages": [{"role": roles[n % 3], "text": text} for n, text in enumerate(group)],
    }


def _short(group: Sequence[str], most: int) -> str:
    """The first that fits a line."""
    lines = (" ".join(text.split()) for text in group)
    return next((line for line in lines if 0 < len(line) <= most), "x")
