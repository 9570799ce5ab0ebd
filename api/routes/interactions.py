"""Live interactions: begin, say what was said, change, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.live.saving import save_interaction
from api.schemas.common import Moment, Name
from api.schemas.interactions import (
    InteractionChange,
    InteractionIn,
    InteractionOut,
    InteractionView,
    MessagesIn,
    MessagesOut,
    interaction_out,
)
from kb.actions.interactions import (
    InteractionSaved,
    add_messages,
    change_interaction,
    open_interaction,
)
from kb.domain import Channel, InteractionState, Permission, Principal
from kb.queries.interactions import InteractionFilter, list_interactions

router = APIRouter(prefix="/api/v1/interactions", tags=["interactions"])
Reader = Annotated[Principal, allow(Permission.read_interactions)]
Writer = Annotated[Principal, allow(Permission.write_interactions)]
InteractionId = Annotated[str, Path(pattern=r"^int_[a-z0-9]{1,36}$", max_length=40)]
Wait = Annotated[
    int, Query(ge=0, le=5000, description="milliseconds to wait for the suggestion to be ready")
]


@router.post(
    "",
    response_model=InteractionView,
    responses={201: {"model": InteractionView, "description": "Begun"}},
)
async def post_interaction(
    app: App, writer: Writer, given: InteractionIn, response: Response, wait: Wait = 0
) -> InteractionView:
    """Begin an interaction, with what was said so far.

    The same source and external id again is the interaction there is: new messages are added,
    and nothing is doubled. The answer has the customer's contact history and, when it is ready
    in time, the suggestion.
    """
    begin = given.to_input()

    def act(session: Session) -> InteractionSaved:
        return open_interaction(session, begin, writer.actor, writer.scope)

    saved = await run_in_threadpool(save_interaction, app, act)
    response.status_code = 201 if saved.created else 200
    return await app.live.view(saved.id, writer, wait_ms=wait, with_history=True)


@router.get("", response_model=list[InteractionOut])
def get_interactions(
    session: ReadSession,
    reader: Reader,
    state: InteractionState | None = None,
    channel: Channel | None = None,
    customer_ref: Name | None = None,
    before: Annotated[Moment | None, Query(description="opened before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[InteractionOut]:
    """Interactions, the newest first."""
    wanted = InteractionFilter(state, customer_ref, channel, before, limit)
    return [interaction_out(row) for row in list_interactions(session, wanted, reader.scope)]


@router.get("/{interaction_id}", response_model=InteractionView)
async def read_interaction(
    app: App, reader: Reader, interaction_id: InteractionId, wait: Wait = 0
) -> InteractionView:
    """An interaction as the sidebar shows it: suggestion, incidents, contact history."""
    return await app.live.view(interaction_id, reader, wait_ms=wait, with_history=True)


@router.post("/{interaction_id}/messages", response_model=MessagesOut)
async def post_messages(
    app: App, writer: Writer, interaction_id: InteractionId, given: MessagesIn, wait: Wait = 0
) -> MessagesOut:
    """What was said: one turn, some, or the whole conversation once more.

    Turns may come twice, late, out of order or edited: what is kept is the same. With `wait`
    the suggestion to the newest state comes in the answer.
    """
    turns = [message.to_turn() for message in given.messages]

    def act(session: Session) -> InteractionSaved:
        return add_messages(session, interaction_id, turns, writer.actor, writer.scope)

    saved = await run_in_threadpool(save_interaction, app, act)
    counts = saved.turns
    view = await app.live.view(interaction_id, writer, wait_ms=wait, with_history=False)
    return MessagesOut(
        added=counts.added, changed=counts.changed, unchanged=counts.unchanged, view=view
    )


@router.patch("/{interaction_id}", response_model=InteractionView)
async def patch_interaction(
    app: App, writer: Writer, interaction_id: InteractionId, given: InteractionChange
) -> InteractionView:
    """Change what is known, hand over, resolve or reopen.

    Resolving saves the conversation as a resolved case, with what is personal hidden, so that
    colleagues find it from now on.
    """
    patch = given.to_patch()

    def act(session: Session) -> InteractionSaved:
        return change_interaction(session, interaction_id, patch, writer.actor, writer.scope)

    await run_in_threadpool(save_interaction, app, act)
    return await app.live.view(interaction_id, writer, wait_ms=0, with_history=False)
