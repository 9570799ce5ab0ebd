"""Redactions: what is personal in a case, and its texts as they may be shown."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.config import Settings
from kb.db import settings_of
from kb.domain import Case, Redaction, RedactionSource, RedactionState, utc_now
from kb.text.redact import (
    DEFAULT_PATTERNS,
    CustomPattern,
    PersonalKind,
    PersonalSpan,
    custom_patterns,
    find_personal,
    mask,
)

Parts = Mapping[str, str]
"""The texts of a case by part: "subject", "tried", "resolution", "message:0" and so on."""

Spans = tuple[PersonalSpan, ...]
REMEMBERED = 5_000  # masked texts
_hidden: dict[bytes, str] = {}
_NAME = re.compile(r"[^\W\d_]+(?:[-'’.][^\W\d_]*)*")


@dataclass(frozen=True, slots=True)
class RedactionRules:
    """What an installation calls personal; `fingerprint` changes when the rules do."""

    patterns: tuple[CustomPattern, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RedactionView:
    """Characters [start, end) of a part; hidden, or found and lifted by somebody (`by`)."""

    part: str
    start: int
    end: int
    kind: str
    source: RedactionSource
    state: RedactionState
    by: str | None
    at: datetime


def rules_of(session: Session) -> RedactionRules:
    """The rules of the session's installation. Raises ConfigError when its patterns are wrong."""
    settings = settings_of(session)
    return redaction_rules(settings)


def redaction_rules(settings: Settings | None) -> RedactionRules:
    """The packaged rules; POTICA_REDACTION_PATTERNS takes the place of the packaged patterns.

    Raises ConfigError when a pattern is wrong.
    """
    given = settings.redaction_patterns if settings else {}
    return _rules(json.dumps(given, sort_keys=True))


def hide(text: str, language: str, rules: RedactionRules, names: Sequence[str] = ()) -> str:
    """The text with what is found personal in it masked."""
    spans = find_personal(text, language, names=names, patterns=rules.patterns)
    return mask(text, spans, language) if spans else text


def hide_again(text: str, language: str, rules: RedactionRules) -> str:
    """As `hide`, for texts that come again: every turn of a conversation brings all before it.

    Remembered are masked texts under hashes, never the texts themselves.
    """
    given = f"{rules.fingerprint}\0{language}\0{text}".encode("utf-8", "surrogatepass")
    key = hashlib.blake2b(given, digest_size=16).digest()
    found = _hidden.get(key)
    if found is None:
        found = hide(text, language, rules)
        if len(_hidden) >= REMEMBERED:
            _hidden.clear()
        _hidden[key] = found
    return found


def names_in(customer_ref: str | None, agent_ref: str | None) -> tuple[str, ...]:
    """The references that are names rather than numbers.

    Two words or more that all start with a capital letter; of a customer one is enough.
    """
    found = []
    for reference, least in ((customer_ref, 1), (agent_ref, 2)):
        words = (reference or "").replace(",", " ").split()
        if len(words) >= least and all(_is_name(word) for word in words) and words:
            found.append(" ".join(words))
    return tuple(found)


def find_in_case(
    parts: Parts, language: str, names: Sequence[str], rules: RedactionRules
) -> dict[str, Spans]:
    """What the rules find in each part; parts without anything are left out."""
    found = {
        part: tuple(find_personal(text, language, names=names, patterns=rules.patterns))
        for part, text in parts.items()
        if text
    }
    return {part: spans for part, spans in found.items() if spans}


def find_rows(
    parts: Parts, language: str, names: Sequence[str], rules: RedactionRules
) -> list[RedactionView]:
    """What the rules find, as redactions that nobody has corrected."""
    now, source, state = utc_now(), RedactionSource.found, RedactionState.hidden
    return [
        RedactionView(part, span.start, span.end, str(span.kind), source, state, None, now)
        for part, spans in find_in_case(parts, language, names, rules).items()
        for span in spans
    ]


def load_redactions(
    session: Session, case_ids: Collection[str]
) -> dict[str, tuple[RedactionView, ...]]:
    """The redactions of each case, hidden and lifted, by part and place."""
    query = (
        select(Redaction)
        .where(col(Redaction.case_id).in_(case_ids))
        .order_by(col(Redaction.part), col(Redaction.start), col(Redaction.id))
    )
    found: dict[str, list[RedactionView]] = defaultdict(list)
    for row in session.scalars(query, execution_options={"populate_existing": True}):
        found[row.case_id].append(
            RedactionView(
                row.part, row.start, row.end, row.kind, row.source, row.state, row.by, row.at
            )
        )
    return {case_id: tuple(rows) for case_id, rows in found.items()}


def cases_to_redact(session: Session) -> list[str]:
    """Cases that were looked through with other rules than those of today, or never."""
    now = rules_of(session).fingerprint
    outdated = col(Case.redacted_with).is_(None) | (col(Case.redacted_with) != now)
    return list(session.scalars(select(col(Case.id)).where(outdated).order_by(col(Case.id))))


def hidden_spans(redactions: Sequence[RedactionView]) -> dict[str, Spans]:
    """What is to be masked of each part, in order and without overlaps."""
    by_part: dict[str, list[PersonalSpan]] = defaultdict(list)
    for found in redactions:
        if found.state == RedactionState.hidden:
            span = PersonalSpan(found.start, found.end, personal_kind(found.kind))
            by_part[found.part].append(span)
    return {part: _joined(spans) for part, spans in by_part.items()}


def masked(parts: Parts, hidden: Mapping[str, Spans], language: str) -> dict[str, str]:
    """The parts as they may be shown."""
    return {
        part: mask(text, hidden[part], language) if hidden.get(part) else text
        for part, text in parts.items()
    }


def personal_kind(name: str) -> PersonalKind:
    """The kind of this name; a name that some other version knew stands for the plainest."""
    return PersonalKind(name) if name in set(PersonalKind) else PersonalKind.name


def _joined(spans: Sequence[PersonalSpan]) -> Spans:
    """Spans that overlap become one, of the kind of the longest."""
    joined: list[PersonalSpan] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if joined and span.start < joined[-1].end:
            last = joined[-1]
            longer = max(last, span, key=lambda found: found.end - found.start)
            joined[-1] = PersonalSpan(last.start, max(last.end, span.end), longer.kind)
        else:
            joined.append(span)
    return tuple(joined)


def _is_name(word: str) -> bool:
    return len(word) > 1 and word[0].isupper() and _NAME.fullmatch(word) is not None


@lru_cache(maxsize=8)
def _rules(given: str) -> RedactionRules:
    values: dict[str, list[str]] = json.loads(given)
    patterns = custom_patterns(values) if values else DEFAULT_PATTERNS
    made = hashlib.sha256(given.encode())
    for file in sorted(files("kb.text.personal").iterdir(), key=lambda file: file.name):
        if file.name.endswith((".py", ".yaml")):
            made.update(file.read_bytes())
    return RedactionRules(patterns, made.hexdigest()[:16])
