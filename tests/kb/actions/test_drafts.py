"""A draft from cases: the article, its links and the audit, together or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.article_input import ArticleFields, TranslationInput
from kb.actions.articles import save_article
from kb.actions.cases import cite_article, save_case
from kb.actions.drafts import DraftInput, create_draft
from kb.actions.saved import SaveStatus
from kb.domain import Article, ArticleState, AuditEntry, Case, CaseArticle, Passage, Trust
from kb.errors import Conflict, InvalidInput, NotFound
from tests.kb.builders import article, case


def given(*cases: str, title: str = "Łódź: PIN nie przyszedł!", **more: object) -> DraftInput:
    text = TranslationInput("pl", title, "Wyślij ponownie.")
    fields = ArticleFields(original_language="pl", trust=Trust.validated)
    return DraftInput(cases, text, fields, **more)  # type: ignore[arg-type]


def test_a_draft_is_cited_by_its_cases(session: Session) -> None:
    for key in ("c-1", "c-2"):
        save_case(session, case(key), "tests")
    saved = create_draft(session, given("c-2", "c-1", "c-2"), "ana")
    assert saved.id == "lodz-pin-nie-przyszedl"
    row = session.get_one(Article, saved.id)
    assert (row.state, row.trust) == (ArticleState.draft, Trust.not_validated)
    citing = session.scalars(
        select(col(CaseArticle.case_id)).where(col(CaseArticle.article_id) == saved.id)
    )
    assert set(citing) == {"c-1", "c-2"}
    actions = session.execute(
        select(col(AuditEntry.action), col(AuditEntry.entity_id)).where(
            col(AuditEntry.actor) == "ana"
        )
    ).all()
    assert set(actions) == {
        ("create", saved.id),
        ("create_draft", saved.id),
        ("link", "c-1"),
        ("link", "c-2"),
    }
    assert create_draft(session, given("c-1"), "ana").id == "lodz-pin-nie-przyszedl-2"


def test_a_key_that_is_taken_is_refused(session: Session) -> None:
    save_case(session, case("c-1"), "tests")
    save_article(session, article("there"), "tests")
    with pytest.raises(Conflict, match="already"):
        create_draft(session, given("c-1", id="there"), "ana")
    with pytest.raises(NotFound):
        create_draft(session, given("never-was"), "ana")
    with pytest.raises(InvalidInput):
        create_draft(session, given(), "ana")


def test_linking_a_case_keeps_what_is_searched_of_it(session: Session) -> None:
    save_case(session, case("c-1"), "tests")
    save_article(session, article("there"), "tests")
    before = session.scalars(select(col(Passage.id))).all()
    first = cite_article(session, "c-1", "there", "ana")
    again = cite_article(session, "c-1", "there", "ana")
    assert (first.status, again.status) == (SaveStatus.changed, SaveStatus.unchanged)
    assert session.get_one(Case, "c-1").articles[-1] == "there"
    assert session.scalars(select(col(Passage.id))).all() == before
    with pytest.raises(NotFound):
        cite_article(session, "c-1", "never-was", "ana")
