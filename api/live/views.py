"""What a viewer is shown of an interaction, put together from SQL at the moment it is shown.

A suggestion is kept between its making and the next, but each time it is shown SQL decides once
more: what was archived, edited or closed to this reader meanwhile does not leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.live.viewer import Viewer
from api.schemas.interactions import (
    ChangeOut,
    ColleagueAnswerOut,
    ContactOut,
    IncidentOut,
    InteractionView,
    interaction_out,
)
from api.schemas.suggest import SuggestOut, suggest_out
from kb.assist.live import LiveState, LiveSuggestion, ReaderView
from kb.config import Settings
from kb.domain import Role, in_scope, utc_now
from kb.queries.contacts import Contact, contact_history
from kb.queries.incidents import touching
from kb.queries.passages import IndexState, index_state, load_visible, visible_documents
from kb.queries.questions import QuestionView, questions_about
from kb.queries.solved import solved_before


@dataclass(frozen=True, slots=True)
class Shown:
    """A suggestion as it is shown. `index` is what SQL held when it was made.

    Many are kept: as JSON it takes a fifth of the room.
    """

    json: bytes
    language: str
    change: ChangeOut | None
    version: int
    index: IndexState
    passages: tuple[int, ...]
    documents: frozenset[tuple[str, str]]  # as (pool, id)

    @classmethod
    def of(cls, made: LiveSuggestion, index: IndexState, settings: Settings) -> Shown:
        change = made.change
        out = suggest_out(made.result, settings.resolved_public_url)
        answers = (*out.articles, *out.cases)
        return cls(
            out.model_dump_json().encode(),
            out.language,
            None if change is None else ChangeOut.model_validate(change, from_attributes=True),
            made.version,
            index,
            tuple(answer.passage.id for answer in answers),
            frozenset((answer.pool, answer.id) for answer in answers),
        )

    @property
    def out(self) -> SuggestOut:
        return SuggestOut.model_validate_json(self.json)


def is_fresh(session: Session, shown: Shown, version: int, reader: ReaderView) -> bool:
    """Whether a suggestion answers this version, with what SQL holds now."""
    if shown.version != version or shown.index != index_state(session):
        return False
    return may_be_seen(session, shown, reader)


def may_be_seen(session: Session, shown: Shown, reader: ReaderView) -> bool:
    """Whether the reader may see all of it at this moment."""
    passages = shown.passages
    visible = load_visible(session, passages, reader.audience, utc_now())
    return all(i in visible and in_scope(visible[i].facets, reader.scope) for i in passages)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is being shown, and to whose eyes."""

    key: tuple[str, str]
    reader: ReaderView
    shown: Shown


def withdrawn(session: Session, kept: Sequence[Kept]) -> list[tuple[str, str]]:
    """Keys of what shows a document that is not to be seen any more; a few statements for all."""
    readers = {one.reader.key: one.reader for one in kept}
    wanted: dict[str, set[tuple[str, str]]] = {key: set() for key in readers}
    for one in kept:
        wanted[one.reader.key] |= one.shown.documents
    seen = {
        key: visible_documents(session, wanted[key], reader.audience, reader.scope, utc_now())
        for key, reader in readers.items()
    }
    return [one.key for one in kept if not one.shown.documents <= seen[one.reader.key]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One view to be made. `pending`: a newer suggestion is on its way."""

    viewer: Viewer
    pending: bool = False
    with_history: bool = False


def make_view(
    session: Session, settings: Settings, state: LiveState, shown: Shown | None, asked: Asked
) -> InteractionView:
    """All that this viewer sees of the interaction now. `shown` must be good to be seen."""
    viewer = asked.viewer
    if not viewer.sees:
        shown = None
    view = InteractionView(
        interaction=interaction_out(state.row),
        suggestion=None if shown is None else shown.out,
        suggestion_version=None if shown is None else shown.version,
        change=None if shown is None else shown.change,
        pending=asked.pending,
    )
    if not viewer.sees:
        return view
    more: dict[str, object] = {
        "solved_before": _solved(session, shown),
        "incidents": _incidents(session, settings, state, shown, viewer),
        "questions": [_question(found) for found in questions_about(session, state.row.id)],
    }
    if asked.with_history:
        more["history"] = _history(session, settings, state, viewer)
    return view.model_copy(update=more)


def _solved(session: Session, shown: Shown | None) -> dict[str, int]:
    documents = shown.documents if shown else ()
    return solved_before(session, [f"{pool}:{key}" for pool, key in sorted(documents)])


def _incidents(
    session: Session, settings: Settings, state: LiveState, shown: Shown | None, viewer: Viewer
) -> list[IncidentOut]:
    language = state.row.language or (shown.language if shown else settings.default_language)
    found = touching(
        session,
        texts=[turn.text for turn in state.turns if turn.role == Role.customer],
        facets=state.row.facets,
        language=language,
        reader_language=viewer.language or settings.default_language,
        now=utc_now(),
    )
    return [IncidentOut.model_validate(notice, from_attributes=True) for notice in found]


def _question(found: QuestionView) -> ColleagueAnswerOut:
    return ColleagueAnswerOut(
        id=found.id,
        text=found.text,
        asked_of=found.asked_of_name,
        asked_at=found.asked_at,
        answer=found.answer,
        answered_at=found.answered_at,
    )


def _history(
    session: Session, settings: Settings, state: LiveState, viewer: Viewer
) -> list[ContactOut]:
    row, reader = state.row, viewer.reader
    found = contact_history(session, row.customer_ref, reader.scope, but=row.id)
    readable = [contact for contact in found if contact.kind != "case" or reader.with_cases]
    return [_contact(contact, settings, reader) for contact in readable]


def _contact(contact: Contact, settings: Settings, reader: ReaderView) -> ContactOut:
    base = settings.resolved_public_url.rstrip("/")
    is_linked = contact.case_id is not None and reader.with_cases
    return ContactOut(
        kind=contact.kind,
        id=contact.id,
        permalink=f"{base}/c/{contact.case_id}" if is_linked else None,
        channel=str(contact.channel),
        state=contact.state,
        language=contact.language,
        at=contact.at,
        question=contact.question,
        tried=contact.tried,
        resolution=contact.resolution,
        outcome=contact.outcome,
        documents=list(contact.documents),
        message_count=contact.message_count,
    )
