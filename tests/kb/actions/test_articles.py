"""Saving, publishing and taking back articles."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kb.actions.articles import (
    ArticleInput,
    TranslationInput,
    archive,
    publish,
    restore,
    save_article,
    set_audience,
    set_trust,
    unpublish,
)
from kb.actions.saved import SaveStatus
from kb.domain import ArticleState, Audience, Pool, Trust
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.articles import get_article_view, load_article, load_published
from tests.kb.builders import article, audited, enqueued

KEY = "wrong-postcode"
EVENT = (Pool.article, KEY)


def test_a_new_article_is_created_with_audit_and_index_work(session: Session) -> None:
    result = save_article(session, article(texts={"en": "One", "sl": "Ena"}, tags=["a"]), "eva")
    assert (result.id, result.status, result.version) == (KEY, SaveStatus.created, 1)
    view = get_article_view(session, KEY, Audience.public)
    assert [(t.language, t.number, t.body) for t in view.translations] == [
        ("en", 1, "One"),
        ("sl", 1, "Ena"),
    ]
    assert view.tags == ("a",)
    assert audited(session) == [("create", KEY)]
    assert enqueued(session) == [EVENT]


def test_a_draft_is_not_index_work(session: Session) -> None:
    save_article(session, article(state=None), "eva")
    assert load_article(session, KEY).state == ArticleState.draft
    assert enqueued(session) == []


def test_saving_the_same_again_changes_nothing(session: Session) -> None:
    given = article(
        texts={"en": "One", "pl": "Jeden"},
        facets={"country": ["GB", "PL"]},
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    )
    save_article(session, given, "eva")
    session.commit()
    again = save_article(session, given, "eva")
    assert (again.status, again.version) == (SaveStatus.unchanged, 1)
    assert audited(session) == [("create", KEY)]


def test_only_a_changed_text_gets_a_revision(session: Session) -> None:
    save_article(session, article(texts={"en": "One", "pl": "Jeden"}), "eva")
    result = save_article(session, article(texts={"en": "Two", "pl": "Jeden"}), "eva")
    assert (result.status, result.version) == (SaveStatus.changed, 2)
    numbers = {t.language: t.number for t in load_article(session, KEY).translations}
    assert numbers == {"en": 2, "pl": 1}


@pytest.mark.parametrize(
    "change",
    [{"title": "New"}, {"summary": "New"}, {"keywords": ("new",)}, {"body": "New"}],
    ids=lambda change: next(iter(change)),
)
def test_every_part_of_the_text_counts(session: Session, change: dict[str, object]) -> None:
    given = article()
    save_article(session, given, "eva")
    text = replace(given.translations[0], **change)  # type: ignore[arg-type]
    result = save_article(session, replace(given, translations=[text]), "eva")
    assert result.status == SaveStatus.changed


def test_an_article_field_changes_without_a_revision(session: Session) -> None:
    save_article(session, article(), "eva")
    result = save_article(session, article(facets={"product": ["home"]}), "eva")
    view = load_article(session, KEY)
    assert result.status == SaveStatus.changed
    assert view.facets == {"product": ["home"]}
    assert view.translations[0].number == 1
    assert enqueued(session) == [EVENT, EVENT]


def test_a_translation_can_be_saved_alone_and_notes_what_it_follows(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    alone = ArticleInput(KEY, [TranslationInput("hu", "Cím", "Egy")])
    assert save_article(session, alone, "eva").status == SaveStatus.changed
    view = load_article(session, KEY)
    english, hungarian = view.translation("en"), view.translation("hu")
    assert english is not None
    assert hungarian is not None
    assert english.source_revision_id is None
    assert hungarian.source_revision_id == english.revision_id


def test_a_text_saved_without_a_state_waits_for_publishing(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    save_article(session, article(texts={"en": "Two"}, state=None), "eva")
    assert get_article_view(session, KEY, Audience.public).translations[0].body == "One"
    publish(session, KEY, None, "eva")
    assert get_article_view(session, KEY, Audience.public).translations[0].body == "Two"


def test_an_outdated_version_is_a_conflict(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    save_article(session, article(texts={"en": "Two"}), "eva", expected_version=1)
    with pytest.raises(Conflict, match="version 2, not 1"):
        save_article(session, article(texts={"en": "Three"}), "jan", expected_version=1)
    assert load_article(session, KEY).translations[0].body == "Two"


def test_saves_of_one_new_key_at_once_do_not_collide(sessions: sessionmaker[Session]) -> None:
    def save(_: int) -> SaveStatus:
        with sessions.begin() as session:
            return save_article(session, article(), "eva").status

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(save, range(4)))
    assert statuses == [SaveStatus.created] + [SaveStatus.unchanged] * 3


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (article("Not A Key"), "key"),
        (article("../etc"), "key"),
        (article(texts={"english": "One"}), "not a language"),
        (article(texts={"en": " \n"}), "empty"),
        (article(texts={"en": "a\0b"}), "NUL"),
        (article(texts={"en": "a\ud800b"}), "surrogate"),
        (article(original_language="pl"), "original language"),
        (article(valid_from=datetime(2026, 1, 1)), "time zone"),
        (
            article(
                valid_from=datetime(2026, 2, 1, tzinfo=UTC),
                valid_until=datetime(2026, 1, 1, tzinfo=UTC),
            ),
            "before",
        ),
        (replace(article(), translations=[*article().translations] * 2), "twice"),
    ],
)
def test_what_cannot_be_is_refused(session: Session, broken: ArticleInput, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        save_article(session, broken, "eva")
    assert audited(session) == []


def test_a_translation_of_nothing_is_refused(session: Session) -> None:
    with pytest.raises(NotFound, match="original language"):
        save_article(session, ArticleInput("none", [TranslationInput("hu", "Cím", "Egy")]), "eva")


def test_publish_one_language(session: Session) -> None:
    save_article(session, article(texts={"en": "One", "pl": "Jeden"}, state=None), "eva")
    publish(session, KEY, ["pl"], "eva")
    view = load_published(session, KEY)
    assert view is not None
    assert [t.language for t in view.translations] == ["pl"]
    assert audited(session)[-1] == ("publish", KEY)
    assert enqueued(session) == [EVENT]
    assert publish(session, KEY, ["pl"], "eva").status == SaveStatus.unchanged
    with pytest.raises(NotFound, match="cs"):
        publish(session, KEY, ["cs"], "eva")


def test_unpublished_texts_do_not_come_back_with_another_language(session: Session) -> None:
    save_article(session, article(texts={"en": "One", "pl": "Jeden"}), "eva")
    unpublish(session, KEY, "eva")
    with pytest.raises(NotFound):
        get_article_view(session, KEY, Audience.internal)
    publish(session, KEY, ["en"], "eva")
    view = get_article_view(session, KEY, Audience.internal)
    assert [t.language for t in view.translations] == ["en"]


def test_archive_and_restore(session: Session) -> None:
    save_article(session, article(), "eva")
    assert archive(session, KEY, "eva").status == SaveStatus.changed
    assert archive(session, KEY, "eva").status == SaveStatus.unchanged
    with pytest.raises(NotFound):
        get_article_view(session, KEY, Audience.internal)
    with pytest.raises(Conflict, match="restore it first"):
        publish(session, KEY, None, "eva")
    with pytest.raises(Conflict, match="archived"):
        unpublish(session, KEY, "eva")
    with pytest.raises(Conflict, match="restore it first"):
        save_article(session, article(texts={"en": "Back"}), "importer")
    restore(session, KEY, "eva")
    assert load_article(session, KEY).state == ArticleState.draft
    assert audited(session) == [("create", KEY), ("archive", KEY), ("restore", KEY)]
    assert enqueued(session) == [EVENT, EVENT]


def test_a_published_article_is_not_restored(session: Session) -> None:
    save_article(session, article(), "eva")
    with pytest.raises(Conflict, match="published"):
        restore(session, KEY, "eva")


def test_audience_and_trust(session: Session) -> None:
    save_article(session, article(), "eva")
    set_audience(session, KEY, Audience.internal, "eva")
    with pytest.raises(NotFound):
        get_article_view(session, KEY, Audience.public)
    assert enqueued(session) == [EVENT, EVENT]
    result = set_trust(session, KEY, Trust.validated, "eva")
    assert (result.status, result.version) == (SaveStatus.changed, 3)
    assert set_trust(session, KEY, Trust.validated, "eva").status == SaveStatus.unchanged
    assert get_article_view(session, KEY, Audience.internal).trust == Trust.validated
    assert enqueued(session) == [EVENT, EVENT]  # trust is not in the index


def test_actions_do_not_commit(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        save_article(session, article(), "eva")
        session.rollback()
    with sessions() as session, pytest.raises(NotFound):
        load_article(session, KEY)


@pytest.mark.parametrize("act", [archive, restore, unpublish])
def test_unknown_articles(session: Session, act: object) -> None:
    with pytest.raises(NotFound, match="no-such"):
        act(session, "no-such", "eva")  # type: ignore[operator]
