"""Redactions of a case: found at every save, corrected by people, and kept while the text stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.outbox import enqueue
from kb.actions.passages import remove_passages
from kb.actions.saved import SaveResult, SaveStatus
from kb.db import advisory_lock
from kb.domain import (
    Case,
    CaseMessage,
    CaseState,
    Pool,
    Redaction,
    RedactionSource,
    RedactionState,
    utc_now,
)
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.redactions import (
    Parts,
    RedactionRules,
    RedactionView,
    find_rows,
    hidden_spans,
    load_redactions,
    masked,
    names_in,
    rules_of,
)
from kb.text.redact import PersonalKind

MOST = 2000  # redactions that may be sent of one case


@dataclass(frozen=True, slots=True)
class RedactionInput:
    """Characters [start, end) of a part are to be hidden, or shown although they were found."""

    part: str
    start: int
    end: int
    kind: PersonalKind
    state: RedactionState = RedactionState.hidden


@dataclass(frozen=True, slots=True)
class Before:
    """The texts of a case before a save, and what was redacted in them."""

    parts: Parts
    redactions: tuple[RedactionView, ...]


def texts_of(session: Session, case: Case) -> dict[str, str]:
    """The texts of a stored case by part."""
    query = (
        select(col(CaseMessage.position), col(CaseMessage.text))
        .where(col(CaseMessage.case_id) == case.id)
        .order_by(col(CaseMessage.position))
    )
    parts = {"subject": case.subject, "tried": case.tried, "resolution": case.resolution}
    return parts | {f"message:{position}": text for position, text in session.execute(query)}


def read_before(session: Session, case: Case) -> Before:
    """What `refresh_redactions` needs to know from before the change."""
    parts = texts_of(session, case)
    if case.redacted_with is None:  # older than redaction: readers were shown what is found now
        return Before(parts, tuple(_found(case, parts, rules_of(session))))
    return Before(parts, load_redactions(session, [case.id]).get(case.id, ()))


def check_not_masked(before: Before, parts: Parts, language: str) -> None:
    """Raises Conflict when a client saves what it was shown: that would lose what is hidden."""
    shown = masked(before.parts, hidden_spans(before.redactions), language)
    for part, text in parts.items():
        if text == shown.get(part) and text != before.parts[part]:
            raise Conflict(
                f"The {part.replace(':', ' ')} is the redacted text: saving it would lose what is"
                " hidden. Get the case with raw=true, change that and save it.",
                part=part,
            )


def refresh_redactions(session: Session, case: Case, parts: Parts, before: Before | None) -> int:
    """Store what is personal in the case's texts now; gives how many spans are hidden.

    Corrections of people stay where their text stays: in a part that did not change, in a
    message that moved, and wherever the corrected words stand in a part that changed.
    """
    rules = rules_of(session)
    rows = _found(case, parts, rules)
    merged = _merged(rows, _corrections(parts, before) if before else [])
    _replace(session, case, merged, rules)
    return sum(row.state == RedactionState.hidden for row in merged)


def correct_redactions(
    session: Session,
    case_id: str,
    wanted: Sequence[RedactionInput],
    *,
    version: int,
    actor: str,
) -> SaveResult:
    """Make `wanted` the redactions of a case; what the rules found and is left out is shown.

    The passages go at once and are made anew. Raises NotFound, Conflict when the case is not at
    `version`, InvalidInput on spans that are not inside its texts.
    """
    advisory_lock(session, f"case:{case_id}")
    case = session.get(Case, case_id, populate_existing=True)
    if case is None:
        raise NotFound(f"There is no case {case_id[:120]!r}: look it up by its key.")
    if case.version != version:
        raise Conflict(
            f"The case {case_id} is at version {case.version}, not {version}: load its redactions"
            " again and repeat the correction.",
            version=case.version,
        )
    parts = texts_of(session, case)
    _check(parts, wanted)
    if case.redacted_with is None:
        refresh_redactions(session, case, parts, None)
    old = load_redactions(session, [case.id]).get(case.id, ())
    new = _corrected(old, wanted, actor)
    if _plain(old) == _plain(new):
        return SaveResult(case.id, SaveStatus.unchanged, case.version)
    _replace(session, case, new, rules_of(session))
    counts = _counts(old, new)
    return _finish(session, case, actor, counts)


def redact_again(session: Session, case_id: str, actor: str) -> int | None:
    """Look through a case with the rules of today; gives the spans that are hidden.

    None when there is nothing to do: it was looked through with these rules, or is gone.
    """
    advisory_lock(session, f"case:{case_id}")
    case = session.get(Case, case_id, populate_existing=True)
    if case is None or case.redacted_with == rules_of(session).fingerprint:
        return None
    before = read_before(session, case)
    hidden = refresh_redactions(session, case, before.parts, before)
    now = load_redactions(session, [case.id]).get(case.id, ())
    if _plain(before.redactions) != _plain(now):
        _finish(session, case, actor, _counts(before.redactions, now))
    return hidden


def _finish(session: Session, case: Case, actor: str, counts: Mapping[str, int]) -> SaveResult:
    case.version += 1
    case.updated_at = utc_now()
    remove_passages(session, Pool.case, case.id)
    if case.state == CaseState.resolved:
        enqueue(session, Pool.case, case.id)
    audit.record(session, actor, "redact", "case", case.id, version=case.version, **counts)
    session.flush()
    return SaveResult(case.id, SaveStatus.changed, case.version)


def _found(case: Case, parts: Parts, rules: RedactionRules) -> list[RedactionView]:
    return find_rows(parts, case.language, names_in(case.customer_ref, case.agent_ref), rules)


def _corrections(parts: Parts, before: Before) -> list[RedactionView]:
    """What people said, at the places their words have now."""
    made = [row for row in before.redactions if row.by is not None]
    if not made:
        return []
    by_text = {text: part for part, text in reversed(list(before.parts.items()))}
    found: list[RedactionView] = []
    for part, text in parts.items():
        same = part if before.parts.get(part) == text else by_text.get(text)
        if same is not None:
            found += [replace(row, part=part) for row in made if row.part == same]
            continue
        for row in (row for row in made if row.part == part):
            words = before.parts.get(part, "")[row.start : row.end]
            found += [replace(row, start=a, end=b) for a, b in _places(words, text)]
    return found


def _places(words: str, text: str) -> Iterator[tuple[int, int]]:
    if words.strip():
        yield from (match.span() for match in re.finditer(re.escape(words), text))


def _merged(
    found: Sequence[RedactionView], corrections: Sequence[RedactionView]
) -> list[RedactionView]:
    """What was found and nobody spoke of, and all that people said."""
    left = [row for row in found if not any(_covers(said, row) for said in corrections)]
    unique = {(row.part, row.start, row.end): row for row in corrections}
    return left + list(unique.values())


def _covers(said: RedactionView, row: RedactionView) -> bool:
    if said.part != row.part:
        return False
    if said.state == RedactionState.shown:
        return said.start <= row.start and row.end <= said.end
    return (said.start, said.end) == (row.start, row.end)


def _corrected(
    old: Sequence[RedactionView], wanted: Sequence[RedactionInput], actor: str
) -> list[RedactionView]:
    """The rows that say what is wanted; who said so and when is kept where nothing changed."""
    now, new = utc_now(), []
    asked = {(span.part, span.start, span.end): span for span in wanted}
    for row in old:
        span = asked.pop((row.part, row.start, row.end), None)
        if span is None and row.source == RedactionSource.person:
            continue
        state = RedactionState.shown if span is None else span.state
        kind = row.kind if span is None else str(span.kind)
        if (row.state, row.kind) != (state, kind):
            row = replace(row, state=state, kind=kind, by=actor, at=now)
        if row.source == RedactionSource.found or row.state == RedactionState.hidden:
            new.append(row)
    source, hidden = RedactionSource.person, RedactionState.hidden
    new += [
        RedactionView(span.part, span.start, span.end, str(span.kind), source, hidden, actor, now)
        for span in asked.values()
        if span.state == hidden
    ]
    return new


def _check(parts: Parts, wanted: Sequence[RedactionInput]) -> None:
    if len(wanted) > MOST:
        raise InvalidInput(f"A case has at most {MOST} redactions.")
    for span in wanted:
        if span.part not in parts:
            raise InvalidInput(
                f"The case has no part {span.part[:40]!r}: use {', '.join(list(parts)[:6])}."
            )
        if not 0 <= span.start < span.end <= len(parts[span.part]):
            raise InvalidInput(
                f"{span.start} to {span.end} lies outside the {span.part.replace(':', ' ')}, which"
                f" has {len(parts[span.part])} characters."
            )


def _replace(
    session: Session, case: Case, rows: Sequence[RedactionView], rules: RedactionRules
) -> None:
    session.execute(delete(Redaction).where(col(Redaction.case_id) == case.id))
    if rows:
        names = RedactionView.__dataclass_fields__
        values = [{name: getattr(row, name) for name in names} for row in rows]
        session.execute(insert(Redaction), [{"case_id": case.id, **row} for row in values])
    case.redacted_with = rules.fingerprint


def _plain(rows: Sequence[RedactionView]) -> set[tuple[str, int, int, str, str]]:
    return {(row.part, row.start, row.end, row.kind, row.state) for row in rows}


def _counts(old: Sequence[RedactionView], new: Sequence[RedactionView]) -> dict[str, int]:
    """How many spans were hidden and shown by it: numbers only, no texts."""
    before = {found[:3] for found in _plain(old) if found[4] == RedactionState.hidden}
    after = {found[:3] for found in _plain(new) if found[4] == RedactionState.hidden}
    return {"hidden": len(after - before), "shown": len(before - after)}
