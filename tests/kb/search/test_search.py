"""Search as readers see it: languages, facets, unfinished and mistyped words, pages, highlights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.actions.cases import save_case
from kb.actions.synonyms import replace_synonyms
from kb.domain import Audience, Pool, Trust
from kb.errors import EncoderError
from kb.search.fuse import packaged_weights
from kb.search.search import Searcher
from kb.search.types import SearchPage, SearchQuery
from tests.hash_encoder import HashEncoder
from tests.kb.builders import case
from tests.kb.search.base import Base

LOCKER = {
    "en": ("The locker is full", "Take the parcel to a partner shop near you instead."),
    "pl": ("Paczkomat jest pełny", "Zanieś paczkę do punktu partnerskiego w pobliżu."),
    "hu": ("A csomagautomata megtelt", "Vidd a csomagot egy közeli partnerboltba."),
}


@pytest.fixture
def filled(base: Base) -> Base:
    base.publish("locker-full", LOCKER)
    base.publish(
        "wrong-postcode",
        {"en": ("Wrong postcode", "Tell us the right postcode and we relabel the parcel.")},
        facets={"product": ["letter"], "country": ["GB"]},
    )
    base.publish(
        "pallets",
        {"en": ("Pallets", "A pallet may weigh eight hundred kilograms.")},
        facets={"product": ["pallet", "freight"]},
        audience=Audience.customer,
    )
    base.publish("dopis", {"cs": ("Ztracený dopis", "Napište nám číslo zásilky, hledáme ji.")})
    return base


def keys(page: SearchPage) -> list[str]:
    return [hit.document_id for hit in page.hits]


def by_words(page: SearchPage) -> str:
    """What the words alone put first; the vectors of these tests know no meaning."""
    best = max(page.hits, key=lambda hit: hit.why.lexical)
    return best.document_id if best.why.lexical > 0 else ""


@pytest.mark.parametrize("reader", ["en", "pl", "hu"])
def test_the_readers_language_is_shown_once(filled: Base, reader: str) -> None:
    for asked in ("The locker is full", "Paczkomat jest pełny"):
        page = filled.page(asked, reader)
        assert keys(page).count("locker-full") == 1
        hit = page.hits[0]
        assert (hit.document_id, hit.language) == ("locker-full", reader)
        assert hit.title == LOCKER[reader][0]
        assert LOCKER[reader][1] == hit.text
        assert set(hit.other_languages) == {"en", "pl", "hu"} - {reader}


def test_a_language_it_does_not_have_gets_the_best_other(filled: Base) -> None:
    hit = filled.page("Paczkomat jest pełny", "sl").hits[0]
    assert (hit.document_id, hit.language) == ("locker-full", "pl")


def test_only_the_languages_asked_for(filled: Base) -> None:
    page = filled.page("locker paczkomat dopis", "en", languages=frozenset({"pl", "cs"}), limit=50)
    assert {hit.language for hit in page.hits} == {"pl", "cs"}


def test_known_facets_narrow_and_what_has_none_stays(filled: Base) -> None:
    def found(**known: list[str]) -> set[str]:
        page = filled.page("parcel pallet letter", known=known, limit=50, reader=Audience.customer)
        return set(keys(page))

    everywhere = {"locker-full", "dopis"}
    assert found() == everywhere | {"wrong-postcode", "pallets"}
    assert found(product=["letter"]) == everywhere | {"wrong-postcode"}
    assert found(product=["freight", "tape"]) == everywhere | {"pallets"}
    assert found(country=["PL"]) == everywhere | {"pallets"}
    assert found(product=["letter"], country=["PL"]) == everywhere


def test_a_facet_named_in_the_text_counts(filled: Base) -> None:
    asked = "my freight parcel"
    named = {hit.document_id: hit for hit in filled.page(asked, reader=Audience.customer).hits}
    assert named["pallets"].why.facet > 0
    assert named["wrong-postcode"].why.facet == 0
    same = filled.page(asked.replace("freight", "heavy"), reader=Audience.customer)
    plain = {hit.document_id: hit for hit in same.hits}
    assert plain["pallets"].why.facet == 0


def test_who_may_not_read_does_not_find(filled: Base) -> None:
    assert "pallets" not in filled.found("pallet weight", limit=50)
    assert filled.found("pallet weight", reader=Audience.internal)[0] == "pallets"


@pytest.mark.parametrize("typed", ["postc", "wrong postc", "relab", "POSTCO"])
def test_the_last_word_may_be_unfinished(filled: Base, typed: str) -> None:
    assert by_words(filled.page(typed, prefix=True)) == "wrong-postcode"


def test_the_last_word_is_finished_beside_a_synonym(filled: Base) -> None:
    """The unfinished word is the last one typed, not the last of those searched."""
    with filled.sessions.begin() as session:
        replace_synonyms(session, "en", [["zip", "letterbox"]])
    finished, typed = (filled.page("zip postc", prefix=prefix) for prefix in (True, False))
    assert by_words(finished) == by_words(typed) == "wrong-postcode"
    words = [max(hit.why.lexical for hit in page.hits) for page in (finished, typed)]
    assert words[0] > words[1]


@pytest.mark.parametrize("typed", ["postcoed", "pstcode", "poscode", "postkode"])
def test_typing_errors_are_corrected(filled: Base, typed: str) -> None:
    page = filled.page(typed)
    assert by_words(page) == "wrong-postcode"
    ((_, searched),) = page.corrected
    assert "postcode".startswith(searched)
    assert filled.page("postcode").corrected == ()


@pytest.mark.parametrize(
    ("asked", "language", "key"),
    [("paczkomat jest pelny", "pl", "locker-full"), ("ztraceny dopis", "cs", "dopis")],
)
def test_missing_diacritics_change_nothing(
    filled: Base, asked: str, language: str, key: str
) -> None:
    full = {"pelny": "pełny", "ztraceny": "ztracený"}
    spelt = " ".join(full.get(word, word) for word in asked.split())
    plain, right = filled.page(asked, language), filled.page(spelt, language)
    assert keys(plain) == keys(right)
    assert keys(plain)[0] == key
    assert plain.hits[0].why.lexical == pytest.approx(right.hits[0].why.lexical, rel=0.15)


def test_synonyms_find_what_was_meant(filled: Base) -> None:
    with filled.sessions.begin() as session:
        replace_synonyms(session, "en", [["zip", "postcode"], ["parcel machine", "locker"]])
    assert by_words(filled.page("zip")) == "wrong-postcode"
    assert by_words(filled.page("parcel machine")) == "locker-full"


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("size", [3, 10])
def test_pages_follow_on_each_other(base: Base, trusted: bool, size: int) -> None:
    """No hit twice, none left out, whatever trust counts."""
    for number in range(47):
        trust = Trust.validated if trusted and number % 3 == 0 else Trust.not_validated
        words = " ".join(["parcel"] * (1 + number % 5) + [f"word{number}"] * (number % 4))
        base.save(f"doc-{number}", {"en": (f"Parcel {number}", f"A {words}.")}, trust=trust)
    base.drain()
    weights = replace(packaged_weights(), trust=0.5 if trusted else 0.0)
    base.searcher = Searcher(base.sessions, base.encoder, base.settings, weights)
    whole = base.page("parcel", limit=100)
    assert whole.total == 47
    paged: list[str] = []
    for offset in range(0, 60, size):
        page = base.page("parcel", limit=size, offset=offset)
        assert page.total == 47
        paged += keys(page)
    assert len(paged) == len(set(paged)) == 47


def test_highlights_stand_inside_the_text(filled: Base) -> None:
    seen = 0
    for asked, language in (
        ("partner shops for my parcels", "en"),
        ("punkty partnerskie dla paczki", "pl"),
        ("csomagot a partnerbolt", "hu"),
        ("numbers of 😀 postcodes", "en"),
    ):
        for hit in filled.page(asked, language, limit=50).hits:
            end = 0
            for span in hit.highlights:
                assert end <= span.start < span.end <= len(hit.text)
                assert hit.text[span.start : span.end].strip()
                end = span.end
                seen += 1
            assert hit.start < hit.end
    assert seen >= 4
    marked = [filled.page("partner shop").hits[0]]
    words = [marked[0].text[s.start : s.end] for s in marked[0].highlights]
    assert words == ["partner", "shop"]


def test_the_passage_is_the_span_of_its_source(base: Base) -> None:
    body = "\n\n".join(f"## Part {n}\n\nSentence {n} about topic{n}. " * 4 for n in range(8))
    base.publish("long", {"en": ("Long", body)})
    hit = base.page("topic5 part 5").hits[0]
    assert body[hit.start : hit.end] == hit.text
    assert "topic5" in hit.text


def test_without_vectors_the_words_still_find(base: Base, encoder: HashEncoder) -> None:
    base.publish("other", {"en": ("Invoices", "Ask for an invoice.")})
    base.save("wrong-postcode", {"en": ("Wrong postcode", "We relabel the parcel.")})
    encoder.down = True
    base.drain()
    encoder.down = False
    for one in (base, base.reopened()):
        hit = one.page("relabel the postcode").hits[0]
        assert hit.document_id == "wrong-postcode"
        assert hit.why.dense == hit.why.title == 0
        assert hit.why.lexical > 0


def test_what_is_said_of_nothing_is_empty(filled: Base) -> None:
    page = filled.page("  \n ")
    assert (page.hits, page.total) == ((), 0)


@pytest.mark.parametrize("text", ["😀😀", "؟؟؟ مرحبا", "a" * 5000, "? ! .", "x\n" * 500])
def test_odd_queries_are_answered(filled: Base, text: str) -> None:
    page = filled.page(text, prefix=True)
    assert page.total <= 3
    assert all(0 <= hit.confidence <= 1 for hit in page.hits)


def test_why_adds_up_to_the_score(filled: Base) -> None:
    for hit in filled.page("wrong postcode").hits:
        assert hit.why.score == pytest.approx(hit.score)


@pytest.mark.parametrize("asked", ["locker postcode", "lokcer", "zip postc"])
def test_pools_ranked_apart_are_as_if_asked_alone(filled: Base, asked: str) -> None:
    with filled.sessions.begin() as session:
        save_case(session, case(), "tester")
    filled.index("en-0001", Pool.case)
    query = SearchQuery(asked, "en", reader=Audience.internal, prefix=True)
    pools = frozenset({"article", "case"})
    apart = filled.searcher.search_apart(replace(query, pools=pools))
    alone = {
        pool: filled.searcher.search(replace(query, pools=frozenset({pool}))) for pool in pools
    }
    assert apart == alone
    assert [hit.pool for hit in apart["case"].hits] == ["case"]
    assert {hit.pool for hit in apart["article"].hits} == {"article"}


def test_corrections_come_from_what_the_reader_may_see(base: Base) -> None:
    """A correction tells that a word is there: none from an internal article for the public."""
    base.save("secret", {"en": ("Zeppelin", "The zeppelin is late.")}, audience=Audience.internal)
    base.save("open", {"en": ("Locker", "The locker is full.")})
    base.drain()
    assert base.page("zepelin", reader=Audience.public).corrected == ()
    assert base.page("zepelin", reader=Audience.internal).corrected


def test_words_are_searched_when_the_encoder_is_away(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    base.save("open", {"en": ("Locker", "The locker is full.")})
    base.drain()

    def away(*_: object) -> None:
        raise EncoderError("The encoder is not available: start it.")

    monkeypatch.setattr(base.encoder, "encode", away)
    assert keys(base.page("locker")) == ["open"]


@pytest.mark.parametrize("signs", ["", "  ", "😀", "?!", "؟"])
def test_signs_alone_find_nothing(filled: Base, signs: str) -> None:
    page = filled.page(signs, reader=Audience.internal)
    assert (page.hits, page.total) == ((), 0)
