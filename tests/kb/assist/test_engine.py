"""The engine end to end: a database, the real encoder, an index, and a recorded answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from indexer.pipeline import index_pending
from kb.actions.articles import save_article
from kb.actions.cases import save_case
from kb.assist import engine as module
from kb.assist.engine import Engine, answer_confidence
from kb.assist.generator import EndpointGenerator
from kb.db import create_engine_for, session_factory
from kb.domain import Audience, Gap, Suggestion
from kb.errors import DatabaseError
from kb.ports import Encoder
from kb.queries.suggestions import get_suggestion
from kb.search.types import SearchQuery
from tests.kb import builders
from tests.kb.assist.conftest import TEXTS, dialog
from tests.models import CachedModels


@pytest.fixture(scope="module")
def engine(
    sqlite_template: Path, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("engine")
    (home / "potica.db").write_bytes(sqlite_template.read_bytes())
    settings = CachedModels(_env_file=None, home=home)
    database = create_engine_for(settings)
    sessions = session_factory(database)
    fill(sessions, encoder)
    database.dispose()
    engine = Engine.open(settings)
    yield engine
    engine.close()


def fill(sessions: sessionmaker[Session], encoder: Encoder) -> None:
    with sessions.begin() as session:
        for key, texts in TEXTS.items():
            audience = Audience.internal if key == "goodwill" else Audience.public
            save_article(session, builders.article(key, texts, audience=audience), actor="test")
        save_case(session, builders.case(), actor="test")
    while index_pending(sessions, encoder):
        pass


@pytest.fixture(autouse=True)
def _sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three articles say little about how sure to be: what is tested is what follows from it."""
    monkeypatch.setattr(module, "SURE_ENOUGH", 0.001)


def count(engine: Engine, table: type[Suggestion] | type[Gap]) -> int:
    with engine.session_factory() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_question_gets_a_cited_answer_that_is_recorded(engine: Engine) -> None:
    request = dialog("c: Hello, the postcode on the label is wrong, what can I do?", channel="chat")
    result = engine.suggest(request)
    assert result.articles[0].document_id == "wrong-postcode"
    assert result.cases[0].document_id == "en-0001"
    assert result.nothing_known is None
    assert result.reply is not None
    cited = [s for s in result.reply.sentences if s.citation]
    body = TEXTS["wrong-postcode"]["en"]
    assert cited
    assert all(body[s.start : s.end] == s.text for s in cited)
    assert set(result.milliseconds) == {"encode", "search", "compose", "total"}
    with engine.session_factory() as session:
        kept = get_suggestion(session, result.id)
    assert kept.top_document == "article:wrong-postcode"
    assert kept.channel == "chat"
    assert kept.response["reply"]["text"] == result.reply.text
    assert kept.request["messages"][0]["role"] == "customer"
    assert {"engine", "model", "snapshot", "asks"} <= set(kept.versions)


def test_the_customers_translation_is_quoted(engine: Engine) -> None:
    result = engine.suggest(dialog("c: Na etykiecie jest błędny kod pocztowy, co mam zrobić?"))
    assert result.language == "pl"
    assert result.reply is not None
    assert result.reply.source_language == "pl"
    assert "Źródło" not in result.reply.text


def test_without_a_translation_the_source_language_is_named(engine: Engine) -> None:
    result = engine.suggest(dialog("c: Nie dostałem kodu PIN do automatu locker, co teraz?"))
    assert result.articles[0].document_id == "locker-pin"
    assert result.reply is not None
    assert "Źródło tej odpowiedzi jest po angielsku." in result.reply.text


@pytest.mark.parametrize("reader", [Audience.public, Audience.customer])
def test_customers_get_no_cases_and_no_procedures(engine: Engine, reader: Audience) -> None:
    result = engine.suggest(dialog("c: What goodwill credit can I get?", reader=reader))
    assert result.cases == ()
    assert all(article.document_id != "goodwill" for article in result.articles)


def test_agents_see_a_procedure_that_the_reply_does_not_quote(engine: Engine) -> None:
    result = engine.suggest(dialog("c: Can I get a goodwill credit?"))
    assert result.articles[0].document_id == "goodwill"
    assert result.reply is None or "€15" not in result.reply.text


@pytest.mark.parametrize(
    ("said", "code"),
    [((), "empty"), (("c: \n",), "empty"), (("c: dziękuję, to wszystko",), "asks_nothing")],
)
def test_nothing_asked_gets_nothing_and_leaves_no_gap(
    engine: Engine, said: tuple[str, ...], code: str
) -> None:
    gaps = count(engine, Gap)
    result = engine.suggest(dialog(*said))
    assert result.nothing_known is not None
    assert result.nothing_known.code == code
    assert result.articles == result.cases == ()
    assert result.reply is None
    assert count(engine, Gap) == gaps
    assert result.id.startswith("sug_")


def test_a_few_words_that_were_typed_to_be_looked_for_are_looked_for(engine: Engine) -> None:
    said = dialog("c: goodwill")
    heard = engine.suggest(said, record=False).nothing_known
    assert heard is not None
    assert heard.code == "asks_nothing"
    found = engine.suggest(replace(said, is_typed=True), record=False)
    assert found.articles[0].document_id == "goodwill"


@pytest.mark.parametrize("text", ["dziękuję, to wszystko", "?!", "😀"])
def test_a_greeting_that_was_typed_asks_nothing_all_the_same(engine: Engine, text: str) -> None:
    result = engine.suggest(replace(dialog(f"c: {text}"), is_typed=True), record=False)
    assert result.nothing_known is not None
    assert result.nothing_known.code == "asks_nothing"


def test_an_unsure_answer_is_no_answer_but_a_gap(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SURE_ENOUGH", 0.999)
    result = engine.suggest(dialog("c: Kako pečem potico z orehi?"))
    assert result.nothing_known is not None
    assert result.nothing_known.code == "not_sure"
    assert result.nothing_known.message.startswith("Nič v bazi znanja")
    assert result.reply is None
    with engine.session_factory() as session:
        gap = session.scalars(select(Gap).where(Gap.suggestion_id == result.id)).one()
    assert (gap.question, gap.language, gap.reason) == (
        "Kako pečem potico z orehi?",
        "sl",
        "not_sure",
    )


def test_a_filter_that_leaves_nothing_is_a_gap(engine: Engine) -> None:
    request = dialog("c: Where is the PIN?", facets={"product": ["no-such-product"]})
    found = engine.suggest(request)
    codes = {found.nothing_known.code if found.nothing_known else None}
    assert codes <= {"nothing_found", None}
    assert (found.articles == ()) == (codes == {"nothing_found"})


def test_an_unrecorded_suggestion_leaves_nothing(engine: Engine) -> None:
    before = count(engine, Suggestion)
    assert engine.suggest(dialog("c: Where is my PIN?"), record=False).id == ""
    assert count(engine, Suggestion) == before


def test_answer_confidence_multiplies_asking_and_answering(engine: Engine) -> None:
    result = engine.suggest(dialog("c: The postcode is wrong, what can I do?"), record=False)
    expected = result.query.asks * result.articles[0].confidence
    assert answer_confidence(result.query, result.articles) == pytest.approx(expected)
    assert answer_confidence(result.query, ()) == 0.0


def test_an_absent_model_changes_nothing_and_costs_little(engine: Engine) -> None:
    pytest.importorskip("llama_index.llms.openai_like")
    absent = EndpointGenerator("http://127.0.0.1:9/v1", "m", timeout=2.0)
    with_model = Engine(
        engine.settings,
        engine.database,
        engine.session_factory,
        engine.encoder,
        engine.searcher,
        absent,
    )
    request = dialog("c: The postcode on the label is wrong, what can I do?")
    plain, tried = engine.suggest(request, record=False), with_model.suggest(request, record=False)
    assert tried.reply == plain.reply
    assert tried.milliseconds["generate"] < 2_500
    for _ in range(3):
        tried = with_model.suggest(request, record=False)
    assert tried.milliseconds["generate"] < 50


def test_odd_messages_are_recorded(engine: Engine) -> None:
    request = dialog("c: \x00 where is \ud800 my parcel?", "c: 😀")
    assert engine.suggest(request).id


def test_plain_search_is_the_searchers(engine: Engine) -> None:
    page = engine.search(SearchQuery(text="locker pin", language="en"))
    assert page.hits[0].document_id == "locker-pin"


def test_an_old_schema_says_what_to_do(tmp_path: Path) -> None:
    settings = CachedModels(_env_file=None, home=tmp_path)
    with pytest.raises(DatabaseError, match="potica init"):
        Engine.open(settings)
