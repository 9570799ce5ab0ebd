"""Opening, changing and resolving interactions, and the cases that come of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kb.actions.cases import save_case
from kb.actions.interactions import (
    InteractionInput,
    InteractionPatch,
    InteractionSaved,
    add_messages,
    change_interaction,
    open_interaction,
)
from kb.actions.suggestions import FeedbackInput, record_feedback
from kb.actions.turns import TurnInput
from kb.domain import (
    CaseState,
    Channel,
    FeedbackKind,
    InteractionEvent,
    InteractionState,
    Outcome,
    Reuse,
    Role,
    Suggestion,
    utc_now,
)
from kb.errors import Conflict, Forbidden, InvalidInput, NotFound
from kb.queries.cases import get_raw_case_view
from kb.queries.contacts import contact_history
from kb.queries.interactions import InteractionFilter, get_interaction, list_interactions
from tests.kb.builders import audited, case, suggestion

ASKS = TurnInput(Role.customer, "My parcel went to EH8 instead of EH9", "m1", utc_now())
SAYS = TurnInput(Role.agent, "I have it relabelled at the depot.", "m2", utc_now())
RESOLVED = InteractionPatch(
    state=InteractionState.resolved, outcome=Outcome.solved, reuse=Reuse.used
)


def started(session: Session, *turns: TurnInput, **given: Any) -> InteractionSaved:
    values: dict[str, Any] = {"channel": Channel.chat, "source": "desk", "external_id": "42"}
    values |= {"customer_ref": "cust-17", "language": "en"} | given
    return open_interaction(
        session, InteractionInput(**values, turns=turns or (ASKS, SAYS)), "ana", {}
    )


def kinds(session: Session) -> list[str]:
    return [str(event.kind) for event in session.query(InteractionEvent).order_by("id")]


def test_the_same_conversation_is_one(session: Session) -> None:
    first = started(session, ASKS)
    again = started(session, ASKS, SAYS, subject="Wrong postcode")
    assert (again.id, again.created, again.turns.added) == (first.id, False, 1)
    found = get_interaction(session, first.id, {})
    assert (found.subject, found.message_count, found.version) == ("Wrong postcode", 2, 2)
    assert not started(session, ASKS, SAYS, subject="Wrong postcode").anything
    assert started(session, external_id="43").id != first.id
    assert kinds(session) == ["opened", "message", "opened"]


def test_resolving_makes_a_case_that_colleagues_find(session: Session) -> None:
    found = started(session)
    shown = suggestion(session)
    session.get_one(Suggestion, shown).interaction_id = found.id
    used = FeedbackInput(FeedbackKind.used, "article:wrong-postcode")
    record_feedback(session, shown, used)
    saved = change_interaction(session, found.id, RESOLVED, "ana", {})
    assert saved.case_id is not None
    made = get_raw_case_view(session, saved.case_id)
    assert (made.state, made.resolution) == (CaseState.resolved, SAYS.text)
    assert (made.articles, made.customer_ref) == (("wrong-postcode",), "cust-17")
    assert [message.text for message in made.messages] == [ASKS.text, SAYS.text]
    row = get_interaction(session, found.id, {})
    assert (row.state, row.reuse, row.case_id) == ("resolved", Reuse.used, made.id)
    assert ("change", found.id) in audited(session)
    again = change_interaction(session, found.id, RESOLVED, "ana", {})
    assert not again.anything


def test_a_customer_who_writes_after_the_end_opens_it_again(session: Session) -> None:
    found = started(session)
    case_id = change_interaction(session, found.id, RESOLVED, "ana", {}).case_id
    late = TurnInput(Role.customer, "thanks", "m0", utc_now() - timedelta(days=1))
    add_messages(session, found.id, [late], "ana", {})
    assert get_interaction(session, found.id, {}).state == InteractionState.resolved
    back = TurnInput(Role.customer, "It went wrong again!", "m3", utc_now() + timedelta(1))
    saved = add_messages(session, found.id, [back], "ana", {})
    assert (saved.case_id, get_interaction(session, found.id, {}).state) == (case_id, "open")
    assert case_id is not None
    assert get_raw_case_view(session, case_id).state == CaseState.open
    final = InteractionPatch(
        state=InteractionState.resolved, outcome=Outcome.solved_second_contact, resolution="Sent."
    )
    assert change_interaction(session, found.id, final, "ana", {}).case_id == case_id
    made = get_raw_case_view(session, case_id)
    assert (made.resolution, len(made.messages)) == ("Sent.", 4)
    assert kinds(session)[-2:] == ["reopened", "resolved"]


def test_a_correction_after_the_end_goes_into_the_case(session: Session) -> None:
    found = started(session)
    change_interaction(session, found.id, RESOLVED, "ana", {})
    better = InteractionPatch(resolution="Call the depot, give them the right postcode.")
    case_id = change_interaction(session, found.id, better, "ana", {}).case_id
    assert case_id is not None
    assert get_raw_case_view(session, case_id).resolution == better.resolution


def test_without_words_of_the_agent_there_is_no_case(session: Session) -> None:
    found = started(session, ASKS)
    assert change_interaction(session, found.id, RESOLVED, "ana", {}).case_id is None
    assert get_interaction(session, found.id, {}).case_id is None


def test_what_the_agent_told_is_the_resolution(session: Session) -> None:
    """Not the promise to look into it, nor what was asked back, nor the goodbye."""
    begun = ASKS.at or utc_now()
    later = [
        TurnInput(Role.agent, text, f"m{n}", begun + timedelta(minutes=n))
        for n, text in enumerate(
            ["I'll look into it. Where was it scanned last?", "You're welcome, bye!"], start=5
        )
    ]
    found = started(session, ASKS, SAYS, *later)
    case_id = change_interaction(session, found.id, RESOLVED, "ana", {}).case_id
    assert case_id is not None
    assert get_raw_case_view(session, case_id).resolution == SAYS.text
    other = started(session, ASKS, *later, external_id="44")
    assert change_interaction(session, other.id, RESOLVED, "ana", {}).case_id is None


def test_a_case_of_another_system_is_only_resolved(session: Session) -> None:
    save_case(session, case(state=None, resolution="", outcome=None), "import")
    found = started(session, case_id="en-0001")
    assert change_interaction(session, found.id, RESOLVED, "ana", {}).case_id == "en-0001"
    view = get_raw_case_view(session, "en-0001")
    assert (view.state, view.resolution, len(view.messages)) == ("resolved", SAYS.text, 1)
    with pytest.raises(NotFound):
        started(session, case_id="nowhere", external_id="9")


def test_what_may_not_be(session: Session) -> None:
    found = started(session)
    with pytest.raises(Conflict) as caught:
        change_interaction(session, found.id, InteractionPatch(subject="x", version=9), "a", {})
    assert caught.value.details["version"] == 1
    with pytest.raises(InvalidInput, match="resolved"):
        change_interaction(session, found.id, InteractionPatch(reuse=Reuse.added), "a", {})
    change_interaction(session, found.id, RESOLVED, "ana", {})
    back = InteractionPatch(state=InteractionState.handed_over)
    with pytest.raises(Conflict, match="handed_over"):
        change_interaction(session, found.id, back, "a", {})
    with pytest.raises(NotFound):
        add_messages(session, "int_nowhere", [ASKS], "a", {})


def test_scopes_hide_interactions_and_keep_them_in(session: Session) -> None:
    scope = {"country": ["SI"]}
    found = started(session, facets={"country": ["PL"]})
    for act in (
        lambda: get_interaction(session, found.id, scope),
        lambda: add_messages(session, found.id, [ASKS], "a", scope),
        lambda: change_interaction(session, found.id, RESOLVED, "a", scope),
    ):
        with pytest.raises(NotFound):
            act()
    assert list_interactions(session, InteractionFilter(), scope) == ()
    assert len(list_interactions(session, InteractionFilter(), {})) == 1
    given = InteractionInput(Channel.chat, facets={"country": ["PL"]})
    with pytest.raises(Forbidden):
        open_interaction(session, given, "a", scope)
    own = open_interaction(
        session, InteractionInput(Channel.chat, facets={"country": ["SI"]}), "a", scope
    )
    away = InteractionPatch(facets={"country": ["PL"]})
    with pytest.raises(Forbidden):
        change_interaction(session, own.id, away, "a", scope)


def test_history_is_one_across_channels(session: Session) -> None:
    save_case(session, case(customer_ref="cust-17"), "import")
    first = started(session, external_id="1", channel=Channel.phone, customer_name="Ana Kranjc")
    change_interaction(session, first.id, RESOLVED, "ana", {})
    asks = TurnInput(Role.customer, "Hi, Ana Kranjc again, ana@lipa.example", "x", utc_now())
    second = started(session, asks, external_id="2", channel=Channel.email)
    here = started(session, external_id="3", channel=Channel.chat)
    started(session, external_id="4", customer_ref="somebody-else")
    history = contact_history(session, "cust-17", {}, but=here.id)
    assert [(contact.kind, contact.channel) for contact in history] == [
        ("interaction", Channel.email),
        ("interaction", Channel.phone),
        ("case", Channel.chat),
    ]
    assert [contact.id for contact in history[:2]] == [second.id, first.id]
    assert history[1].tried or history[1].resolution
    assert "ana@lipa.example" not in history[0].question
    assert contact_history(session, None, {}) == ()
    assert contact_history(session, "cust-17", {"country": ["SI"]}, but=here.id)[-1].id != "en-0001"
