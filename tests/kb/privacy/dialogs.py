"""Interactions of the customer and of somebody else, with something in every place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.actions.events import record_event
from kb.actions.inbound import Conversation, receive
from kb.actions.interactions import (
    InteractionInput,
    InteractionPatch,
    add_messages,
    change_interaction,
    open_interaction,
)
from kb.actions.suggestions import (
    FeedbackInput,
    SuggestionRecord,
    record_feedback,
    record_suggestion,
)
from kb.actions.turns import TurnInput
from kb.domain import (
    Channel,
    ColleagueQuestion,
    Contribution,
    ContributionKind,
    FeedbackKind,
    Flag,
    FlagKind,
    InteractionEventKind,
    InteractionState,
    Role,
    Task,
    TaskKind,
    User,
    Webhook,
    utc_now,
)
from kb.queries.webhooks import get_webhook
from tests.kb.hooked import inbound, outbound

Plant = Callable[[str], str]
KINDS = ("opened", "message", "resolved", "flagged", "feedback")


def plant_dialogs(session: Session, plant: Plant, ref: str, others: str) -> None:
    """One that was solved, one without a reference that is open, one of somebody else."""
    session.add(User(id="usr_expert", email="expert@lipa.example", name="Ivo"))
    outbound(session, events=list(KINDS))
    hook = get_webhook(session, inbound(session).webhook.id)
    solved = _solved(session, plant, ref)
    _open(session, plant, ref, hook.id)
    _of_somebody_else(session, others, solved)


def _solved(session: Session, plant: Plant, ref: str) -> str:
    told = InteractionInput(
        Channel.chat,
        external_id=plant("external"),
        customer_ref=ref,
        customer_name=plant("name"),
        agent_ref=plant("agentref"),
        language="en",
        subject=plant("topic"),
        facets={plant("ifacet"): [plant("ivalue")]},
        turns=[_turn(plant("said"), plant("key")), _turn(plant("answer"), "2", Role.agent)],
    )
    key = open_interaction(session, told, "e", {}).id
    edited = TurnInput(Role.customer, plant("edited"), key=plant("key2"))
    add_messages(session, key, [edited], "e", {})
    made = _suggested(session, key, plant("focus"), plant("changed"))
    patch = InteractionPatch(
        state=InteractionState.resolved,
        resolution=plant("iresolution"),
        handover_note=plant("note"),
        handed_to=plant("handed"),
    )
    change_interaction(session, key, patch, "e", {})
    _given(session, key, made, plant)
    return key


def _open(session: Session, plant: Plant, ref: str, webhook_id: str) -> None:
    """Its name stands for the reference; it came by a webhook."""
    external = plant("chat")
    opens = InteractionInput(Channel.phone, external_id=external, customer_name=ref)
    told = Conversation(external, opens, [_turn(plant("spoken"), "1")])
    receive(session, get_webhook(session, webhook_id), plant("messageid"), told)


def _of_somebody_else(session: Session, others: str, solved: str) -> None:
    told = InteractionInput(
        Channel.email,
        external_id="other-1",
        customer_ref="cust-9",
        language="en",
        subject=others,
        turns=[_turn(f"{others} is on my mind", "1")],
    )
    key = open_interaction(session, told, "e", {}).id
    made = _suggested(session, key, others, others)
    given = FeedbackInput(FeedbackKind.edited, "article:wrong-postcode", text=others)
    record_feedback(session, made, given)
    _given(session, key, made, lambda _: others)
    # On what is erased: its case, and an answer of the erased interaction.
    own_case = f"case:c-{solved.removeprefix('int_')}"
    _add(session, Flag, "flg_case", key, document=own_case, text=others, kind=FlagKind.wrong)
    values = {"kind": TaskKind.flag, "document": own_case, "key": "flag:flg_case"}
    session.add(Task.model_validate(values | {"flag_id": "flg_case", "due_at": utc_now()}))
    session.flush()


def _given(session: Session, key: str, made: str, plant: Plant) -> None:
    about = {"suggestion_id": made}
    end = key[-4:]
    article = "article:wrong-postcode"
    flag = {"document": article, "text": plant("flag"), "kind": FlagKind.stale}
    _add(session, Flag, f"flg_{end}", key, **about, **flag)
    words = {"title": plant("title"), "text": plant("fix"), "document": article}
    _add(session, Contribution, f"con_{end}", key, **about, kind=ContributionKind.fix, **words)
    _add(
        session,
        ColleagueQuestion,
        f"que_{end}",
        key,
        **about,
        text=plant("question"),
        answer=plant("reply"),
        asked_by="usr_a",
        asked_of="usr_expert",
    )
    record_event(session, key, InteractionEventKind.flagged, "usr_a", made, flag_id=f"flg_{end}")


def _add(session: Session, table: type[SQLModel], key: str, of: str, **values: Any) -> None:
    known = {"id": key, "interaction_id": of, "language": "en", "actor": "usr_a"}
    fields = table.model_fields
    session.add(table.model_validate({k: v for k, v in (known | values).items() if k in fields}))
    session.flush()


def _suggested(session: Session, key: str, focus: str, words: str) -> str:
    """Without the customer's mark: the interaction tells whose it is."""
    record = SuggestionRecord(
        "en", "internal", focus, {"messages": []}, {"focus": focus},
        interaction_id=key, interaction_version=1,
        change={"reason": "new_question", "message": words, "words": [words]},
    )  # fmt: skip
    made = record_suggestion(session, record)
    record_event(session, key, InteractionEventKind.suggested, "system", made)
    return made


def _turn(text: str, key: str, role: Role = Role.customer) -> TurnInput:
    return TurnInput(role, text, key=key, at=utc_now())


def webhooks(session: Session) -> list[Webhook]:
    """Both are still there afterwards."""
    return list(session.scalars(select(Webhook).order_by(col(Webhook.direction))))
