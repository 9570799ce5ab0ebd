"""Inbound webhooks: conversations of any system, signed by that system."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.auth.webhook import SignedMessage, signed_message
from api.deps import App
from api.live.saving import tell
from api.schemas.hooks import HookIn, HookOut
from kb.actions.inbound import receive

router = APIRouter(prefix="/api/v1/hooks", tags=["webhooks"])


@router.post("/{webhook_id}", response_model=HookOut)
def post_hook(
    app: App, message: Annotated[SignedMessage, Depends(signed_message)], given: HookIn
) -> HookOut:
    """A conversation began, went on or changed; signed by the rules of Standard Webhooks.

    The same `webhook-id` again is answered and changes nothing; after an error it may be sent
    again. Messages may come late and out of order.
    """
    with app.engine.session_factory.begin() as session:
        received = receive(session, message.webhook, message.message_id, given.told())
    saved = received.saved
    app.metrics.hooks.labels("taken" if saved else "taken_before").inc()
    if saved is None:
        return HookOut(status="taken_before", interaction_id=received.interaction_id)
    tell(app, saved)
    turns = saved.turns
    return HookOut(
        status="taken",
        interaction_id=saved.id,
        added=turns.added,
        changed=turns.changed,
        unchanged=turns.unchanged,
    )
