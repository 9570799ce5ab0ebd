"""Replacing passages and keeping embeddings."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from kb.actions.articles import archive, save_article, set_audience
from kb.actions.cases import archive_case
from kb.actions.passages import (
    prune_embeddings,
    remove_passages,
    replace_passages,
    store_embeddings,
)
from kb.domain import Audience, Passage, Pool
from kb.errors import Conflict, InvalidInput
from kb.queries.articles import load_article
from kb.queries.passages import index_state, load_embeddings, passages_after, removed_after
from tests.kb.builders import article, indexed_article, indexed_case, passage

KEY = "wrong-postcode"


def replaced(session: Session, *texts: str, **changes: object) -> object:
    new = [passage(Pool.article, KEY, text, **changes) for text in texts]
    return replace_passages(session, Pool.article, KEY, new)


def test_equal_passages_stay_and_others_leave_tombstones(session: Session) -> None:
    first = replace_passages(
        session, Pool.article, KEY, [passage(Pool.article, KEY, t) for t in ("a", "b", "b")]
    )
    assert len(first.added) == 3
    second = replace_passages(
        session, Pool.article, KEY, [passage(Pool.article, KEY, t) for t in ("b", "c")]
    )
    assert second.kept == (first.added[1],)
    assert second.removed == (first.added[0], first.added[2])
    assert second.added > first.added
    assert [gone for _, gone in removed_after(session, 0)] == list(second.removed)
    assert [row.terms for row in passages_after(session, 0, "m")] == ["b", "c"]


@pytest.mark.parametrize(
    "change",
    [
        {"audience": Audience.internal},
        {"facets": {"country": ["GB"]}},
        {"language": "pl"},
        {"title_terms": "other"},
        {"start": 1},
        {"terms": "lemma"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_passage_that_differs_is_replaced(session: Session, change: dict[str, object]) -> None:
    replaced(session, "a")
    changed = [passage(Pool.article, KEY, "a", **change)]
    result = replace_passages(session, Pool.article, KEY, changed)
    assert (len(result.added), len(result.removed), result.kept) == (1, 1, ())


def test_facets_are_equal_whatever_their_order(session: Session) -> None:
    replaced(session, "a", facets={"x": ["1"], "y": ["2"]})
    again = [passage(Pool.article, KEY, "a", facets={"y": ["2"], "x": ["1"]})]
    assert replace_passages(session, Pool.article, KEY, again).added == ()


def test_ids_are_never_used_again(session: Session) -> None:
    change = replace_passages(session, Pool.article, KEY, [passage(Pool.article, KEY, "a")])
    assert remove_passages(session, Pool.article, KEY) == change.added
    session.commit()
    again = replace_passages(session, Pool.article, KEY, [passage(Pool.article, KEY, "a")])
    assert again.added[0] > change.added[0]


def test_documents_do_not_touch_each_other(session: Session) -> None:
    replaced(session, "a")
    replace_passages(session, Pool.case, KEY, [passage(Pool.case, KEY, "x")])
    remove_passages(session, Pool.case, KEY)
    assert [row.pool for row in passages_after(session, 0, "m")] == ["article"]
    with pytest.raises(InvalidInput):
        replace_passages(session, Pool.case, KEY, [passage(Pool.article, KEY, "x")])


def test_passages_of_an_outdated_text_are_refused(session: Session) -> None:
    save_article(session, article(KEY), "eva")
    read = load_article(session, KEY).version
    set_audience(session, KEY, Audience.internal, "eva")
    with pytest.raises(Conflict, match="changed while"):
        replace_passages(
            session, Pool.article, KEY, [passage(Pool.article, KEY, "a")], version=read
        )
    assert index_state(session).watermark == 0
    replace_passages(session, Pool.article, KEY, [], version=read + 1)


def test_a_document_that_came_back_keeps_its_passages(session: Session) -> None:
    indexed_article(session, KEY)
    indexed_case(session, "c")
    for pool, key in ((Pool.article, KEY), (Pool.case, "c")):
        with pytest.raises(Conflict, match="came back"):
            replace_passages(session, pool, key, [])
    archive(session, KEY, "eva")
    archive_case(session, "c", "ann")
    assert len(replace_passages(session, Pool.article, KEY, []).removed) == 1
    assert replace_passages(session, Pool.case, "c", []).removed == ()  # gone with the archiving


def test_ids_rise_in_the_order_of_the_commits(sessions: sessionmaker[Session]) -> None:
    """Whoever reads up to the watermark has missed nothing below it."""
    seen: list[int] = []
    missed: list[int] = []
    done = threading.Event()

    def write(worker: int) -> None:
        for number in range(10):
            key = f"w{worker}-{number}"
            with sessions.begin() as session:
                replace_passages(session, Pool.article, key, [passage(Pool.article, key, key)])

    def watch() -> None:
        while not done.is_set():
            with sessions() as session:
                new = [row.id for row in passages_after(session, 0, "m")]
            missed.extend(i for i in new if seen and i < max(seen) and i not in seen)
            seen[:] = new

    watcher = threading.Thread(target=watch)
    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    watcher.join()
    assert missed == []
    with sessions() as session:
        assert len(passages_after(session, 0, "m")) == 40


def test_embeddings_are_kept_once_as_float16(session: Session) -> None:
    vector = np.linspace(-1, 1, 384, dtype=np.float32)
    store_embeddings(session, "m", {"h1": vector, "h2": -vector})
    store_embeddings(session, "m", {"h1": np.zeros(384, dtype=np.float32)})  # there already
    store_embeddings(session, "other", {"h1": np.ones(3, dtype=np.float32)})
    found = load_embeddings(session, ["h1", "h2", "none"], "m")
    assert sorted(found) == ["h1", "h2"]
    assert found["h1"].dtype == np.float32
    np.testing.assert_allclose(found["h1"], vector, atol=1e-3)
    assert load_embeddings(session, ["h1"], "other")["h1"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("broken", [np.array([np.nan]), np.zeros((2, 2)), np.array([])])
def test_a_broken_vector_is_refused(session: Session, broken: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="finite"):
        store_embeddings(session, "m", {"h": broken})


def test_prune_keeps_what_passages_use(session: Session) -> None:
    used = passage(Pool.article, KEY, "used")
    replace_passages(session, Pool.article, KEY, [used])
    hashes = {used.text_hash: np.ones(3), "unused": np.ones(3)}
    store_embeddings(session, "m", hashes)
    store_embeddings(session, "old-model", hashes)
    assert prune_embeddings(session, "m") == 3
    assert list(load_embeddings(session, list(hashes), "m")) == [used.text_hash]


def test_passages_are_validated() -> None:
    with pytest.raises(ValueError, match="part"):
        passage(Pool.article, KEY, "a", part="nonsense")
    assert isinstance(passage(Pool.article, KEY, "a"), Passage)
