"""Suggestions of a live interaction: one for each version and pair of eyes, and why it changed.

Whoever sees the same is given the same suggestion. A second one is recorded only when other
answers are given or something else is asked: not after a restart, not by a second server, and not
when all that changed is who holds the conversation.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.events import record_event
from kb.actions.gaps import record_gap
from kb.actions.suggestions import SuggestionRecord, record_suggestion
from kb.assist.change import Change, Given, change_between
from kb.assist.engine import GAPS, Engine
from kb.assist.record import suggestion_record, turn_mark
from kb.assist.types import Message, SuggestionResult, SuggestRequest
from kb.domain import Audience, Facets, Interaction, InteractionEventKind, Suggestion
from kb.errors import NotFound
from kb.queries.interactions import InteractionRow, TurnView, get_interaction, load_turns
from kb.queries.suggestions import SuggestionView, last_given, was_answered

ACTOR = "system"


@dataclass(frozen=True)
class ReaderView:
    """What a reader may see; readers with equal `key` are given the same suggestion."""

    audience: Audience
    scope: Facets = field(default_factory=dict)
    with_cases: bool = True

    @cached_property
    def key(self) -> str:
        scope = {name: sorted(values) for name, values in self.scope.items()}
        text = json.dumps([str(self.audience), scope, self.with_cases], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class LiveState:
    """What is said and known in an interaction at one version."""

    row: InteractionRow
    turns: tuple[TurnView, ...]

    @property
    def version(self) -> int:
        return self.row.version

    def request(self, reader: ReaderView) -> SuggestRequest:
        """What the engine takes."""
        row = self.row
        return SuggestRequest(
            tuple(Message(str(turn.role), turn.text, turn.at, turn.key) for turn in self.turns),
            language=row.language,
            channel=str(row.channel),
            reader=reader.audience,
            facets=row.facets,
            scope=reader.scope,
            with_cases=reader.with_cases,
            customer_ref=row.customer_ref,
        )


@dataclass(frozen=True, slots=True)
class LiveSuggestion:
    """A recorded suggestion. `is_new` is false when it was recorded before."""

    result: SuggestionResult
    version: int
    change: Change | None
    is_new: bool


def load_state(session: Session, interaction_id: str, scope: Facets) -> LiveState:
    """Raises NotFound, also for what is out of scope."""
    row = get_interaction(session, interaction_id, scope)
    return LiveState(row, load_turns(session, interaction_id))


def load_again(session: Session, state: LiveState, scope: Facets) -> LiveState:
    """The state as it is now; what was said is read again only if it may be something else."""
    row = get_interaction(session, state.row.id, scope)
    if row.version != state.version:
        return LiveState(row, load_turns(session, row.id))
    return LiveState(row, state.turns)


def suggest_live(engine: Engine, state: LiveState, reader: ReaderView) -> LiveSuggestion:
    """The suggestion to this state; committed when this returns, with the gap it may leave.

    Raises NotFound when the interaction is gone meanwhile, EncoderError, DatabaseError,
    SearchIndexError.
    """
    request = state.request(reader)
    result = engine.suggest(request, record=False)
    record = _record(engine, state, reader, request, result)
    with engine.session_factory.begin() as session:
        return _kept(session, state, reader, result, record)


def _record(
    engine: Engine,
    state: LiveState,
    reader: ReaderView,
    request: SuggestRequest,
    result: SuggestionResult,
) -> SuggestionRecord:
    record = suggestion_record(request, result, engine.settings)
    seen_by = {
        "scope": reader.scope,
        "with_cases": reader.with_cases,
        "reader_key": reader.key,
    }
    return replace(
        record,
        request=record.request | seen_by,
        interaction_id=state.row.id,
        interaction_version=state.version,
    )


def _kept(
    session: Session,
    state: LiveState,
    reader: ReaderView,
    result: SuggestionResult,
    record: SuggestionRecord,
) -> LiveSuggestion:
    interaction = _locked(session, state.row.id)
    last = last_given(session, interaction.id, reader.key, state.version)
    now = Given.of(record)
    before = None if last is None else Given.of(last)
    if last is not None and before is not None and before.says_the_same(now):
        _answers_too(session, interaction, last, state.version)
        known = replace(result, id=last.id)
        return LiveSuggestion(known, state.version, _change_of(last.change), is_new=False)
    change = _change(session, state, reader, before, now, result)
    kept = None if change is None else asdict(change)
    suggestion_id = record_suggestion(session, replace(record, change=kept))
    if record.nothing_known in GAPS and not _is_known_gap(before, now):
        question = now.focus or now.query
        record_gap(session, question, record.language, record.nothing_known, suggestion_id)
    interaction.sequence += 1
    record_event(
        session,
        interaction.id,
        InteractionEventKind.suggested,
        ACTOR,
        suggestion_id,
        version=state.version,
        top_document=None if now.best is None else now.best[0],
        nothing_known=record.nothing_known,
        milliseconds=round(record.milliseconds),
    )
    return LiveSuggestion(replace(result, id=suggestion_id), state.version, change, is_new=True)


def _locked(session: Session, interaction_id: str) -> Interaction:
    query = select(Interaction).where(col(Interaction.id) == interaction_id).with_for_update()
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no interaction {interaction_id[:60]!r}: open one first.")
    return row


def _answers_too(
    session: Session, interaction: Interaction, last: SuggestionView, version: int
) -> None:
    """The suggestion answers a newer version, in which nothing new was said: viewers see that."""
    if last.interaction_version != version:
        session.get_one(Suggestion, last.id).interaction_version = version
        interaction.sequence += 1


def _change(
    session: Session,
    state: LiveState,
    reader: ReaderView,
    before: Given | None,
    now: Given,
    result: SuggestionResult,
) -> Change | None:
    answered = before is not None and before.best is not None
    if before is not None and not answered:
        answered = was_answered(session, state.row.id, reader.key)
    keys = {turn_mark(turn.key): turn.key for turn in state.turns if turn.text.strip()}
    hit = result.articles[0] if now.best else None
    change = change_between(before, now, hit, keys, answered)
    if change is None or change.message is None:
        return change
    return replace(change, message=keys.get(change.message))


def _change_of(kept: dict[str, object] | None) -> Change | None:
    if kept is None:
        return None
    return Change(**kept | {"words": tuple(kept["words"])})  # type: ignore[arg-type]


def _is_known_gap(before: Given | None, now: Given) -> bool:
    """Whether the same question was counted before: each turn brings it again."""
    return before is not None and before.nothing_known in GAPS and before.focus == now.focus
