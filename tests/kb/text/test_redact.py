"""Personal data is found wherever it stands, and masked text holds none of it."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.text.fold import fold
from kb.text.redact import (
    CustomPattern,
    PersonalKind,
    PersonalSpan,
    find_personal,
    mask,
    redact,
)

LANGUAGES = ("en", "pl", "cs", "sl", "hu")
WORDED = (PersonalKind.name, PersonalKind.address)


def found(text: str, language: str, *names: str) -> list[tuple[str, str]]:
    """The kinds and the words of what is found."""
    spans = find_personal(text, language, names=names)
    return [(str(span.kind), text[span.start : span.end]) for span in spans]


@pytest.mark.parametrize(
    "number",
    [
        "041 234 567",
        "041234567",
        "041/234-567",
        "+386 41 234 567",
        "00386 41 234 567",
        "+386 (0)41 234 567",
        "01 234 56 78",
        "601 234 567",
        "+48 601-234-567",
        "(22) 123 45 67",
        "777 123 456",
        "+420777123456",
        "06 30 123 4567",
        "06-30/123-4567",
        "+36 1 234 5678",
        "07700 900123",
        "(0131) 496 0123",
        "020 7946 0123",
        "+44 (0)7700 900 123",
        "+43 664 1234567",
        "０４１ ２３４ ５６７",
        "041\u00a0234\u2009567",
        "041\u2011234\u2013567",
        "041... 234 567",
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_telephone_numbers_of_five_countries(number: str, language: str) -> None:
    for text in (number, f"x {number}, ok", f"12.05.2026 {number}\n"):
        assert found(text, language) == [("phone", number)]


@pytest.mark.parametrize(
    ("language", "text", "number"),
    [
        ("sl", "moj telefon je 041, potem 23 45 67", "041, potem 23 45 67"),
        ("en", "Tel.: 496 0123", "496 0123"),
        ("pl", "dzwońcie na nr 12 34 567", "12 34 567"),
    ],
)
def test_a_word_beside_makes_pieces_a_telephone_number(
    language: str, text: str, number: str
) -> None:
    assert found(text, language) == [("phone", number)]


@pytest.mark.parametrize(
    ("kind", "language", "text", "value"),
    [
        (
            "email",
            "en",
            "write to Ana.Novak+lipa@mail.example.com.",
            "Ana.Novak+lipa@mail.example.com",
        ),
        ("email", "sl", "ana.novak @ example.si", "ana.novak @ example.si"),
        ("email", "pl", "ana.novak(at)example.pl", "ana.novak(at)example.pl"),
        ("email", "cs", "ana.novak zavináč example tečka cz", "ana.novak zavináč example tečka cz"),
        ("email", "hu", "ana.novak@example,hu", "ana.novak@example,hu"),
        ("card", "en", "paid with 4111 1111 1111 1111 04/27", "4111 1111 1111 1111"),
        ("card", "sl", "4111111111111111", "4111111111111111"),
        ("card", "pl", "3782 822463 10005", "3782 822463 10005"),
        ("card", "cs", "karta 4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("iban", "sl", "TRR si56 1910 0000 0123 438 je moj", "si56 1910 0000 0123 438"),
        ("iban", "en", "GB33BUKB20201555555555 please", "GB33BUKB20201555555555"),
        ("iban", "cs", "účet 19-2000145399/0800", "19-2000145399/0800"),
        ("parcel", "en", "LP4830012957", "LP4830012957"),
        ("parcel", "en", "lp 4830 012 957", "lp 4830 012 957"),
        ("parcel", "hu", "RR123456785SI jön", "RR123456785SI"),
        ("parcel", "cs", "číslo zásilky 4830012957", "4830012957"),
        ("order", "en", "PK-204518", "PK-204518"),
        ("order", "pl", "zamówienie nr 204518", "204518"),
        ("birth_date", "en", "born on 12 May 1985", "12 May 1985"),
        ("birth_date", "pl", "ur. 12.05.1985", "12.05.1985"),
        ("birth_date", "cs", "narozena 12. května 1985", "12. května 1985"),
        ("birth_date", "sl", "datum rojstva: 12. 5. 1985", "12. 5. 1985"),
        ("birth_date", "hu", "1985. május 12-én születtem", "1985. május 12-én"),
        ("national_id", "pl", "44051401359", "44051401359"),
        ("national_id", "pl", "PESEL 44051401358", "44051401358"),
        ("national_id", "cs", "710319/2745", "710319/2745"),
        ("national_id", "sl", "0101006500006", "0101006500006"),
        ("national_id", "hu", "TAJ: 123 456 788", "123 456 788"),
        ("national_id", "en", "ni AB 12 34 56 C", "AB 12 34 56 C"),
        ("national_id", "en", "943 476 5870", "943 476 5870"),
        ("tax_id", "pl", "8567346215", "8567346215"),
        ("tax_id", "sl", "davčna 12345678", "12345678"),
        ("tax_id", "cs", "DIČ CZ25123891", "CZ25123891"),
        ("tax_id", "hu", "12892312-2-41", "12892312-2-41"),
    ],
)
def test_numbers_and_addresses_of_people(kind: str, language: str, text: str, value: str) -> None:
    assert found(text, language) == [(kind, value)]


@pytest.mark.parametrize(
    ("language", "address"),
    [
        ("en", "14 Mayfield Road, Edinburgh EH9 1AB"),
        ("en", "Flat 2, 5 Church Close, Leeds LS6 2AB"),
        ("pl", "ul. Długa 12/4, 00-950 Warszawa"),
        ("pl", "ul. 3 Maja 5 m. 7, 31-008 Kraków"),
        ("cs", "Vodičkova 12, 110 00 Praha 1"),
        ("cs", "ulice 17. listopadu 5a, 602 00 Brno"),
        ("sl", "Slovenska cesta 5, 1000 Ljubljana"),
        ("sl", "Spodnje Gorje 45, 4260 Bled"),
        ("hu", "1051 Budapest, Kossuth Lajos utca 12. 3/4"),
        ("hu", "6720 Szeged, Dózsa György u. 7. II. em. 3."),
    ],
)
def test_postal_addresses(language: str, address: str) -> None:
    for written in (address, address.lower(), address.replace(", ", "\n")):
        text = f"x: {written}\n"
        [(kind, words)] = found(text, language)
        assert (kind, words.rstrip(".")) == ("address", written.rstrip("."))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The postcode must be EH9, not EH8; Edinburgh depot needs form R-7"),
        ("en", "max 60×40×38 cm, 20 kg, £8 or €1,000 at 14:30 on 12/05/2026, 250 boxes"),
        ("en", "The locker PIN has 6 digits. 2 days on the way, 5 working days, case K-20431"),
        ("en", "Kind regards,\nCustomer Service team"),
        ("en", "report it to phishing@lipa.example"),
        ("pl", "PIN ma 6 cyfr, 72 godziny, 39 zł, 1500 paczek, kod HS 4819.10"),
        ("pl", "Z poważaniem\nZespół Obsługi Klienta"),
        ("pl", "Czy Pani może sprawdzić? Pan kurier mówił, że jutro"),
        ("cs", "PSČ 301 00, 12 500 Kč, 3. 5. 2026 v 9:30, 250 ks, verze 12"),
        ("cs", "S pozdravem,\nTým zákaznické podpory"),
        ("sl", "poštna številka 1000 namesto 2000, 1500 paketov, 35 €, ob 14.30"),
        ("sl", "Lep pozdrav,\nEkipa Lipa Parcels"),
        ("hu", "1051 helyett 1015, 3500 Ft, 12 500 forint, 14:30-kor, 250 db"),
        ("hu", "Üdvözlettel,\nÜgyfélszolgálati csapat"),
    ],
)
def test_knowledge_stays(language: str, text: str) -> None:
    assert found(text, language) == []


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("pl", "Anna Kowalska", "paczka dla Anny Kowalskiej, oddać Annie"),
        ("pl", "Marek Dudek", "rozmowa z markiem dudkiem"),
        ("pl", "Łukasz Jabłoński", "LUKASZOWI JABLONSKIEMU"),
        ("cs", "Pavel Novák", "předat Pavlovi Novákovi, volat s Pavlem"),
        ("cs", "Eliška Dvořáková", "od elisky dvorakove"),
        ("sl", "Peter Kovačič", "poklical sem Petra Kovačiča, govoril s petrom"),
        ("sl", "Tjaša Horvat", "Tjašin paket, pri Tjaši"),
        ("hu", "Kovács Anna", "beszéltem Kováccsal, Annának, annaval"),
        ("hu", "Nagy Péter", "Nagy Péterrel, Péternek"),
        ("en", "Margaret O’Brien", "Margaret's parcel, Mrs O'Brien"),
        ("en", "Anne Lloyd-Jones", "ask Mrs Jones"),
    ],
)
def test_known_names_in_any_form(language: str, name: str, text: str) -> None:
    kinds = {kind for kind, _ in found(text, language, name)}
    assert kinds == {"name"}
    left = fold(redact(text, language, names=[name]))
    assert not any(part[:3] in left for part in fold(name).split())


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "Dear Mr Pemberton,", "Pemberton"),
        ("en", "my name is Thandiwe Okafor and I wait", "Thandiwe Okafor"),
        ("en", "Kind regards,\nJ. Pemberton", "J. Pemberton"),
        ("pl", "Dzień dobry Pani Kowalska,", "Kowalska"),
        ("pl", "nazywam się Zenobiusz Wrona", "Zenobiusz Wrona"),
        ("pl", "Z poważaniem\nBogna Cichy", "Bogna Cichy"),
        ("cs", "Dobrý den, pane Nováku,", "Nováku"),
        ("cs", "jmenuji se Květoslav Zeman", "Květoslav Zeman"),
        ("cs", "S pozdravem Jana Nováková", "Jana Nováková"),
        ("sl", "Spoštovani gospod Hribar,", "Hribar"),
        ("sl", "ime mi je lovrenc kotnik in čakam", "lovrenc kotnik"),
        ("sl", "Lep pozdrav, Lovrenc Kotnik", "Lovrenc Kotnik"),
        ("hu", "Tisztelt Kovács Anna!", "Kovács Anna"),
        ("hu", "a nevem Vámos Csongor", "Vámos Csongor"),
        ("hu", "Szabó úr telefonált", "Szabó"),
    ],
)
def test_greetings_and_signatures_give_names_away(language: str, text: str, name: str) -> None:
    assert found(text, language) == [("name", name)]


def test_names_that_are_words_need_a_capital() -> None:
    text = "rok dostave je jutri, pravi Rok"
    spans = find_personal(text, "sl", names=["Rok Hribar"])
    assert [text[span.start : span.end] for span in spans] == ["Rok"]


def test_spans_are_those_of_the_original() -> None:
    text = "Z\u030civjo\u200b: te\u0301l. ０４１\u00a0２３４\u00a0５６７ 😡 LP\u00ad4830012957"
    found_texts = [text[s.start : s.end] for s in find_personal(text, "sl")]
    assert found_texts == ["０４１\u00a0２３４\u00a0５６７", "LP\u00ad4830012957"]


def test_mask_says_what_was_there_in_the_language() -> None:
    text = "Kličite 041 234 567 ali pišite na ana@example.si"
    assert redact(text, "sl") == "Kličite [telefon] ali pišite na [e-pošta]"
    spans = find_personal(text, "sl")
    assert mask(text, spans, "hu") == "Kličite [telefonszám] ali pišite na [e-mail]"
    assert mask(text, spans, "xx").endswith("na [e-mail]")
    assert mask(text, []) == text


def test_every_language_names_every_kind() -> None:
    for language in LANGUAGES:
        labels = [mask("x", [PersonalSpan(0, 1, kind)], language) for kind in PersonalKind]
        assert len(set(labels)) == len(PersonalKind)
        assert all(not find_personal(f"Ana {label} 5", language)[1:] for label in labels)


def test_own_patterns_take_the_place_of_the_default_ones() -> None:
    own = (CustomPattern(PersonalKind.order, r"SHOP-\d{5}"),)
    text = "shop-12345, SHOP-123456, LP4830012957"
    spans = find_personal(text, "en", patterns=own)
    assert [text[s.start : s.end] for s in spans if s.kind is PersonalKind.order] == ["shop-12345"]
    assert PersonalKind.parcel not in {span.kind for span in spans}


@pytest.mark.parametrize("language", ["en-GB", "de", "", "x-private", "sl-Latn-SI"])
def test_numbers_are_found_in_any_language(language: str) -> None:
    assert ("email", "ana@example.com") in found("ana@example.com", language)


_PIECES = st.sampled_from(
    """041 234 567|+44 7700 900123|ana@example.com|4111 1111 1111 1111|SI56 1910 0000 0123 438
    |LP4830012957|PK-204518|44051401359|born|12.5.1985|rojen|tel|tel.|PESEL|8567346215|12|5|1000
    |Ljubljana|ul.|Dluga|utca|Mr|Novak|Ana|EH9 1AB|Road|14|Kind regards|,|\n|.|-|/|(|)|+|@|[telefon]
    |[e-mail]|č|\u0301|\u200b|\0|０|\u2011|00|at|(at)|dot|zavináč|DIČ|CZ|je|number|č.p.|1985""".replace(
        "\n    ", ""
    ).split("|")
)
_TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(_PIECES, max_size=25).map(" ".join),
    st.lists(_PIECES, max_size=25).map("".join),
)


@settings(max_examples=150, deadline=None)
@given(
    text=_TEXTS, language=st.sampled_from([*LANGUAGES, "de"]), names=st.lists(st.text(max_size=20))
)
@example(text="\ud800 İ ẞ ﬁ ½ 12", language="sl", names=["\ud800", "İ"])
def test_any_text_gives_valid_spans_and_masks_to_nothing(
    text: str, language: str, names: list[str]
) -> None:
    spans = find_personal(text, language, names=names)
    ends = [0, *(span.end for span in spans)]
    for span, before in zip(spans, ends, strict=False):
        assert before <= span.start < span.end <= len(text)
    masked = mask(text, spans, language)
    assert [s for s in find_personal(masked, language, names=names) if s.kind not in WORDED] == []


_ENDLESS = """1|1 |@|a.|a@a |a1|tel 1 |SI56 |12.05.1985 |ul. A 1 |Ana Novak |4111 |(0) |[|1/
|Lep pozdrav\n|1000 Ljubljana |rojen 1 |EH9 1AB """


@pytest.mark.parametrize("unit", ["\n", *_ENDLESS.replace("\n|", "|").split("|")])
def test_work_grows_with_the_text_and_no_faster(unit: str) -> None:
    """Four times the text takes about four times the work (16 times, were it quadratic)."""

    def work(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        times = []
        for _ in range(3):
            begun = time.process_time()
            find_personal(text, "sl", names=["Ana Novak"])
            times.append(time.process_time() - begun)
        return min(times)

    work(1_000)
    assert work(12_000) < 10 * max(work(3_000), 0.001)
