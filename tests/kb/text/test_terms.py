"""The tokenizer: one form of a word however it is typed."""

from __future__ import annotations

import pytest

from kb.text.terms import fold, is_stop, question_words, term_spans, terms


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Łódź", "lodz"),
        ("Đorđe", "dorde"),
        ("Straße", "strasse"),
        ("Őrült ŰRHAJÓ", "orult urhajo"),
        ("smørrebrød", "smorrebrod"),
        ("prˇíliš".replace("ˇ", ""), "prilis"),
        ("cafe\u0301", "cafe"),
        ("ﬁle", "file"),
        ("İstanbul", "istanbul"),
        ("", ""),
    ],
)
def test_fold_strips_diacritics_and_case(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("language", "written", "typed"),
    [
        ("cs", "Kde je moje zásilka?", "kde je moje zasilka"),
        ("pl", "Przesyłka została uszkodzona", "przesylka zostala uszkodzona"),
        ("sl", "Pošiljka še ni prišla", "posiljka se ni prisla"),
        ("hu", "A csomagom nem érkezett meg", "a csomagom nem erkezett meg"),
        ("en", "The parcels weren’t delivered", "the parcels weren't delivered"),
    ],
)
def test_same_terms_with_and_without_diacritics(language: str, written: str, typed: str) -> None:
    assert terms(written, language) == terms(typed, language)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("cs", "zásilku", "zásilky"),
        ("pl", "przesyłki", "przesyłce"),
        ("sl", "pošiljke", "pošiljko"),
        ("hu", "csomagot", "csomagokat"),
        ("en", "delivered", "delivering"),
    ],
)
def test_inflected_forms_share_a_term(language: str, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LP4830012957", ["lp4830012957", "lp", "4830012957"]),
        ("PK-204518", ["pk204518", "pk", "204518"]),
        ("R-7", ["r7"]),
        ("EH8 9YL", ["eh89yl", "eh8", "9yl"]),
        ("SW1A 1AA", ["sw1a1aa", "sw1a", "1aa"]),
        ("2,50", ["2.50", "50"]),
        ("7.4.1", ["7.4.1"]),
        ("42", ["42"]),
    ],
)
def test_identifiers_stay_whole_and_give_their_parts(text: str, expected: list[str]) -> None:
    assert terms(text, "en") == expected


def test_addresses_and_file_names_stay_whole() -> None:
    found = terms("Pišite na jana.novak@posta.example, priloga cenik.xlsx", "sl")
    assert "jana.novak@posta.example" in found
    assert "novak" in found
    assert "cenik.xlsx" in found
    assert "cenik" in found


def test_camel_case_and_hyphens_give_parts() -> None:
    assert terms("LibreOffice", "en") == ["libreoffice", "libre", "office"]
    assert terms("e-mail", "en") == ["email", "mail"]
    assert terms("follow-ups", "en") == ["follow", "up"]


def test_spans_point_at_the_original_text() -> None:
    text = "Der gelöschte  zásilku PK-204518 (EH8 9YL)."
    spans = term_spans(text, "cs")
    assert [span.term for span in spans] == terms(text, "cs")
    assert text[spans[2].start : spans[2].end] == "zásilku"
    assert {text[s.start : s.end] for s in spans} >= {"PK-204518", "204518", "EH8 9YL", "9YL"}


def test_a_language_without_a_dictionary_is_only_folded() -> None:
    assert terms("Ĝis la revido", "xx") == ["gis", "la", "revido"]


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "\x00", "\ud800", "…—!?", "-" * 500])
def test_nothing_to_find_gives_nothing(text: str) -> None:
    assert terms(text, "en") == []


def test_a_run_without_end_is_cut() -> None:
    assert all(len(term) <= 64 for term in terms("x" * 100_000 + " " + "1a" * 50_000, "en"))


def test_stop_words_are_folded_and_leave_negation_alone() -> None:
    assert is_stop("sie", "pl")
    assert is_stop("the", "en-GB")
    assert not is_stop("nem", "hu")
    assert not is_stop("the", "xx")
    assert "kakšen" not in question_words("sl")
    assert "kaksen" in question_words("sl")


def test_my_parcel_and_the_parcel_are_one_word_in_hungarian() -> None:
    assert terms("a csomagom és a számlám", "hu")[1] == "csomag"
    assert terms("számlám rendelésem", "hu") == terms("számla rendelés", "hu")


def test_function_words_are_left_alone() -> None:
    assert terms("mamy też paczkę", "pl") == ["mamy", "tez", "paczka"]


def test_derived_words_meet_but_short_ones_stay_apart() -> None:
    assert terms("dostupnost", "cs") == terms("dostupný", "cs")
    assert terms("boty", "cs") != terms("bouda", "cs")
