"""The index follows SQL: at once, by a delta on the snapshot, and by a new snapshot aside."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from indexer.pipeline import index_document
from kb.actions.articles import archive, set_audience, unpublish
from kb.actions.cases import archive_case, save_case
from kb.actions.synonyms import replace_synonyms
from kb.db import create_engine_for, session_factory
from kb.domain import Audience, Embedding, Pool
from kb.search import index as index_module
from kb.search import segment
from kb.search.snapshot import build_snapshot, current_folder
from tests.hash_encoder import DIM, MODEL_ID, HashEncoder
from tests.kb.builders import case
from tests.kb.search.base import Base, Texts

TOPICS = ("locker", "postcode", "invoice", "pallet", "envelope", "refund", "customs", "courier")


def texts(topic: str, extra: str = "") -> Texts:
    body = f"What to do about the {topic}. Ask the depot for help. {extra}"
    return {"en": (f"About the {topic}", body)}


@pytest.fixture
def filled(base: Base) -> Base:
    for topic in TOPICS[:6]:
        base.publish(topic, texts(topic), facets={"product": [topic]})
    base.searcher.refresh()
    return base


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_searchable_at_once_after_the_commit(filled: Base) -> None:
    generation = filled.searcher.generation
    assert filled.found("customs duty")[:1] != ["customs"]
    filled.publish("customs", texts("customs"))
    assert filled.found("customs duty")[0] == "customs"
    assert filled.searcher.generation == generation  # by the delta, not by a new snapshot


def test_a_large_base_is_searched_like_a_small_one(
    filled: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a size the nearest passages come from a vector store instead of one product."""
    monkeypatch.setattr(segment, "EXACT_UP_TO", 0)
    large = filled.reopened()
    _assert_alike(filled, large)
    with filled.sessions.begin() as session:
        archive(session, "locker", "tester")
    filled.index("locker")
    _assert_alike(filled, large)
    assert "locker" not in large.found("the locker", limit=50)


def _assert_alike(small: Base, large: Base) -> None:
    for text in (*TOPICS, "help of the depot"):
        for known in ({}, {"product": ["locker"]}):
            few, many = (base.page(text, known=known).hits for base in (small, large))
            assert [hit.passage_id for hit in few] == [hit.passage_id for hit in many]
            assert [hit.score for hit in few] == pytest.approx([hit.score for hit in many])


def test_not_searchable_before_the_commit(filled: Base) -> None:
    with filled.sessions() as session:
        filled.save("customs", texts("customs"))
        index_document(session, filled.encoder, Pool.article, "customs")
        assert "customs" not in filled.found("customs duty")
        session.commit()
    assert filled.found("customs duty")[0] == "customs"


@pytest.mark.parametrize("indexed", [False, True])
def test_archived_is_gone_with_the_commit(filled: Base, indexed: bool) -> None:
    """Also while the index still has it: SQL decides."""
    with filled.sessions.begin() as session:
        archive(session, "locker", "tester")
    if indexed:
        filled.drain()
    assert "locker" not in filled.found("about the locker", limit=50)
    assert "locker" not in filled.reopened().found("about the locker", limit=50)


def test_unpublished_and_narrowed_are_gone_with_the_commit(filled: Base) -> None:
    with filled.sessions.begin() as session:
        unpublish(session, "locker", "tester")
        set_audience(session, "refund", Audience.customer, "tester")
    for _ in range(2):
        assert "locker" not in filled.found("about the locker", limit=50)
        assert "refund" not in filled.found("about the refund", limit=50)
        filled.drain()
    assert filled.found("about the refund", reader=Audience.customer)[0] == "refund"


def test_widened_is_found_by_the_new_readers(filled: Base) -> None:
    filled.publish("customs", texts("customs"), audience=Audience.internal)
    assert "customs" not in filled.found("about customs", limit=50)
    with filled.sessions.begin() as session:
        set_audience(session, "customs", Audience.public, "tester")
    filled.drain()
    assert filled.found("about customs")[0] == "customs"


def test_an_edited_text_is_gone_with_the_commit(filled: Base) -> None:
    filled.save("locker", texts("locker", "The code is 4711."))
    before = filled.page("about the locker", limit=50).hits
    assert all(hit.document_id != "locker" for hit in before)  # the old text may not leave
    filled.drain()
    (hit,) = [h for h in filled.page("locker code 4711").hits if h.document_id == "locker"]
    assert "4711" in hit.text
    filled.publish("locker", texts("locker", "The code has changed."))
    for page in (filled.page("locker code 4711", limit=50), filled.reopened().page("4711")):
        assert all("4711" not in hit.text for hit in page.hits)


def test_cases_come_and_go(filled: Base) -> None:
    def found() -> list[str]:
        return filled.found("parcel EH8", pools=frozenset({"case"}), reader=Audience.internal)

    with filled.sessions.begin() as session:
        save_case(session, case("en-0001"), "tester")
    filled.drain()
    assert found() == ["en-0001"]
    assert filled.found("parcel EH8", reader=Audience.internal, limit=50).count("en-0001") == 0
    pools = frozenset({"case"})
    assert filled.found("parcel EH8", reader=Audience.customer, pools=pools) == []
    with filled.sessions.begin() as session:
        archive_case(session, "en-0001", "tester")
    assert found() == []


def test_the_delta_ranks_like_a_rebuilt_snapshot(base: Base) -> None:
    for number, topic in enumerate(TOPICS * 3):
        extra = "Bring your passport. " * (number % 4) + f"Case {number}."
        facets = {"product": [topic], "country": ["GB"]}
        base.publish(f"{topic}-{number}", texts(topic, extra), facets=facets)
    base.searcher.refresh()
    base.publish(
        "customs-new", texts("customs", "Bring your passport."), facets={"country": ["GB"]}
    )
    base.publish("locker-3", texts("locker", "Bring a torch, the street is dark."))
    delta = base.searcher
    assert len(delta.index.view().parts) == 2
    with base.sessions() as session:
        build_snapshot(session, base.settings.index_dir, MODEL_ID)
    whole = base.reopened().searcher
    assert len(whole.index.view().parts) == 1
    for asked in ("customs passport GB", "locker torch", "about the invoice", "passport at depot"):
        base.searcher = delta
        by_delta = base.page(asked, limit=30).hits
        base.searcher = whole
        by_whole = {hit.document_id: hit for hit in base.page(asked, limit=30).hits}
        assert {hit.document_id for hit in by_delta} == set(by_whole)
        assert by_delta[0].document_id == next(iter(by_whole))
        for hit in by_delta:
            assert hit.score == pytest.approx(by_whole[hit.document_id].score, abs=0.02), asked


def test_tombstones_hide_what_the_snapshot_has(filled: Base) -> None:
    with filled.sessions.begin() as session:
        archive(session, "locker", "tester")
    filled.drain()
    view = filled.searcher.index.view()
    main = view.parts[0]
    assert int(main.hidden_rows.sum()) == 2
    assert view.passages == len(main.segment.rows.ids) - 2
    assert ("article", "locker") not in view.languages_of
    assert filled.page("depot", limit=50).total == 5


def test_many_removed_neighbours_do_not_push_others_out(base: Base, encoder: HashEncoder) -> None:
    """The nearest 120 are all gone: what comes after them is still found, by meaning alone."""
    for number in range(130):
        base.save(f"copy-{number}", {"en": ("locker", f"locker {number % 7}")})
    base.save("other", {"pl": ("Paczkomat stoi", "Paczkomat stoi przy domu.")})
    base.drain()
    base.searcher.refresh()
    with base.sessions.begin() as session:
        for number in range(130):
            archive(session, f"copy-{number}", "tester")
    base.drain()
    assert base.found("locker", "en") == ["other"]


def test_a_new_snapshot_is_built_aside_when_the_delta_has_grown(
    filled: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "SIDE_UP_TO", 3)
    generation = filled.searcher.generation
    for topic in TOPICS[6:]:
        filled.publish(topic, texts(topic))
    assert filled.found("about customs")[0] == "customs"  # while it is being built, too
    assert eventually(lambda: filled.searcher.generation != generation)
    assert len(filled.searcher.index.view().parts) == 1
    assert filled.found("about customs")[0] == "customs"


def test_a_new_snapshot_is_built_aside_when_much_is_gone(
    filled: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "SIDE_UP_TO", 3)
    generation = filled.searcher.generation
    with filled.sessions.begin() as session:
        for topic in TOPICS[:2]:
            archive(session, topic, "tester")
    filled.drain()
    filled.searcher.refresh()
    assert eventually(lambda: filled.searcher.generation != generation)
    assert not filled.searcher.index.view().parts[0].hidden_rows.any()


def test_a_rebuild_that_fails_leaves_the_old_view(filled: Base) -> None:
    generation = filled.searcher.generation
    shutil.rmtree(filled.settings.index_dir)
    filled.settings.index_dir.write_text("a file where a folder should be")
    filled.searcher.index.rebuild()
    assert filled.searcher.generation == generation
    assert filled.found("about the locker")[0] == "locker"


def test_synonyms_count_from_the_commit_on(filled: Base) -> None:
    def share() -> float:
        return filled.page("parcelbox").hits[0].why.lexical if filled.found("parcelbox") else 0.0

    before = share()
    with filled.sessions.begin() as session:
        replace_synonyms(session, "en", [["parcelbox", "locker"]])
    assert filled.found("parcelbox")[0] == "locker"
    assert share() > before
    with filled.sessions.begin() as session:
        replace_synonyms(session, "en", [])
    assert share() == pytest.approx(before)


def test_vectors_that_come_later_are_searched(base: Base, encoder: HashEncoder) -> None:
    """The encoder was away: found by words; when it is back, by meaning, with nothing edited."""
    base.publish("first", texts("invoice"))
    base.searcher.refresh()
    base.save("box", {"pl": ("Paczkomat", "Paczkomat stoi w nocy.")})
    encoder.down = True
    base.drain()
    encoder.down = False
    assert base.found("paczkomat", "pl")[0] == "box"
    assert base.page("paczkomat", "pl").hits[0].why.dense == 0
    base.drain()
    assert eventually(lambda: base.page("locker").hits[0].document_id == "box")


def test_vectors_that_come_after_the_snapshot_are_searched(
    base: Base, encoder: HashEncoder
) -> None:
    base.save("box", {"pl": ("Paczkomat", "Paczkomat stoi w nocy.")})
    encoder.down = True
    base.drain()
    encoder.down = False
    assert base.found("paczkomat", "pl") == ["box"]  # the snapshot is built without its vectors
    assert base.found("locker") == []
    base.drain()
    with base.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Embedding)) == 2
    assert eventually(lambda: base.found("locker") == ["box"])


def test_another_model_sets_the_snapshot_aside(filled: Base) -> None:
    old = current_folder(filled.settings.index_dir)
    assert old is not None
    other = Base.at(filled.sessions, filled.settings.home, HashEncoder("another", DIM))
    assert other.found("about the locker")[0] == "locker"  # by its words: no vectors of it yet
    assert other.searcher.generation != old.name
    assert (old.parent / f"{old.name}.damaged" / "REASON").exists()


def test_a_database_put_back_gets_a_snapshot_of_its_own(
    filled: Base, sqlite_template: Path, tmp_path: Path
) -> None:
    generation = filled.searcher.generation
    shutil.copy(sqlite_template, tmp_path / "older.db")
    engine = create_engine_for(f"sqlite:///{tmp_path / 'older.db'}")
    older = Base.at(session_factory(engine), tmp_path, filled.encoder)
    older.publish("pallet", texts("pallet"))
    assert older.found("about the pallet") == ["pallet"]
    assert older.searcher.generation != generation
    assert older.searcher.index.view().passages == 2
    engine.dispose()


def test_removing_the_newest_is_no_reason_to_build_again(filled: Base) -> None:
    generation = filled.searcher.generation
    with filled.sessions.begin() as session:
        archive(session, TOPICS[5], "tester")
    filled.drain()
    reopened = filled.reopened()
    assert reopened.found("about the locker")[0] == "locker"
    assert reopened.searcher.generation == generation


def test_an_empty_base_answers_nothing(base: Base) -> None:
    assert not base.searcher.ready()
    page = base.page("anything at all", known={"product": ["locker"]}, prefix=True)
    assert (page.hits, page.total) == ((), 0)
    assert base.searcher.ready()
    base.publish("locker", texts("locker"))
    assert base.found("about the locker") == ["locker"]


def test_a_base_of_one_document(base: Base) -> None:
    base.publish("locker", texts("locker"))
    for searcher in (base, base.reopened()):
        page = searcher.page("about the locker")
        assert [hit.document_id for hit in page.hits] == ["locker"]
        assert page.total == 1
        assert 0 < page.hits[0].confidence < 1
        assert searcher.page("about the locker", offset=1).hits == ()
