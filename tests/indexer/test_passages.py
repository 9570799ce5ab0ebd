"""What becomes of an article and a case in the index."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import import_content
from indexer.passages import article_passages, case_passages
from kb.actions.articles import ArticleFields, ArticleInput, TranslationInput, save_article
from kb.actions.cases import CaseInput, MessageInput, save_case
from kb.domain import ArticleState, Audience, CaseState, Channel, Part, Passage, Role
from kb.queries.articles import iter_articles, load_published
from kb.queries.cases import iter_cases, load_resolved
from tests.indexer.encoders import WordEncoder

Sessions = sessionmaker[Session]
BODY = """Ask **at the desk**, see [keys](article:keys).

## Where?

Ground floor.
"""


@pytest.fixture
def passages(sqlite_sessions: Sessions) -> list[Passage]:
    text = TranslationInput("en", "I lost my keys", BODY, "Ask us.", ("no key", "locked out"))
    article = ArticleInput(
        "lost-key",
        [text, TranslationInput("sl", "Izgubil sem ključe", "Vprašajte.")],
        ArticleFields("en", Audience.customer, facets={"product": ["locker"]}),
        ArticleState.published,
    )
    with sqlite_sessions.begin() as session:
        save_article(session, article, "test")
        view = load_published(session, "lost-key")
    assert view is not None
    return article_passages(view, WordEncoder())


def test_title_and_keywords_are_passages_of_their_own(passages: list[Passage]) -> None:
    titles = [p for p in passages if p.part == Part.title and p.language == "en"]
    assert [(p.ordinal, p.text, p.embedded_text) for p in titles] == [
        (0, "I lost my keys", "I lost my keys"),
        (1, "no key", "no key"),
        (2, "locked out", "locked out"),
    ]
    assert {(p.start, p.end) for p in titles} == {(0, 0)}
    expected = hashlib.sha256(b"query\0no key").hexdigest()
    assert titles[1].text_hash == expected


def test_the_first_passage_is_found_by_summary_and_keywords_too(passages: list[Passage]) -> None:
    first, second = passages[:2]
    assert {"key", "ask"} <= set(first.terms.split())
    assert second.terms == "no key"
    assert {p.title_terms for p in passages if p.language == "en"} == {"i lose my key"}


def test_body_passages_carry_title_and_heading_to_the_encoder(passages: list[Passage]) -> None:
    lead, where = [p for p in passages if p.part == Part.body and p.language == "en"]
    assert lead.embedded_text == "I lost my keys\nAsk at the desk, see keys."
    assert where.embedded_text == "I lost my keys\nWhere?\nGround floor."
    assert (where.heading, where.text) == ("Where?", "Ground floor.")
    assert BODY[lead.start : lead.end] == lead.text
    assert where.text_hash == hashlib.sha256(f"passage\0{where.embedded_text}".encode()).hexdigest()
    assert "where" in where.terms.split()  # headings are found by their words


def test_every_passage_is_labelled_as_its_article(passages: list[Passage]) -> None:
    assert {(p.audience, p.document_id) for p in passages} == {("customer", "lost-key")}
    assert all(p.facets == {"product": ["locker"]} for p in passages)
    assert len({p.revision_id for p in passages}) == 2  # one per language
    assert {p.language for p in passages} == {"en", "sl"}


def _case(sessions: Sessions, **change: object) -> list[Passage]:
    values: dict[str, object] = {
        "id": "en-1",
        "language": "en",
        "channel": Channel.chat,
        "subject": "PIN missing",
        "state": CaseState.resolved,
        "messages": [
            MessageInput(Role.customer, "No PIN came"),
            MessageInput(Role.agent, "Did you look in spam?"),
            MessageInput(Role.customer, "yes!!"),
        ],
        "tried": "Sent again.",
        "resolution": "Corrected the number.",
    }
    with sessions.begin() as session:
        save_case(session, CaseInput(**(values | change)), "test")  # type: ignore[arg-type]
        view = load_resolved(session, "en-1")
    assert view is not None
    return case_passages(view, WordEncoder())


def test_a_case_keeps_its_structure(sqlite_sessions: Sessions) -> None:
    found = [(p.part, p.text, p.embedded_text) for p in _case(sqlite_sessions)]
    assert found == [
        ("title", "PIN missing", "PIN missing"),
        ("problem", "No PIN came\n\nyes!!", "No PIN came\n\nyes!!"),
        ("tried", "Sent again.", "PIN missing\nSent again."),
        ("resolution", "Corrected the number.", "PIN missing\nCorrected the number."),
    ]


def test_a_case_is_for_agents_and_what_the_agent_said_is_not_searched(
    sqlite_sessions: Sessions,
) -> None:
    passages = _case(sqlite_sessions)
    assert {p.audience for p in passages} == {"internal"}
    assert not any("spam" in p.terms for p in passages)
    assert len({p.text_hash for p in passages}) == 4


def test_a_long_problem_is_cut_short(sqlite_sessions: Sessions) -> None:
    messages = [MessageInput(Role.customer, "It is all so very bad. " * 200)]
    passages = _case(sqlite_sessions, messages=messages)
    assert [p.part for p in passages].count(Part.problem) == 4


def test_spans_are_right_over_the_whole_demo_content(
    content: Path, sqlite_sessions: Sessions
) -> None:
    import_content(sqlite_sessions, content)
    encoder = WordEncoder(max_tokens=128)
    checked = 0
    with sqlite_sessions() as session:
        for article in iter_articles(session):
            bodies = {text.language: text.body for text in article.translations}
            for passage in article_passages(article, encoder):
                if passage.part == Part.body:
                    body = bodies[passage.language]
                    assert body[passage.start : passage.end] == passage.text
                    assert encoder.count_tokens([passage.embedded_text])[0] <= 128 - 16
                    assert "translation_of" not in passage.text
                    checked += 1
        for case in iter_cases(session):
            assert {p.part for p in case_passages(case, encoder)} >= {"title", "resolution"}
    assert checked > 500
