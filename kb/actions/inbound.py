"""Messages of inbound webhooks: each taken once, into the interactions of its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.interactions import (
    InteractionInput,
    InteractionPatch,
    InteractionSaved,
    add_messages,
    change_interaction,
    open_interaction,
)
from kb.actions.turns import TurnInput
from kb.db import insert_into
from kb.domain import Facets, Interaction, Webhook, WebhookReceipt, utc_now
from kb.errors import NotFound
from kb.queries.webhooks import WebhookView

NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a message. `saved` None: it was taken before."""

    interaction_id: str | None
    saved: InteractionSaved | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a message says of a conversation that may not be there yet; `patch` of one that is."""

    external_id: str
    opens: InteractionInput | None = None
    turns: Sequence[TurnInput] = ()
    patch: InteractionPatch | None = None


def receive(
    session: Session, webhook: WebhookView, message_id: str, told: Conversation
) -> Received:
    """Take a message once; the same `message_id` again changes nothing.

    Raises NotFound for a conversation that is not there and that the message cannot open,
    and what `kb.actions.interactions` raises; then the message may be sent again.
    """
    known = _receipt(session, webhook.id, message_id)
    if known is not None:
        return Received(known.interaction_id)
    saved = _apply(session, webhook, told)
    session.execute(
        update(WebhookReceipt)
        .where(
            col(WebhookReceipt.webhook_id) == webhook.id,
            col(WebhookReceipt.message_id) == message_id,
        )
        .values(interaction_id=saved.id)
    )
    now = utc_now()
    if webhook.used_at is None or webhook.used_at <= now - NOTED_EVERY:
        session.execute(update(Webhook).where(col(Webhook.id) == webhook.id).values(used_at=now))
    return Received(saved.id, saved)


def _receipt(session: Session, webhook_id: str, message_id: str) -> WebhookReceipt | None:
    """The one there is; None when this message is the first, and noted now.

    A second one at the same time waits here until the first is committed, or takes its place
    when that failed.
    """
    values = {"webhook_id": webhook_id, "message_id": message_id, "at": utc_now()}
    statement = (
        insert_into(session, WebhookReceipt)
        .on_conflict_do_nothing(index_elements=["webhook_id", "message_id"])
        .returning(col(WebhookReceipt.message_id))
    )
    if session.connection().execute(statement, values).scalar() is not None:
        return None
    return session.get_one(WebhookReceipt, (webhook_id, message_id), populate_existing=True)


def _apply(session: Session, webhook: WebhookView, told: Conversation) -> InteractionSaved:
    actor, scope = f"webhook:{webhook.id}", webhook.scope
    interaction_id = _find(session, webhook.source, told.external_id)
    if interaction_id is None or (told.opens is not None and told.patch is None):
        if told.opens is None:
            raise NotFound(
                f"There is no conversation {told.external_id[:60]!r} yet: send"
                " conversation.opened first, or name its channel in messages.added."
            )
        facets = told.opens.facets  # of one that is there they stay, unless others are told
        if facets or interaction_id is None:
            facets = _within(facets, scope)
        opens = replace(told.opens, source=webhook.source, facets=facets, turns=told.turns)
        return open_interaction(session, opens, actor, scope)
    saved = InteractionSaved(interaction_id, False, False, 0)
    if told.turns:
        saved = add_messages(session, interaction_id, told.turns, actor, scope)
    if told.patch is None:
        return saved
    facets_told = told.patch.facets
    patch = replace(told.patch, facets=None if facets_told is None else _within(facets_told, scope))
    changed = change_interaction(session, interaction_id, patch, actor, scope)
    return replace(
        changed,
        anything=changed.anything or saved.anything,
        turns=saved.turns,
        case_id=changed.case_id or saved.case_id,
    )


def _find(session: Session, source: str, external_id: str) -> str | None:
    query = select(col(Interaction.id)).where(
        col(Interaction.source) == source, col(Interaction.external_id) == external_id
    )
    return session.scalar(query)


def _within(facets: Mapping[str, Sequence[str]], scope: Facets) -> Facets:
    """With the scope's values where the message names none."""
    return {**scope, **{name: list(values) for name, values in facets.items()}}
