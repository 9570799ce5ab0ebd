"""Language detection on what customers type."""

from __future__ import annotations

import pytest

from kb.errors import InvalidInput
from kb.text.language import detect

LANGUAGES = ("en", "pl", "cs", "sl", "hu")

LINES = {
    "en": [
        "where is my parcel",
        "not delivered yet",
        "hello, anybody there?",
        "I want a refund",
        "the driver left it in the rain",
        "Thanks a lot!",
    ],
    "pl": [
        "gdzie jest moja paczka",
        "gdzie jest moja przesylka",
        "Dzień dobry, paczka nie dotarła.",
        "paczka nie dotarla",
        "kurier nie przyszedl",
        "chce zwrot pieniedzy",
        "dziekuje bardzo za pomoc",
    ],
    "cs": [
        "kde je moje zásilka",
        "kde mam zasilku",
        "Dobrý den, balík nedorazil.",
        "dobry den, balik neprisel",
        "chci vratit penize",
        "kuryr vubec nezvonil",
        "děkuji za pomoc",
    ],
    "sl": [
        "kje je moj paket",
        "kje je moja posiljka",
        "Dober dan, pošiljke še ni.",
        "paket se ni prispel",
        "kurir ni pozvonil",
        "zelim vracilo denarja",
        "hvala za pomoč, lep pozdrav",
    ],
    "hu": [
        "hol van a csomagom",
        "csomagom nem erkezett meg",
        "Jó napot, nem jött meg a csomag.",
        "jo napot, mikor jon a futar",
        "kerem vissza a penzem",
        "a futar nem csengetett",
        "köszönöm szépen",
    ],
}


@pytest.mark.parametrize(
    ("language", "line"), [(language, line) for language in LINES for line in LINES[language]]
)
def test_a_line_of_chat_is_enough(language: str, line: str) -> None:
    assert detect(line, LANGUAGES).language == language
    assert detect(line.upper(), LANGUAGES).language == language


@pytest.mark.parametrize("text", ["", "  ", "🙂", "123-456", "https://lipa.example/kde", "\x00"])
def test_no_words_give_the_hint_without_confidence(text: str) -> None:
    assert detect(text, LANGUAGES, hint="hu").language == "hu"
    assert detect(text, LANGUAGES, hint="hu").confidence == 0
    assert detect(text, LANGUAGES).language == "en"


def test_the_hint_decides_only_what_the_text_leaves_open() -> None:
    assert detect("ok", LANGUAGES, hint="sl").language == "sl"
    assert detect("ok", LANGUAGES, hint="sl").confidence < 0.6
    assert detect("kde je prosím moje zásilka", LANGUAGES, hint="sl").language == "cs"


def test_a_longer_text_is_surer_than_a_word() -> None:
    one = detect("paket", LANGUAGES)
    many = detect("Dober dan, moja pošiljka še vedno ni prispela, kje je?", LANGUAGES)
    assert one.confidence < 0.7 < 0.9 < many.confidence <= 1


def test_only_configured_languages_come_out() -> None:
    assert detect("kde je moje zásilka", ("en", "sl")).language in ("en", "sl")
    assert detect("where is it", ("pl",)).language == "pl"
    assert detect("Wo ist mein Paket geblieben?", ("de", "hu")).language == "de"
    assert detect("where is my parcel", ("hu", "en-GB")).language == "en-GB"
    assert detect("where", ("xx", "yy")).language == "xx"


def test_a_hint_in_another_region_still_helps() -> None:
    assert detect("", ("hu", "en-GB"), hint="en-US").language == "en-GB"
    assert detect("", ("hu", "pl"), hint="fr").language == "hu"


def test_nothing_allowed_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="POTICA_LANGUAGES"):
        detect("hello", ())
