"""The gate every answer passes, and what the index is built from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from kb.actions.articles import archive, publish, restore, save_article, set_audience, unpublish
from kb.actions.cases import archive_case, reopen_case, resolve_case, save_case
from kb.actions.passages import remove_passages, replace_passages, store_embeddings
from kb.db import session_factory
from kb.domain import (
    Article,
    ArticleState,
    Audience,
    Case,
    CaseState,
    Channel,
    Outcome,
    Part,
    Pool,
    Trust,
)
from kb.queries.passages import (
    IndexState,
    count_passages,
    decode_vectors,
    index_state,
    iter_index_rows,
    iter_passages,
    iter_unembedded,
    load_visible,
    passages_after,
    removed_after,
)
from tests.kb.builders import (
    article,
    case,
    index_article,
    indexed_article,
    indexed_case,
    passage,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = "wrong-postcode"


def visible(session: Session, ids: list[int], reader: Audience = Audience.internal) -> list[int]:
    return sorted(load_visible(session, ids, reader, NOW))


def test_an_article_passage_carries_what_an_answer_needs(session: Session) -> None:
    ids = indexed_article(
        session,
        texts={"en": "Send it.", "pl": "Wyślij."},
        facets={"country": ["GB"]},
        tags=["address"],
        trust=Trust.validated,
        review_by=NOW + HOUR,
    )
    found = load_visible(session, ids, Audience.public, NOW)
    assert sorted(found) == sorted(ids)
    polish = next(p for p in found.values() if p.language == "pl")
    assert (polish.pool, polish.document_id, polish.part) == (Pool.article, KEY, Part.body)
    assert (polish.text, polish.start, polish.end) == ("Wyślij.", 0, 7)
    assert (polish.title, polish.revision, polish.trust) == ("Title pl", 1, Trust.validated)
    assert (polish.tags, polish.facets) == (("address",), {"country": ["GB"]})
    assert (polish.audience, polish.review_by) == (Audience.public, NOW + HOUR)
    assert polish.updated_at.utcoffset() == timedelta(0)
    assert (polish.outcome, polish.resolved_at, polish.channel) == (None, None, None)


def test_a_case_passage_carries_what_an_answer_needs(session: Session) -> None:
    ids = indexed_case(session, resolved_at=NOW)
    found = load_visible(session, ids, Audience.internal, NOW)[ids[0]]
    assert (found.pool, found.document_id, found.title) == (Pool.case, "en-0001", "wrong postcode")
    assert (found.outcome, found.channel) == (Outcome.solved, Channel.chat)
    assert (found.resolved_at, found.audience) == (NOW, Audience.internal)
    assert (found.revision_id, found.revision, found.trust) == (None, None, None)
    assert found.facets == {"country": ["GB"]}


def test_cases_are_for_agents_only(session: Session) -> None:
    ids = indexed_case(session)
    assert visible(session, ids, Audience.internal) == ids
    assert visible(session, ids, Audience.customer) == []
    assert visible(session, ids, Audience.public) == []


@pytest.mark.parametrize(
    ("audience", "readers"),
    [
        (Audience.internal, {Audience.internal}),
        (Audience.customer, {Audience.internal, Audience.customer}),
        (Audience.public, set(Audience)),
    ],
)
def test_articles_are_for_their_audience(
    session: Session, audience: Audience, readers: set[Audience]
) -> None:
    ids = indexed_article(session, audience=audience)
    assert {reader for reader in Audience if visible(session, ids, reader)} == readers


def edited(session: Session) -> None:
    save_article(session, article(texts={"en": "Another text."}), "eva")


def taken_back(session: Session) -> None:
    unpublish(session, KEY, "eva")


def archived(session: Session) -> None:
    archive(session, KEY, "eva")


def edited_and_republished(session: Session) -> None:
    unpublish(session, KEY, "eva")
    save_article(session, article(texts={"en": "Another text."}), "eva")
    publish(session, KEY, None, "eva")


def archived_and_restored(session: Session) -> None:
    archive(session, KEY, "eva")
    restore(session, KEY, "eva")


@pytest.mark.parametrize(
    "change", [edited, taken_back, archived, edited_and_republished, archived_and_restored]
)
def test_what_is_no_longer_published_is_gone_though_its_passages_are_there(
    session: Session, change: Callable[[Session], None]
) -> None:
    ids = indexed_article(session)
    assert visible(session, ids, Audience.public) == ids
    change(session)
    assert len(passages_after(session, 0, "m")) == 1
    assert visible(session, ids) == []


def test_a_draft_revision_leaves_the_published_one_visible(session: Session) -> None:
    ids = indexed_article(session)
    save_article(session, article(texts={"en": "A draft."}, state=None), "eva")
    assert visible(session, ids, Audience.public) == ids


def test_an_audience_change_takes_effect_before_the_index_follows(session: Session) -> None:
    ids = indexed_article(session)
    set_audience(session, KEY, Audience.internal, "eva")
    assert visible(session, ids, Audience.public) == []
    assert load_visible(session, ids, Audience.internal, NOW)[ids[0]].audience == Audience.internal


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"valid_from": NOW}, True),
        ({"valid_from": NOW + HOUR}, False),
        ({"valid_until": NOW + HOUR}, True),
        ({"valid_until": NOW}, False),
    ],
)
def test_validity(session: Session, fields: dict[str, Any], seen: bool) -> None:
    ids = indexed_article(session, **fields)
    assert bool(visible(session, ids)) == seen


def test_unresolved_and_archived_cases_are_gone(session: Session) -> None:
    ids = indexed_case(session, "a") + indexed_case(session, "b") + indexed_case(session, "c")
    reopen_case(session, "a", "ann")
    archive_case(session, "b", "ann")
    assert visible(session, ids) == ids[2:]


def test_an_edited_case_does_not_show_its_old_text(session: Session) -> None:
    ids = indexed_case(session)
    reopen_case(session, "en-0001", "ann")
    resolve_case(session, "en-0001", "A better way.", Outcome.solved, "", "ann")
    assert visible(session, ids) == []


def test_the_state_decides_even_where_passages_point_at_what_is_published(
    session: Session,
) -> None:
    articles, cases = indexed_article(session), indexed_case(session)
    assert visible(session, articles + cases) == sorted(articles + cases)
    session.execute(update(Article).values(state=ArticleState.archived))
    session.execute(update(Case).values(state=CaseState.archived))
    assert visible(session, articles + cases) == []


def test_a_passage_under_a_wrong_document_is_not_shown(session: Session) -> None:
    save_article(session, article("a"), "eva")
    save_article(session, article("b"), "eva")
    save_case(session, case("a"), "ann")
    (added,) = index_article(session, "a").added
    revision = load_visible(session, [added], Audience.internal, NOW)[added].revision_id
    forged = [
        passage(Pool.article, "b", "x", revision_id=revision),
        passage(Pool.article, "b", "y"),
        passage(Pool.case, "b", "z"),
    ]
    ids = [
        found
        for one in forged
        for found in replace_passages(session, one.pool, one.document_id, [one]).added
    ]
    assert visible(session, ids) == []


def test_unknown_and_no_ids(session: Session) -> None:
    assert load_visible(session, [], Audience.internal, NOW) == {}
    assert load_visible(session, [1, 2, 3], Audience.internal, NOW) == {}


def test_index_state_moves_with_every_change(session: Session) -> None:
    assert index_state(session) == IndexState(0, 0)
    ids = indexed_article(session)
    assert index_state(session) == IndexState(ids[0], 0)
    remove_passages(session, Pool.article, KEY)
    state = index_state(session)
    assert state.removed_seq == 1
    assert removed_after(session, 0) == [(1, ids[0])]
    assert removed_after(session, state.removed_seq) == []


def test_index_rows_come_by_id_with_their_vectors(session: Session) -> None:
    (first,) = indexed_article(session, facets={"b": ["2"], "a": ["1", "0"]})
    (second,) = indexed_case(session)
    hashes = {text.id: text.text_hash for batch in iter_passages(session) for text in batch}
    store_embeddings(session, "m", {hashes[first]: np.arange(4.0)})
    store_embeddings(session, "other", {hashes[second]: np.arange(4.0)})
    rows = list(iter_index_rows(session, "m"))
    assert [row.id for row in rows] == [first, second]
    one, two = rows
    assert (one.pool, one.document_id, one.language) == ("article", KEY, "en")
    assert (one.audience, one.part, one.title_terms) == ("public", "body", "title")
    assert one.facets == (("a", ("1", "0")), ("b", ("2",)))
    assert one.vector is not None
    assert decode_vectors([one.vector]).tolist() == [[0, 1, 2, 3]]
    assert (two.pool, two.part, two.vector) == ("case", "resolution", None)
    assert type(one.pool) is str
    assert passages_after(session, first, "m") == [two]
    assert decode_vectors([]).shape == (0, 0)


def test_texts_are_read_in_batches(session: Session) -> None:
    new = [passage(Pool.article, "a", f"text {number}") for number in range(5)]
    replace_passages(session, Pool.article, "a", [*new, passage(Pool.article, "a", "text 0")])
    batches = [[text.embedded_text for text in batch] for batch in iter_passages(session, 4)]
    assert [len(batch) for batch in batches] == [4, 2]
    store_embeddings(session, "m", {new[1].text_hash: np.ones(2)})
    store_embeddings(session, "other", {new[2].text_hash: np.ones(2)})
    missing = [text.embedded_text for batch in iter_unembedded(session, "m", 2) for text in batch]
    assert sorted(missing) == ["text 0", "text 2", "text 3", "text 4"]


def test_passages_are_counted(session: Session) -> None:
    indexed_article(session, texts={"en": "One", "pl": "Jeden"})
    indexed_case(session, "a")
    indexed_case(session, "b")
    assert count_passages(session) == {
        (Pool.article, "en"): 1,
        (Pool.article, "pl"): 1,
        (Pool.case, "en"): 2,
    }


def test_a_reader_streams_one_snapshot_while_others_write(engine: Engine) -> None:
    write, read = session_factory(engine), session_factory(engine, read_only=True)
    with write.begin() as session:
        indexed_article(session, "a")
    with read() as reader:
        before = index_state(reader)
        with write.begin() as session:
            indexed_article(session, "b")
            remove_passages(session, Pool.article, "a")
        assert index_state(reader) == before
        assert [row.document_id for row in iter_index_rows(reader, "m")] == ["a"]
    with read() as reader:
        assert [row.document_id for row in iter_index_rows(reader, "m")] == ["b"]
