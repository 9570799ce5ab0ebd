"""Cases as agents, the indexer and the exporter see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Case, CaseMessage, CaseState, Channel, Facets, Outcome, Role
from kb.errors import NotFound

BATCH = 200


@dataclass(frozen=True, slots=True)
class MessageView:
    role: Role
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A whole case, for agents only."""

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


def get_case_view(session: Session, case_id: str) -> CaseView:
    """A case with its messages, whatever its state. Raises NotFound."""
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound(f"There is no case {case_id[:120]!r}: look it up by its key.")
    return _views(session, [case])[0]


def load_resolved(session: Session, case_id: str) -> CaseView | None:
    """What the index should hold of a case; None when it is not resolved."""
    case = session.get(Case, case_id)
    if case is None or case.state != CaseState.resolved:
        return None
    return _views(session, [case])[0]


def iter_cases(session: Session) -> Iterator[CaseView]:
    """Every case, by key: for the exporter."""
    last = ""
    while True:
        query = select(Case).where(col(Case.id) > last).order_by(col(Case.id)).limit(BATCH)
        batch = session.scalars(query).all()
        if not batch:
            return
        yield from _views(session, batch)
        last = batch[-1].id


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
