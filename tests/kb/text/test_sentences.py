"""Sentence splitting in five languages and in Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text.sentences import split_sentences


def _pieces(text: str, language: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "cs",
            [
                "Zásilka přišla 10. března.",
                "Kurýr přišel např. v 9.30, tj. dřív.",
                "Bydlím na ul. Nádražní 5.",
                "Cena je 2,50 Kč.",
                "Volal mi p. Novák.",
            ],
        ),
        (
            "sl",
            [
                "Paket je prispel 3. maja.",
                "Oglasite se npr. na ul. Slovenska 5.",
                "Cena je 3.50 EUR.",
                "Ga. Novak je doma.",
            ],
        ),
        (
            "hu",
            [
                "A csomag az 1. emeleten van.",
                "Pl. a futár nem jött.",
                "Kérem, hívjon: tel. 06 1 234 5678.",
                "Március 3. óta várok.",
                "A II. Rákóczi út 5. alatt lakom!",
            ],
        ),
        (
            "pl",
            [
                "Paczka dotarła 3. maja.",
                "Proszę podać nr. przesyłki, np. LP4830012957.",
                "Mieszkam przy ul. Długiej 5.",
                "Co teraz?",
                "Nie wiem!",
            ],
        ),
        (
            "en",
            [
                "Dr. Smith waits.",
                "See https://lipa.example/a.b?c=d.",
                "It costs 3.50, e.g. today.",
                'Is it "lost?" he asked.',
                "It was sent on 5 May 2026.",
                "J. R. Brown (Mrs. Brown's son) signed for it...",
                "Then nothing.",
            ],
        ),
    ],
)
def test_sentences_of_running_text(language: str, sentences: list[str]) -> None:
    assert _pieces(" ".join(sentences), language) == sentences
    assert _pieces("\n".join(sentences), language) == sentences


def test_dates_with_spaces_are_one() -> None:
    assert _pieces("Odesláno 3. 5. 2026. Nic nepřišlo.", "cs") == [
        "Odesláno 3. 5. 2026.",
        "Nic nepřišlo.",
    ]


def test_markdown_blocks_are_sentences_of_their_own() -> None:
    text = (
        "# Lost parcel\n\nFirst line\ncontinues here. Second one.\n\n"
        "- item one\n- item two. With two\n  lines\n1. first\n2) second\n- [x] done\n\n"
        "| a | b |\n|---|---|\n| c. D | e |\n\n---\n```\ncode x\ny = 1\n```\n> quoted. More."
    )
    assert _pieces(text, "en") == [
        "Lost parcel",
        "First line\ncontinues here.",
        "Second one.",
        "item one",
        "item two.",
        "With two\n  lines",
        "first",
        "second",
        "done",
        "| a | b |",
        "| c. D | e |",
        "code x",
        "y = 1",
        "quoted.",
        "More.",
    ]


@pytest.mark.parametrize("text", ["", "  \n\t\n", "---\n\n***", "|---|---|", "```\n```"])
def test_nothing_to_say_gives_no_sentences(text: str) -> None:
    assert split_sentences(text, "en") == []


def test_an_unknown_language_still_splits() -> None:
    assert _pieces("Unu. Du? Tri!", "eo") == ["Unu.", "Du?", "Tri!"]


@given(
    st.text(alphabet="ab A.Á3?!…\n-#|>`*1)\r\u2028🙂", max_size=200), st.sampled_from(["en", "hu"])
)
def test_spans_are_ordered_disjoint_and_trimmed(text: str, language: str) -> None:
    last = 0
    for span in split_sentences(text, language):
        piece = text[span.start : span.end]
        assert last <= span.start < span.end <= len(text)
        assert piece == piece.strip()
        last = span.end


@given(st.text(alphabet="abc čž 3?!.,\n", max_size=200))
def test_no_letter_is_lost(text: str) -> None:
    kept = "".join(_pieces(text, "sl"))
    assert sorted(c for c in kept if c.isalpha()) == sorted(c for c in text if c.isalpha())


def test_a_hundred_thousand_stops_are_quick() -> None:
    assert len(split_sentences("a. " * 60_000, "en")) < 60_000
    assert split_sentences("." * 200_000 + "x", "en")
