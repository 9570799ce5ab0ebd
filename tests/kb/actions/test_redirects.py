"""Merge, split, rename: permalinks lead on, counts follow, nothing hidden is told."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.article_input import TranslationInput
from kb.actions.articles import archive, restore, save_article, set_audience
from kb.actions.cases import cite_article, save_case
from kb.actions.redirects import merge, redirect, rename, split
from kb.actions.saved import SaveStatus
from kb.actions.suggestions import FeedbackInput, record_feedback
from kb.domain import ArticleState, Audience, CaseArticle, Feedback, FeedbackKind, Redirect
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.articles import get_article_view, load_article, load_published
from kb.queries.cases import get_case_view
from kb.queries.redirects import list_redirects, moved_to
from kb.queries.use import feedback_counts
from tests.kb.builders import article, audited, case, enqueued, suggestion

PUBLIC = Audience.public


def published(session: Session, *keys: str) -> None:
    for key in keys:
        save_article(session, article(key, texts={"en": f"About {key}"}), "eva")


def leads(session: Session) -> dict[str, str]:
    return {row.old_id: row.article_id for row in session.scalars(select(Redirect))}


def test_a_merged_article_is_gone_and_leads_on(session: Session) -> None:
    published(session, "a", "b")
    found = suggestion(session)
    session.add(Feedback(suggestion_id=found, kind=FeedbackKind.used, document="article:a"))
    save_case(session, case("c-1", articles=["a"]), "eva")
    save_case(session, case("c-2", articles=["a", "b"]), "eva")
    merge(session, "a", "b", "jan", note="the same")
    assert moved_to(session, "a", PUBLIC) == "b"
    with pytest.raises(NotFound):
        get_article_view(session, "a", PUBLIC)
    assert feedback_counts(session, ["article:a", "article:b"])["article:b"].used == 1
    cited = {(row.case_id, row.article_id) for row in session.scalars(select(CaseArticle))}
    assert cited == {("c-1", "b"), ("c-2", "b")}
    with pytest.raises(Conflict, match="went into b"):
        restore(session, "a", "jan")
    with pytest.raises(Conflict, match="went into b"):
        save_article(session, article("a", state=None), "jan")
    actions = [entry for entry in audited(session) if entry[0] in ("redirect", "take_over")]
    assert actions == [("redirect", "a"), ("redirect", "a"), ("take_over", "b")]


def test_chains_collapse_and_circles_are_refused(session: Session) -> None:
    published(session, "a", "b", "c", "d")
    merge(session, "a", "b", "eva")
    merge(session, "b", "c", "eva")
    assert leads(session) == {"a": "c", "b": "c"}
    redirect(session, "d", "a", "eva")  # by way of what it became
    assert leads(session)["d"] == "c"
    for target in ("a", "b", "c"):
        with pytest.raises(Conflict, match="itself"):
            redirect(session, "c", target, "eva")
    with pytest.raises(Conflict):
        merge(session, "a", "c", "eva")


def test_a_redirect_tells_nothing_of_what_is_hidden(session: Session) -> None:
    published(session, "a", "b")
    merge(session, "a", "b", "eva")
    set_audience(session, "b", Audience.internal, "eva")
    assert moved_to(session, "a", PUBLIC) is None
    assert moved_to(session, "a", Audience.internal) == "b"
    scope = {"product": ["home"]}
    save_article(session, article("b", facets={"product": ["locker"]}), "eva")
    assert moved_to(session, "a", PUBLIC, scope=scope) is None
    archive(session, "b", "eva")
    assert moved_to(session, "a", Audience.internal) is None
    assert list_redirects(session, scope=scope).total == 0
    assert list_redirects(session).total == 1


def test_a_renamed_article_keeps_everything(session: Session) -> None:
    published(session, "a", "b")
    merge(session, "b", "a", "eva")
    before = load_article(session, "a")
    rename(session, "a", "c", "jan", note="a better key")
    after = get_article_view(session, "c", PUBLIC)
    assert after.translations == before.translations
    assert leads(session) == {"a": "c", "b": "c"}
    assert load_published(session, "a") is None
    assert {key for _, key in enqueued(session)} >= {"a", "c"}
    with pytest.raises(NotFound):
        load_article(session, "a")
    with pytest.raises(Conflict):
        rename(session, "c", "a", "jan")
    rename(session, "c", "d", "jan")
    assert leads(session) == {"a": "d", "b": "d", "c": "d"}


def test_a_split_makes_drafts_and_leaves_the_article(session: Session) -> None:
    save_article(session, article("a", texts={"en": "One and two"}, tags=["t"]), "eva")
    parts = [
        ("a-one", [TranslationInput("en", "One", "One")]),
        ("a-two", [TranslationInput("sl", "Dva", "Dva")]),
    ]
    made = split(session, "a", parts, "jan", note="two problems")
    assert [saved.id for saved in made] == ["a-one", "a-two"]
    two = load_article(session, "a-two")
    assert (two.state, two.original_language, two.tags) == (ArticleState.draft, "sl", ("t",))
    assert load_article(session, "a").state == ArticleState.published
    with pytest.raises(Conflict, match="another key"):
        split(session, "a", parts, "jan")
    with pytest.raises(InvalidInput):
        split(session, "a", [], "jan")


def test_a_key_of_another_system_can_lead_here(session: Session) -> None:
    published(session, "a")
    redirect(session, "360001234", "a", "import")
    assert moved_to(session, "360001234", PUBLIC) == "a"
    with pytest.raises(NotFound):
        redirect(session, "other", "never-was", "import")
    archive(session, "a", "eva")
    with pytest.raises(Conflict, match="archived"):
        redirect(session, "other", "a", "import")


def test_cases_cite_the_article_that_theirs_went_into(session: Session) -> None:
    for key in ("old", "target", "other"):
        save_article(session, article(key), "eva")
    given = case("en-1", articles=["other", "old", "target"])
    save_case(session, given, "i")
    save_case(session, case("en-2", articles=["old"]), "i")
    merge(session, "old", "target", "eva")
    cited = {key: get_case_view(session, key).articles for key in ("en-1", "en-2")}
    assert cited == {"en-1": ("other", "target"), "en-2": ("target",)}
    assert save_case(session, given, "i").status == SaveStatus.unchanged  # by the old key, too
    renamed = rename(session, "target", "target-now", "eva")
    assert cite_article(session, "en-2", "old", "eva").status == SaveStatus.unchanged
    save_case(session, case("en-3", articles=["old", "target"]), "i")
    for key in ("en-1", "en-2", "en-3"):
        assert get_case_view(session, key).articles[-1] == renamed.id == "target-now"
    query = select(col(CaseArticle.case_id), col(CaseArticle.position)).where(
        col(CaseArticle.article_id) == "target-now"
    )
    assert sorted(map(tuple, session.execute(query))) == [("en-1", 1), ("en-2", 0), ("en-3", 0)]


def test_feedback_that_comes_late_counts_for_the_target(session: Session) -> None:
    for key in ("old", "target"):
        save_article(session, article(key), "eva")
    made = suggestion(session)
    merge(session, "old", "target", "eva")
    given = FeedbackInput(FeedbackKind.used, "article:old", idempotency_key="k-1")
    first = record_feedback(session, made, given)
    assert record_feedback(session, made, given) == first
    assert session.get_one(Feedback, first).document == "article:target"
