"""Turns that arrive twice, late, out of order or edited: the result is the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from kb.actions import turns as module
from kb.actions.interactions import InteractionInput, add_messages, open_interaction
from kb.actions.turns import TurnInput
from kb.domain import Channel, Role
from kb.errors import InvalidInput
from kb.queries.interactions import get_interaction, load_turns

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def opened(session: Session, *turns: TurnInput) -> str:
    return open_interaction(session, InteractionInput(Channel.chat, turns=turns), "a", {}).id


def said(session: Session, interaction_id: str) -> list[tuple[str, str]]:
    return [(turn.key, turn.text) for turn in load_turns(session, interaction_id)]


def turn(key: str | None, text: str, seconds: int = 0, **changes: object) -> TurnInput:
    at = START + timedelta(seconds=seconds)
    return TurnInput(Role.customer, text, key, at, **changes)  # type: ignore[arg-type]


def later(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[TurnInput], list[TurnInput]]:
    """The same turns and edits in two orders, some of them more than once."""
    made: list[TurnInput] = []
    for number in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, 3))
        position = draw(st.none() | st.integers(0, 2))
        made.append(turn(f"m{number}", f"text {number}", at, position=position))
        for edit in range(draw(st.integers(0, 3))):
            moment = later(at + draw(st.integers(1, 3)))
            gone = draw(st.booleans())
            text = "" if gone else f"text {number} edit {edit}"
            made.append(
                turn(f"m{number}", text, at, position=position, edited_at=moment, deleted=gone)
            )
    again = draw(st.lists(st.sampled_from(made), max_size=4))
    return draw(st.permutations(made + again)), draw(st.permutations(made + again))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(orders=deliveries(), size=st.integers(1, 4))
def test_any_order_gives_the_same(
    sessions: sessionmaker[Session], orders: tuple[list[TurnInput], list[TurnInput]], size: int
) -> None:
    first, second = orders
    with sessions() as session:
        one, other = opened(session), opened(session)
        for given_turn in first:
            add_messages(session, one, [given_turn], "a", {})
        for start in range(0, len(second), size):
            add_messages(session, other, second[start : start + size], "a", {})
        assert said(session, one) == said(session, other)
        session.rollback()


def test_the_same_again_changes_nothing(session: Session) -> None:
    found = opened(session, turn("1", "where is it?"))
    before = get_interaction(session, found, {}).version
    saved = add_messages(session, found, [turn("1", "where is it?")] * 2, "a", {})
    assert (saved.turns.unchanged, saved.anything) == (2, False)
    assert get_interaction(session, found, {}).version == before


def test_turns_without_an_id_are_told_by_moment_and_words(session: Session) -> None:
    found = opened(session, turn(None, "hello"), turn(None, "hello", 5), turn(None, "hello"))
    assert [text for _, text in said(session, found)] == ["hello", "hello"]


def test_an_edit_without_a_moment_counts_from_when_it_comes(session: Session) -> None:
    found = opened(session, turn("1", "EH8"))
    add_messages(session, found, [turn("1", "EH9")], "a", {})
    add_messages(session, found, [turn("1", "EH8")], "a", {})  # an old delivery once more
    assert said(session, found) == [("1", "EH9")]
    add_messages(session, found, [turn("1", "EH10")], "a", {})
    assert said(session, found) == [("1", "EH10")]


def test_an_edit_that_overtakes_its_original_stays(session: Session) -> None:
    found = opened(session, turn("1", "EH9", edited_at=later(60)))
    add_messages(session, found, [turn("1", "EH8")], "a", {})
    assert said(session, found) == [("1", "EH9")]


def test_what_was_deleted_does_not_come_back(session: Session) -> None:
    found = opened(session, turn("1", "my card is 1234"), turn("2", "sorry", 1))
    add_messages(session, found, [turn("1", "", deleted=True, edited_at=later(9))], "a", {})
    add_messages(session, found, [turn("1", "my card is 1234")], "a", {})
    assert said(session, found) == [("2", "sorry")]


def test_turns_of_one_second_are_in_the_order_people_count(session: Session) -> None:
    found = opened(session, turn("10", "third"), turn("9", "second"), turn("x", "1st", position=0))
    assert [text for _, text in said(session, found)] == ["second", "third", "1st"]


def test_a_blank_turn_and_one_too_many_are_refused(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput):
        opened(session, turn("1", "  "))
    monkeypatch.setattr(module, "MAX_TURNS", 2)
    with pytest.raises(InvalidInput, match="another interaction"):
        opened(session, turn("1", "a"), turn("2", "b"), turn("3", "c"))
