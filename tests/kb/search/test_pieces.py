"""A letter is asked piece by piece: what many of its pieces lead to comes first."""

from __future__ import annotations

import pytest

from kb.domain import Audience
from kb.search.types import SearchPage
from tests.kb.search.base import Base

ARTICLES = {
    "locker-full": ("The locker is full", "Take the parcel to a partner shop near you instead."),
    "wrong-postcode": ("Wrong postcode", "Tell us the right postcode and we relabel the parcel."),
    "pallets": ("Pallets", "A pallet may weigh eight hundred kilograms."),
}
BEGINNING = "Yesterday I stood before the locker and the locker was full."
PIECES = (
    BEGINNING,
    "It came late because the postcode on the label was the wrong postcode.",
    "So tell me how you relabel a parcel whose postcode is wrong.",
)


@pytest.fixture
def filled(base: Base) -> Base:
    for key, text in ARTICLES.items():
        base.publish(key, {"en": text})
    base.publish("secret", {"en": ("Wrong postcode", "Relabel it.")}, audience=Audience.internal)
    return base


def _keys(page: SearchPage) -> list[str]:
    return [hit.document_id for hit in page.hits]


def test_the_pieces_decide_together(filled: Base) -> None:
    before = {hit.document_id: hit.score for hit in filled.page(BEGINNING).hits}
    assert max(before, key=lambda key: before[key]) == "locker-full"
    hits = {hit.document_id: hit for hit in filled.page(BEGINNING, pieces=PIECES).hits}
    first, second = hits["wrong-postcode"], hits["locker-full"]
    assert first.why.pieces > second.why.pieces > 0
    gained = first.score - before["wrong-postcode"], second.score - before["locker-full"]
    assert gained == pytest.approx((first.why.pieces, second.why.pieces), abs=1e-5)


def test_the_shares_add_up(filled: Base) -> None:
    first = filled.page(BEGINNING, pieces=PIECES).hits[0].why
    assert first.score == pytest.approx(
        first.dense + first.title + first.lexical + first.facet
        + first.pieces + first.trust + first.use
    )  # fmt: skip


def test_without_pieces_nothing_is_added(filled: Base) -> None:
    assert all(hit.why.pieces == 0 for hit in filled.page(BEGINNING).hits)


def test_confidence_is_that_of_the_query_itself(filled: Base) -> None:
    plain = {hit.document_id: hit.figures for hit in filled.page(BEGINNING).hits}
    for hit in filled.page(BEGINNING, pieces=PIECES).hits:
        before = plain[hit.document_id]
        assert before is not None
        assert hit.figures is not None
        assert hit.figures.score == pytest.approx(before.score)


def test_what_may_not_be_seen_stays_hidden_and_gives_no_rank(filled: Base) -> None:
    page = filled.page(BEGINNING, pieces=PIECES)
    assert "secret" not in _keys(page)
    seen = filled.page(BEGINNING, pieces=PIECES, reader=Audience.internal)
    assert "secret" in _keys(seen)
    shares = {hit.document_id: hit.why.pieces for hit in page.hits}
    others = {hit.document_id: hit.why.pieces for hit in seen.hits}
    assert shares["wrong-postcode"] >= others["wrong-postcode"]


def test_words_alone_are_asked_when_the_encoder_is_away(
    filled: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filled.encoder, "down", True)
    shares = {h.document_id: h.why.pieces for h in filled.page(BEGINNING, pieces=PIECES).hits}
    assert shares["wrong-postcode"] > shares["locker-full"]
