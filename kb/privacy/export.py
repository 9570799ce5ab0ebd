"""All that is held of a customer, for the customer: as JSON and in words."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, inspect, select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.actions import audit
from kb.config import Settings
from kb.db import session_factory
from kb.domain import (
    ColleagueQuestion,
    Contribution,
    Feedback,
    Flag,
    Gap,
    Interaction,
    InteractionEvent,
    InteractionMessage,
    Suggestion,
    WebhookDelivery,
    WebhookReceipt,
    utc_now,
)
from kb.privacy.erase import Whom
from kb.queries.cases import get_raw_case_view
from kb.queries.privacy import Planned, find_left, find_planned, plan_erasure
from kb.queries.privacy_interactions import given_about
from kb.queries.privacy_texts import row_at
from kb.queries.redactions import load_redactions
from kb.secret_key import Marks

Held = dict[str, Any]
"""JSON: `customer_ref`, `made_at`, and lists: cases, interactions, flags, contributions,
questions, suggestions, feedback, gaps, mentions, elsewhere."""

WITHIN: dict[str, type[SQLModel]] = {
    "messages": InteractionMessage,
    "events": InteractionEvent,
    "deliveries": WebhookDelivery,
    "receipts": WebhookReceipt,
}
GIVEN: dict[str, type[SQLModel]] = {
    "flags": Flag,
    "contributions": Contribution,
    "questions": ColleagueQuestion,
}


def export_customer(settings: Settings, engine: Engine, whom: Whom, actor: str) -> Held:
    """What an erasure would find, with everything in it; noted in the audit.

    Raises InvalidInput when the reference is empty or a text too short.
    """
    marks = Marks.of(settings)
    with session_factory(engine, read_only=True)() as session:
        plan = plan_erasure(session, marks, whom.customer_ref, whom.also)
        found = find_planned(session, marks, plan)
        held: Held = {"customer_ref": whom.customer_ref, "made_at": _iso(utc_now())}
        elsewhere = [*find_left(session, whom.also), *plan.left]
        held |= _held(session, found) | {"elsewhere": elsewhere}
    counts = {name: len(rows) for name, rows in held.items() if isinstance(rows, list)}
    with session_factory(engine).begin() as session:
        audit.record(session, actor, "export", "customer", plan.audited, **counts)
    return held


def as_json(held: Held) -> bytes:
    """Indented, in UTF-8 letters."""
    return (json.dumps(held, ensure_ascii=False, indent=1) + "\n").encode()


def as_markdown(held: Held) -> bytes:
    """The same to read."""
    lines = [f"# What is held about {_line(held['customer_ref'])}", "", f"Made {held['made_at']}."]
    for case in held["cases"]:
        lines += ["", f"## Case {case['id']}: {_line(case['subject'])}", ""]
        lines += [f"{case['channel']}, {case['language']}, opened {case['opened_at']}.", ""]
        for message in case["messages"]:
            lines.append(f"- **{message['role']}**: {_line(message['text'])}")
        for name in ("tried", "resolution"):
            if case[name]:
                lines += ["", f"{name.capitalize()}: {_line(case[name])}"]
    for found in held["interactions"]:
        lines += ["", f"## Conversation {found['id']}: {_line(found['subject'])}", ""]
        lines += [f"{found['channel']}, {found['source']}, opened {found['opened_at']}.", ""]
        for message in found["messages"]:
            lines.append(f"- **{message['role']}**: {_line(message['text'])}")
    for name, field in (
        ("contributions", "text"),
        ("questions", "text"),
        ("flags", "text"),
        ("suggestions", "query"),
        ("gaps", "question"),
    ):
        if held[name]:
            lines += ["", f"## {name.capitalize()}", ""]
            lines += [f"- {row['id']}: {_line(row[field])}" for row in held[name]]
    if held["feedback"]:
        lines += ["", "## Feedback", ""]
        for row in held["feedback"]:
            lines.append(f"- {row['kind']}: {_line(row['reason'])} {_line(row['text'])}".rstrip())
    if held["mentions"]:
        lines += ["", "## Mentioned elsewhere", ""]
        lines += [f"- {row['place']}: {_line(row['text'])}" for row in held["mentions"]]
    lines += [f"- {place}" for place in held["elsewhere"]]
    return ("\n".join(lines) + "\n").encode()


def as_zip(held: Held) -> bytes:
    """`data.json` and `summary.md` in one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", as_json(held))
        archive.writestr("summary.md", as_markdown(held))
    return buffer.getvalue()


def _held(session: Session, found: Planned) -> Held:
    suggestions = _rows(session, Suggestion, "id", found.suggestions)
    for row in suggestions:
        del row["customer_mark"]
    gaps = [*found.gaps, *(gap_id for gap_id, _ in found.moved_gaps)]
    return {
        "cases": [_case(session, case_id) for case_id in found.cases],
        "interactions": [_interaction(session, key) for key in found.interactions],
        **{
            name: _rows(
                session,
                table,
                "id",
                given_about(session, table, found.interactions, found.suggestions),
            )
            for name, table in GIVEN.items()
        },
        "suggestions": suggestions,
        "feedback": _rows(session, Feedback, "suggestion_id", found.suggestions),
        "gaps": _rows(session, Gap, "id", gaps),
        "mentions": [
            {"place": " ".join(mask.place), "text": place[1]}
            for mask in found.masks
            if (place := row_at(session, mask.place)) is not None
        ],
    }


def _case(session: Session, case_id: str) -> dict[str, Any]:
    view = asdict(get_raw_case_view(session, case_id))
    del view["raw"]
    redactions = load_redactions(session, [case_id]).get(case_id, ())
    plain: dict[str, Any] = _plain(view | {"redactions": [asdict(row) for row in redactions]})
    return plain


def _interaction(session: Session, key: str) -> dict[str, Any]:
    """With what was said and what happened in it, and what other systems were told of it."""
    (row,) = _rows(session, Interaction, "id", [key])
    within = {
        name: _rows(session, table, "interaction_id", [key]) for name, table in WITHIN.items()
    }
    for message in within["messages"]:
        del message["text_hashes"]
    return row | within


def _rows(session: Session, table: type[SQLModel], key: str, values: Any) -> list[dict[str, Any]]:
    query = select(table).where(col(getattr(table, key)).in_(list(values)))
    rows = session.scalars(query.order_by(*inspect(table).primary_key))
    return [_plain(row.model_dump()) for row in rows]


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return _iso(value) if isinstance(value, datetime) else value


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _line(text: str) -> str:
    """One line that Markdown does not take for marks."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("*", "\\*").replace("#", "\\#")


FORMS: dict[str, Callable[[Held], bytes]] = {".zip": as_zip, ".json": as_json, ".md": as_markdown}
"""By the suffix of a file."""
