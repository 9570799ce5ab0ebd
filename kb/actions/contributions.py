"""Contributions: what agents know, for those who write. None of these commits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.events import record_event
from kb.actions.given import (
    About,
    check_about,
    check_words,
    current_about,
    kept_text,
    language_of,
    note_feedback,
)
from kb.actions.redirect_rows import current_keys
from kb.db import insert_into
from kb.domain import (
    Contribution,
    ContributionKind,
    ContributionState,
    FeedbackKind,
    InteractionEventKind,
    Pool,
    Principal,
    utc_now,
)
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.sight import check_seen, interactions_within

_FEEDBACK = {
    ContributionKind.fix: FeedbackKind.fixed,
    ContributionKind.add: FeedbackKind.added,
}


@dataclass(frozen=True, slots=True)
class ContributionInput:
    """A fix names its document, what is added may stand alone. `language` None: found out."""

    about: About
    kind: ContributionKind
    text: str
    title: str = ""
    language: str | None = None


def contribute(session: Session, given: ContributionInput, by: Principal) -> str:
    """Keep better or missing words until somebody takes or refuses them; gives their id.

    Also feedback on the suggestion cited and an event of the interaction. The same idempotency
    key again gives the same id and writes nothing. Raises NotFound for what `by` does not see,
    InvalidInput, Conflict when the key was used for something else.
    """
    about = current_about(session, given.about)
    if given.kind == ContributionKind.fix and about.document is None:
        raise InvalidInput("Say what the better words are for: name the document.")
    check_words(given.text, "text", needed=True)
    check_words(given.title, "title")
    interaction = check_about(session, about, by)
    language = language_of(session, given.text, given.language, interaction)
    values = {
        "id": f"con_{secrets.token_hex(12)}",
        "kind": given.kind,
        "document": about.document,
        "revision_number": about.revision,
        "language": language,
        "title": kept_text(session, given.title, language, interaction),
        "text": kept_text(session, given.text, language, interaction),
        "suggestion_id": about.suggestion_id,
        "interaction_id": about.interaction_id,
        "actor": by.actor,
        "state": ContributionState.open,
        "created_at": utc_now(),
        "idempotency_key": about.idempotency_key,
    }
    insert = insert_into(session, Contribution)
    insert = insert.on_conflict_do_nothing(index_elements=["idempotency_key"])
    new_id = session.execute(insert.returning(col(Contribution.id)), values).scalar()
    if new_id is None:
        return _same(session, values)
    kind = str(given.kind)
    note_feedback(session, about, _FEEDBACK[given.kind], "", by.actor)
    noted = {"document": about.document, "kind": kind}
    audit.record(session, by.actor, "contribute", "contribution", new_id, **noted)
    record_event(
        session,
        about.interaction_id,
        InteractionEventKind.contributed,
        by.actor,
        about.suggestion_id,
        contribution_id=new_id,
        position=about.position,
        **noted,
    )
    return str(new_id)


def settle_contribution(
    session: Session,
    contribution_id: str,
    state: ContributionState,
    by: Principal,
    article_id: str | None = None,
) -> bool:
    """Take or refuse it; gives whether that is news. `article_id` is what became of it.

    Raises NotFound, InvalidInput, Conflict when it was settled otherwise before.
    """
    if state == ContributionState.open:
        raise InvalidInput("A contribution is settled as taken or refused.")
    if article_id is not None:
        if state == ContributionState.refused:
            raise InvalidInput("No article comes of what is refused: leave article_id out.")
        (article_id,) = current_keys(session, [article_id])
        check_seen(session, f"{Pool.article}:{article_id}", by)
    row = session.get(Contribution, contribution_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound(_missing(contribution_id))
    _check_reached(session, row, by)
    if row.state == state and row.article_id == article_id:
        return False
    if row.state != ContributionState.open:
        raise Conflict(f"This contribution is {row.state} already.", state=row.state)
    row.state, row.article_id = state, article_id
    row.settled_at, row.settled_by = utc_now(), by.actor
    action = "take" if state == ContributionState.taken else "refuse"
    audit.record(session, by.actor, action, "contribution", row.id, article=article_id)
    session.flush()
    return True


def _missing(contribution_id: str) -> str:
    return (
        f"There is no contribution {contribution_id[:60]!r}: look it up in the list of"
        " contributions."
    )


def _check_reached(session: Session, row: Contribution, by: Principal) -> None:
    try:
        if row.document is not None:
            check_seen(session, row.document, by)
        elif not interactions_within(session, [row.interaction_id or ""], by.scope):
            raise NotFound(_missing(row.id))
    except NotFound as error:
        raise NotFound(_missing(row.id)) from error


def _same(session: Session, values: Mapping[str, object]) -> str:
    """The contribution that holds this idempotency key, if it says the same."""
    key = col(Contribution.idempotency_key) == values["idempotency_key"]
    found = session.scalars(select(Contribution).where(key)).one()
    said = ("interaction_id", "document", "kind", "title", "text", "actor")
    if any(getattr(found, name) != values[name] for name in said):
        raise Conflict(
            "This idempotency key was used for another contribution: send a new key with it."
        )
    return found.id
