"""Cases as agents, the indexer and the exporter see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Case, CaseMessage, CaseState, Channel, Facets, Outcome, Role, in_scope
from kb.errors import NotFound
from kb.queries.redactions import (
    RedactionRules,
    RedactionView,
    Spans,
    find_in_case,
    find_rows,
    hidden_spans,
    hide,
    load_redactions,
    masked,
    names_in,
    personal_kind,
    rules_of,
)
from kb.text.redact import PersonalSpan, mask

BATCH = 200


@dataclass(frozen=True, slots=True)
class MessageView:
    role: Role
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A whole case, for agents only; `raw` when nothing personal is masked in it."""

    id: str
    language: str
    channel: Channel
    state: CaseState
    subject: str
    facets: Facets
    customer_ref: str | None
    agent_ref: str | None
    tried: str
    resolution: str
    outcome: Outcome | None
    articles: tuple[str, ...]
    opened_at: datetime
    resolved_at: datetime | None
    updated_at: datetime
    version: int
    messages: tuple[MessageView, ...]
    raw: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters [start, end) of a raw part as they may be shown."""

    start: int
    end: int
    text: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class CaseRedactions:
    """The raw texts of a case and what is redacted in them."""

    id: str
    language: str
    version: int
    parts: Mapping[str, str]
    redactions: tuple[RedactionView, ...]

    def around(self, row: RedactionView, reach: int = 60) -> tuple[str, str, str]:
        """What stands before, in place of, and after a redaction, as readers may see it."""
        text, hidden = self.parts[row.part], hidden_spans(self.redactions).get(row.part, ())

        def shown(start: int, end: int) -> str:
            inside = (span for span in hidden if span.start < end and span.end > start)
            cut = [
                PersonalSpan(max(span.start, start) - start, min(span.end, end) - start, span.kind)
                for span in inside
            ]
            return mask(text[start:end], cut, self.language)

        before, after = shown(0, row.start), shown(row.end, len(text))
        label = mask("x", [PersonalSpan(0, 1, personal_kind(row.kind))], self.language)
        if len(before) > reach:
            before = f"… {before[-reach:].partition(' ')[2]}"
        if len(after) > reach:
            after = f"{after[:reach].rpartition(' ')[0]} …"
        return before, label, after

    def pieces(self) -> dict[str, list[Piece]]:
        """The parts cut into what is shown and what is masked; empty parts are left out."""
        hidden = hidden_spans(self.redactions)
        return {
            part: list(_pieces(text, hidden.get(part, ()), self.language))
            for part, text in self.parts.items()
            if text
        }


def get_case_view(session: Session, case_id: str, scope: Facets | None = None) -> CaseView:
    """A case with its messages as they may be shown, whatever its state. Raises NotFound."""
    return _redacted(session, _find(session, case_id, scope))


def get_raw_case_view(session: Session, case_id: str, scope: Facets | None = None) -> CaseView:
    """A case with all that is personal in it. Raises NotFound."""
    return _views(session, [_find(session, case_id, scope)])[0]


def get_case_redactions(
    session: Session, case_id: str, scope: Facets | None = None
) -> CaseRedactions:
    """What is personal in a case, with its raw texts. Raises NotFound."""
    case = _find(session, case_id, scope)
    view, rules = _views(session, [case])[0], rules_of(session)
    parts = case_parts(view)
    if case.redacted_with is None:
        found = find_rows(parts, case.language, names_in(case.customer_ref, case.agent_ref), rules)
    else:
        found = list(load_redactions(session, [case.id]).get(case.id, ()))
    return CaseRedactions(case.id, case.language, case.version, parts, tuple(found))


def load_resolved(session: Session, case_id: str) -> CaseView | None:
    """What the index should hold of a case, redacted; None when it is not resolved."""
    case = session.get(Case, case_id)
    if case is None or case.state != CaseState.resolved:
        return None
    return _redacted(session, case)


def case_parts(case: CaseView) -> dict[str, str]:
    """The texts of a case by the part they are."""
    parts = {"subject": case.subject, "tried": case.tried, "resolution": case.resolution}
    return parts | {f"message:{n}": found.text for n, found in enumerate(case.messages)}


def redact_view(case: CaseView, hidden: Mapping[str, Spans], rules: RedactionRules) -> CaseView:
    """The case with these spans masked, and references that are personal by themselves."""
    shown = masked(case_parts(case), hidden, case.language)
    customer, agent = case.customer_ref or "", case.agent_ref or ""
    return replace(
        case,
        subject=shown["subject"],
        tried=shown["tried"],
        resolution=shown["resolution"],
        messages=tuple(
            replace(message, text=shown[f"message:{n}"]) for n, message in enumerate(case.messages)
        ),
        customer_ref=hide(customer, case.language, rules, names_in(customer, None)) or None,
        agent_ref=hide(agent, case.language, rules, names_in(None, agent)) or None,
        raw=False,
    )


def iter_cases(session: Session) -> Iterator[CaseView]:
    """Every case, by key, with all that is personal in it: for the exporter."""
    last = ""
    while True:
        query = select(Case).where(col(Case.id) > last).order_by(col(Case.id)).limit(BATCH)
        batch = session.scalars(query).all()
        if not batch:
            return
        yield from _views(session, batch)
        last = batch[-1].id


def _pieces(text: str, hidden: Spans, language: str) -> Iterator[Piece]:
    at = 0
    for span in hidden:
        if at < span.start:
            yield Piece(at, span.start, text[at : span.start], False)
        whole = PersonalSpan(0, span.end - span.start, span.kind)
        label = mask(text[span.start : span.end], (whole,), language)
        yield Piece(span.start, span.end, label, True)
        at = span.end
    if at < len(text):
        yield Piece(at, len(text), text[at:], False)


def _find(session: Session, case_id: str, scope: Facets | None = None) -> Case:
    case = session.get(Case, case_id)
    if case is None or not in_scope(case.facets, scope or {}):
        raise NotFound(f"There is no case {case_id[:120]!r}: look it up by its key.")
    return case


def _redacted(session: Session, case: Case) -> CaseView:
    """A case that was never looked through (it is older than redaction) is looked through now."""
    view, rules = _views(session, [case])[0], rules_of(session)
    if case.redacted_with is None:
        names = names_in(case.customer_ref, case.agent_ref)
        hidden = find_in_case(case_parts(view), case.language, names, rules)
    else:
        hidden = hidden_spans(load_redactions(session, [case.id]).get(case.id, ()))
    return redact_view(view, hidden, rules)


def _views(session: Session, cases: Sequence[Case]) -> list[CaseView]:
    messages: dict[str, list[MessageView]] = defaultdict(list)
    for case_id, role, text, at in session.execute(
        select(
            col(CaseMessage.case_id),
            col(CaseMessage.role),
            col(CaseMessage.text),
            col(CaseMessage.at),
        )
        .where(col(CaseMessage.case_id).in_([case.id for case in cases]))
        .order_by(col(CaseMessage.case_id), col(CaseMessage.position))
    ):
        messages[case_id].append(MessageView(role, text, at))
    return [
        CaseView(
            id=case.id,
            language=case.language,
            channel=case.channel,
            state=case.state,
            subject=case.subject,
            facets=dict(case.facets),
            customer_ref=case.customer_ref,
            agent_ref=case.agent_ref,
            tried=case.tried,
            resolution=case.resolution,
            outcome=case.outcome,
            articles=tuple(case.articles),
            opened_at=case.opened_at,
            resolved_at=case.resolved_at,
            updated_at=case.updated_at,
            version=case.version,
            messages=tuple(messages[case.id]),
        )
        for case in cases
    ]
