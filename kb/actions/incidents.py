"""Incidents: save what touches many customers at once. Does not commit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kb.actions import audit
from kb.actions.checks import check_key, check_language, check_text, to_utc
from kb.actions.saved import SaveResult, SaveStatus
from kb.db import advisory_lock
from kb.domain import Incident, IncidentState, Severity, utc_now
from kb.errors import InvalidInput

TEXTS = ("title", "statement", "what_to_say")


@dataclass(frozen=True, slots=True)
class IncidentInput:
    """A whole incident; saving replaces what was there.

    `texts`: language -> title, statement, what_to_say, none of them blank. `match`: language ->
    phrases that point to it. No country or product means all of them. `more` is kept as it is.
    """

    id: str
    state: IncidentState
    severity: Severity
    texts: Mapping[str, Mapping[str, str]]
    starts_at: datetime
    ends_at: datetime | None = None
    countries: Sequence[str] = ()
    products: Sequence[str] = ()
    match: Mapping[str, Sequence[str]] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


def save_incident(session: Session, incident: IncidentInput, actor: str) -> SaveResult:
    """Create or change an incident; saving the same again changes nothing.

    It touches conversations from the commit on. Raises InvalidInput on fields that cannot be.
    """
    incident = _checked(incident)
    advisory_lock(session, f"incident:{incident.id}")
    row = session.get(Incident, incident.id, populate_existing=True)
    values = _columns(incident)
    content_hash = _hash(values)
    if row is not None and row.content_hash == content_hash:
        return SaveResult(row.id, SaveStatus.unchanged, row.version)
    old = row.state if row else None
    status = SaveStatus.changed if row else SaveStatus.created
    if row is None:
        row = Incident.model_validate(values | {"content_hash": content_hash})
        session.add(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
        row.content_hash, row.updated_at, row.version = content_hash, utc_now(), row.version + 1
    action = "create" if old is None else "save"
    audit.record(
        session, actor, action, "incident", row.id, version=row.version, old=old, new=row.state
    )
    session.flush()
    return SaveResult(row.id, status, row.version)


def _checked(incident: IncidentInput) -> IncidentInput:
    check_key(incident.id, "an incident")
    if not incident.texts:
        raise InvalidInput(f"The incident {incident.id} says nothing: give it a text.")
    for language, text in incident.texts.items():
        check_language(language)
        for name in TEXTS:
            check_text(text.get(name, ""), f"{name} ({language})", needed=True)
    for language, phrases in incident.match.items():
        check_language(language)
        for phrase in phrases:
            check_text(phrase, f"match ({language})", needed=True)
    for word in (*incident.countries, *incident.products):
        check_text(word, "countries or products", needed=True)
    starts, ends = to_utc(incident.starts_at, "starts_at"), to_utc(incident.ends_at, "ends_at")
    assert starts is not None
    if ends is not None and ends <= starts:
        raise InvalidInput(f"The incident {incident.id} ends before it starts: mend the dates.")
    return replace(incident, starts_at=starts, ends_at=ends)


def _columns(incident: IncidentInput) -> dict[str, Any]:
    """The input as the table holds it."""
    values = {name: getattr(incident, name) for name in IncidentInput.__dataclass_fields__}
    return values | {
        "countries": list(incident.countries),
        "products": list(incident.products),
        "texts": {
            language: {name: text[name] for name in TEXTS}
            for language, text in incident.texts.items()
        },
        "match": {language: list(phrases) for language, phrases in incident.match.items()},
        "more": dict(incident.more),
    }


def _hash(values: Mapping[str, Any]) -> str:
    """SHA-256 of everything in the incident, the order of languages and phrases included."""
    text = json.dumps(values, ensure_ascii=False, default=datetime.isoformat)
    return hashlib.sha256(text.encode()).hexdigest()
