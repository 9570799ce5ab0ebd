"""Suggestions of a live interaction: recorded once, and why the best answer changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from indexer.pipeline import index_pending
from kb.actions.articles import archive, save_article
from kb.actions.cases import save_case
from kb.actions.interactions import (
    InteractionInput,
    InteractionPatch,
    add_messages,
    change_interaction,
    open_interaction,
)
from kb.actions.turns import TurnInput
from kb.assist import engine as module
from kb.assist.engine import Engine
from kb.assist.live import LiveSuggestion, ReaderView, load_state, suggest_live
from kb.db import create_engine_for, session_factory
from kb.domain import (
    Audience,
    Channel,
    Gap,
    Interaction,
    InteractionEvent,
    InteractionEventKind,
    Role,
    Suggestion,
)
from kb.errors import NotFound
from kb.ports import Encoder
from tests.kb import builders
from tests.kb.assist.conftest import TEXTS
from tests.models import CachedModels

POSTCODE = "The postcode on my label is wrong, can you relabel the parcel?"
PIN = "And I did not get the PIN for the locker, can you send it again?"
EYES = ReaderView(Audience.internal)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine(
    sqlite_template: Path, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("live")
    (home / "potica.db").write_bytes(sqlite_template.read_bytes())
    settings = CachedModels(_env_file=None, home=home)
    database = create_engine_for(settings)
    sessions = session_factory(database)
    with sessions.begin() as session:
        for key, texts in TEXTS.items():
            audience = Audience.internal if key == "goodwill" else Audience.public
            save_article(session, builders.article(key, texts, audience=audience), actor="test")
        save_case(session, builders.case(), actor="test")
    index(sessions, encoder)
    database.dispose()
    engine = Engine.open(settings)
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def _sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three articles say little about how sure to be."""
    monkeypatch.setattr(module, "SURE_ENOUGH", 0.001)


def index(sessions: sessionmaker[Session], encoder: Encoder) -> None:
    while index_pending(sessions, encoder):
        pass


def customer(text: str, key: str, minute: int = 0, **more: Any) -> TurnInput:
    return TurnInput(Role.customer, text, key=key, at=START + timedelta(minutes=minute), **more)


def agent(text: str, key: str, minute: int) -> TurnInput:
    return TurnInput(Role.agent, text, key=key, at=START + timedelta(minutes=minute))


def begin(engine: Engine, *turns: TurnInput, **more: Any) -> str:
    given = InteractionInput(Channel.chat, turns=turns, **more)
    with engine.session_factory.begin() as session:
        return open_interaction(session, given, "test", {}).id


def say(engine: Engine, interaction_id: str, *turns: TurnInput) -> None:
    with engine.session_factory.begin() as session:
        add_messages(session, interaction_id, turns, "test", {})


def patch(engine: Engine, interaction_id: str, **values: Any) -> None:
    with engine.session_factory.begin() as session:
        change_interaction(session, interaction_id, InteractionPatch(**values), "test", {})


def answer(engine: Engine, interaction_id: str, reader: ReaderView = EYES) -> LiveSuggestion:
    with engine.session_factory() as session:
        state = load_state(session, interaction_id, reader.scope)
    return suggest_live(engine, state, reader)


def best(found: LiveSuggestion) -> str:
    return found.result.articles[0].document_id


def recorded(engine: Engine, interaction_id: str) -> list[Suggestion]:
    with engine.session_factory() as session:
        query = select(Suggestion).where(col(Suggestion.interaction_id) == interaction_id)
        return list(session.scalars(query.order_by(col(Suggestion.created_at))))


def test_it_is_recorded_with_the_interaction_and_its_version(engine: Engine) -> None:
    key = begin(engine, customer(POSTCODE, "m1"), customer_ref="C-1")
    found = answer(engine, key)
    assert best(found) == "wrong-postcode"
    (row,) = recorded(engine, key)
    assert (row.id, row.interaction_version) == (found.result.id, 1)
    assert row.request["reader_key"] == EYES.key
    assert row.customer_mark
    assert row.change is not None
    assert row.change["reason"] == "first_answer"
    with engine.session_factory() as session:
        interaction = session.get_one(Interaction, key)
        assert (interaction.version, interaction.sequence) == (1, 2)
        query = select(InteractionEvent).where(
            col(InteractionEvent.interaction_id) == key,
            col(InteractionEvent.kind) == InteractionEventKind.suggested,
        )
        event = session.scalars(query).one()
    assert event.suggestion_id == found.result.id
    assert event.details["top_document"] == "article:wrong-postcode"


def test_the_same_state_is_recorded_once(engine: Engine) -> None:
    key = begin(engine, customer(POSTCODE, "m1"))
    first, again = answer(engine, key), answer(engine, key)
    assert first.is_new
    assert not again.is_new
    assert again.result.id == first.result.id
    assert again.change == first.change
    assert again.result.articles[0].text  # whole, not only what is recorded
    patch(engine, key, agent_ref="Eva")  # says nothing new about what is asked
    later = answer(engine, key)
    assert (later.result.id, later.version) == (first.result.id, 2)
    (row,) = recorded(engine, key)
    assert row.interaction_version == 2
    with engine.session_factory() as session:
        sequence = session.get_one(Interaction, key).sequence
    assert answer(engine, key).result.id == first.result.id
    with engine.session_factory() as session:
        assert session.get_one(Interaction, key).sequence == sequence  # nothing new to be seen


def test_other_eyes_are_given_their_own(engine: Engine) -> None:
    key = begin(engine, customer("May I get a goodwill credit?", "m1"))
    agent, public = answer(engine, key), answer(engine, key, ReaderView(Audience.public))
    assert best(agent) == "goodwill"
    assert "goodwill" not in [hit.document_id for hit in public.result.articles]
    assert not public.result.cases
    assert len({row.id for row in recorded(engine, key)}) == 2
    assert ReaderView(Audience.public, {"a": ["x", "y"]}).key == (
        ReaderView(Audience.public, {"a": ["y", "x"]}).key
    )


def test_the_first_answer_names_the_message_and_its_words(engine: Engine) -> None:
    key = begin(engine, customer("Hello!", "m1"))
    assert answer(engine, key).change is None
    say(engine, key, customer(POSTCODE, "m2", 1))
    change = answer(engine, key).change
    assert change is not None
    assert (change.reason, change.message) == ("first_answer", "m2")
    assert (change.before, change.after) == (None, "article:wrong-postcode")
    assert set(change.words) & {"postcode", "label", "relabel", "parcel"}
    assert all(word in POSTCODE for word in change.words)


def test_another_question(engine: Engine) -> None:
    key = begin(engine, customer(POSTCODE, "m1"))
    answer(engine, key)
    say(engine, key, agent("Yes, we print a new label.", "a1", 2))
    say(engine, key, customer(PIN, "m2", 5))
    found = answer(engine, key)
    assert best(found) == "locker-pin"
    assert found.change is not None
    assert (found.change.reason, found.change.message) == ("new_question", "m2")
    assert "PIN" in found.change.words
    assert found.change.before == "article:wrong-postcode"
    say(engine, key, agent("One moment.", "a2", 60))
    assert answer(engine, key).change is None  # the same answer is the best


def test_a_message_that_was_edited_or_taken_back(engine: Engine) -> None:
    key = begin(engine, customer(POSTCODE, "m1"))
    answer(engine, key)
    edited = START + timedelta(minutes=1)
    say(engine, key, customer(PIN, "m1", edited_at=edited))
    found = answer(engine, key)
    assert best(found) == "locker-pin"
    assert found.change is not None
    assert (found.change.reason, found.change.message) == ("message_edited", "m1")
    gone = TurnInput(
        Role.customer, "", key="m1", at=START, deleted=True, edited_at=edited + timedelta(minutes=1)
    )
    say(engine, key, gone)
    found = answer(engine, key)
    assert found.result.nothing_known is not None
    assert found.change is not None
    assert (found.change.reason, found.change.after) == ("nothing_known", None)
    say(engine, key, customer(PIN, "m3", 9))
    change = answer(engine, key).change
    assert change is not None
    assert change.reason in ("new_question", "more_detail")  # an answer was there before


def test_the_language_it_was_told_to_be_in(engine: Engine) -> None:
    key = begin(engine, customer(POSTCODE, "m1"), language="en")
    assert answer(engine, key).result.articles[0].language == "en"
    patch(engine, key, language="pl")
    found = answer(engine, key)
    assert found.result.articles[0].language == "pl"
    assert found.change is not None
    assert found.change.reason == "language_changed"
    assert found.change.before == found.change.after == "article:wrong-postcode"


def test_words_hold_nothing_personal(engine: Engine) -> None:
    said = f"{POSTCODE} My phone number is 020 7946 0018, write to ann@mail.example."
    key = begin(engine, customer(said, "m1"))
    answer(engine, key)
    (row,) = recorded(engine, key)
    assert row.change is not None
    assert "7946" not in str(row.change) + str(row.request) + row.query
    assert "mail.example" not in str(row.change) + str(row.request) + row.query


def test_a_gap_is_counted_once_for_a_conversation(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SURE_ENOUGH", 1.1)
    question = "Do you deliver live hedgehogs to the moon, and what does that cost?"
    key = begin(engine, customer(question, "m1"))
    assert answer(engine, key).result.nothing_known is not None
    say(engine, key, agent("Let me see.", "a1", 60))
    answer(engine, key)
    assert len(recorded(engine, key)) == 2
    with engine.session_factory() as session:
        ids = [row.id for row in recorded(engine, key)]
        total = select(func.sum(col(Gap.count))).where(col(Gap.suggestion_id).in_(ids))
        assert session.scalar(total) == 1


def test_knowledge_that_changes_is_told_as_such(engine: Engine, encoder: Encoder) -> None:
    key = begin(engine, customer("What is the surcharge for a surfboard?", "m1"))
    before = answer(engine, key)
    texts = {"en": "The surcharge for a surfboard is 12 euros, whatever its size."}
    with engine.session_factory.begin() as session:
        save_article(session, builders.article("surfboard", texts), actor="test")
    index(engine.session_factory, encoder)
    found = answer(engine, key)
    assert best(found) == "surfboard"
    assert found.is_new
    assert found.result.id != before.result.id
    assert found.change is not None
    assert found.change.reason == "knowledge_changed"
    with engine.session_factory.begin() as session:
        archive(session, "surfboard", actor="test")
    assert "surfboard" not in [hit.document_id for hit in answer(engine, key).result.articles]


def test_what_is_gone_or_out_of_scope(engine: Engine) -> None:
    key = begin(engine, customer(POSTCODE, "m1"), facets={"country": ["PL"]})
    with engine.session_factory() as session, pytest.raises(NotFound):
        load_state(session, key, {"country": ["SI"]})
    with engine.session_factory() as session:
        state = load_state(session, key, {"country": ["PL"]})
    with engine.session_factory.begin() as session:
        for row in session.scalars(
            select(InteractionEvent).where(col(InteractionEvent.interaction_id) == key)
        ):
            session.delete(row)
        session.connection().exec_driver_sql(
            "DELETE FROM interaction_message WHERE interaction_id = ?", (key,)
        )
        session.delete(session.get_one(Interaction, key))
    with pytest.raises(NotFound):
        suggest_live(engine, state, EYES)


def test_two_servers_record_the_same_state_once(
    database_url: str, encoder: Encoder, tmp_path: Path
) -> None:
    settings = CachedModels(_env_file=None, database_url=database_url, home=tmp_path)
    database = create_engine_for(settings)
    sessions = session_factory(database)
    with sessions.begin() as session:
        key = "wrong-postcode"
        save_article(session, builders.article(key, TEXTS[key]), actor="test")
    index(sessions, encoder)
    database.dispose()
    engines = [Engine.open(settings) for _ in range(2)]
    try:
        key = begin(engines[0], customer(POSTCODE, "m1"))
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda n: answer(engines[n % 2], key), range(4)))
        assert len({one.result.id for one in found}) == 1
        assert sum(one.is_new for one in found) == 1
        assert len(recorded(engines[0], key)) == 1
        with engines[1].session_factory() as session:
            assert session.get_one(Interaction, key).sequence == 2
    finally:
        for engine in engines:
            engine.close()
