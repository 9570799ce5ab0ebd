"""What the checklist says of a text: its state, why, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import kb.text.checklist_words as words_folder
from kb.text.checklist import (
    Check,
    Checked,
    CheckState,
    check_article,
    check_duplicates,
    linked_keys,
)
from kb.text.checklist_words import get_checklist_words
from kb.text.reading import count_syllables, reading_ease

LANGUAGES = ("en", "pl", "cs", "sl", "hu")
BODY = (
    "The PIN comes once the parcel is in the locker.\n\n## What to do\n\n"
    "1. Open the tracking page.\n2. Choose [resend](article:locker-pin). It comes at once.\n"
)


def checked(**changes: Any) -> dict[str, Check]:
    values = {"title": "Locker PIN not received", "body": BODY, "language": "en"}
    given = Checked(**({**values, "links": {"locker-pin"}} | changes))
    return {check.name: check for check in check_article(given)}


def test_a_good_article_has_nothing_to_mend() -> None:
    found = checked()
    states = {check.state for name, check in found.items() if name != "reading"}
    assert states == {CheckState.ok}
    assert list(found) == [
        "title",
        "one_problem",
        "resolution",
        "reading",
        "personal",
        "links",
        "length",
    ]


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("", "title_empty"),
        ("Re: locker PIN missing", "title_code"),
        ("Locker PIN LP4830077120 missing", "title_code"),
        ("Help", "title_short"),
        ("LOCKER PIN MISSING", "title_capitals"),
        ("Refund of customs duty", "title_elsewhere"),
        ("locker pin " * 12, "title_long"),
    ],
)
def test_titles_no_customer_would_use(title: str, reason: str) -> None:
    assert checked(title=title)["title"].reason == reason


def test_the_solution_is_found_by_its_heading_or_its_steps() -> None:
    assert checked()["resolution"].reason == "resolution_ok"
    assert checked(body="Look:\n\n- try again\n")["resolution"].reason == "resolution_steps"
    assert checked(body="Something is odd.")["resolution"].state == CheckState.warning
    assert checked(body="")["resolution"].state == CheckState.problem
    assert checked(body="Odd.\n\n## Solution\n")["resolution"].reason == "resolution_empty"
    czech = checked(body="Nejde to.\n\n## Řešení\n\nZkuste to znovu.", language="cs")
    assert czech["resolution"].reason == "resolution_ok"
    two = checked(body="## Solution\n\nThis.\n\n## Solution\n\nThat.")["one_problem"]
    assert (two.reason, len(two.places)) == ("several_solutions", 2)


def test_personal_data_is_shown_where_it_stands() -> None:
    body = f"{BODY}\nWrite to jana.novak@example.org about [parcel number].\n"
    found = checked(body=body)["personal"]
    (place,) = found.places
    assert body[place.start : place.end] == "jana.novak@example.org"
    assert (found.state, place.kind) == (CheckState.warning, "email")
    iban = checked(summary="Pay to GB33BUKB20201555555555.")["personal"]
    assert (iban.state, iban.places[0].field) == (CheckState.problem, "summary")


def test_links_that_lead_nowhere() -> None:
    dead = checked(links=set())["links"]
    assert BODY[dead.places[0].start :].startswith("](article:locker-pin)")
    assert dead.state == CheckState.problem
    assert checked(body="[x]() is empty")["links"].value == "1"
    outside = checked(body="See [this](https://lipa.example/status).")["links"]
    assert outside.state == CheckState.unknown
    assert linked_keys("[a](article:one) [b](article:two) [c](article:one)") == ["one", "two"]


def test_reading_ease_by_the_formula_of_the_language() -> None:
    # 206.835 - 1.015 * 10 - 84.6 * 1
    easy = "The cat sat on the mat and looked at me. " * 4
    assert reading_ease(easy, "en").value == pytest.approx(206.835 - 10.15 - 84.6 * 1.0, abs=9)
    hard = "Administrative responsibilities necessitate comprehensive documentation. " * 8
    assert not reading_ease(hard, "en").easy
    assert checked(body=hard)["reading"].reason == "reading_flesch_hard"
    polish = reading_ease("Kot siedzi na macie i patrzy na mnie. " * 5, "pl")
    assert (polish.measure, polish.value) == ("pisarek", pytest.approx(8 / 3 + 1, abs=0.1))
    assert reading_ease("Maček sedi in gleda skozi okno. " * 6, "sl").measure == "sentence_length"
    assert reading_ease("Too short.", "en").value is None
    long = checked(body="word " * 40 + "end.")["reading"]
    assert len(long.places) == 1


def test_syllables() -> None:
    assert [count_syllables(w, "en") for w in ("locker", "table", "time", "the", "area")] == [
        2,
        2,
        1,
        1,
        2,
    ]
    assert [count_syllables(w, "pl") for w in ("miasto", "paczka", "nauczyciel", "pies")] == [
        2,
        2,
        4,
        1,
    ]
    assert [count_syllables(w, "cs") for w in ("vlk", "prst", "auto", "zásilka", "dlouho")] == [
        1,
        1,
        2,
        3,
        2,
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    folder = Path(words_folder.__file__).parent
    english = yaml.safe_load((folder / "en.yaml").read_text("utf8"))
    own = yaml.safe_load((folder / f"{language}.yaml").read_text("utf8"))
    assert list(own["names"]) == list(english["names"])
    assert list(own["reasons"]) == list(english["reasons"])
    for reason, text in own["reasons"].items():
        assert ("{value}" in text) == ("{value}" in english["reasons"][reason]), reason
    for check in (check_duplicates(None), check_duplicates([]), check_duplicates(["A", "B"])):
        assert get_checklist_words(language).message(check.reason, check.value)


def test_every_reason_has_a_message() -> None:
    bodies = ("", BODY, "word " * 1000, "# [\n" * 50, "\x00 \ud800")
    for language in (*LANGUAGES, "de"):
        for body in bodies:
            for check in checked(body=body, language=language).values():
                assert get_checklist_words(language).message(check.reason, check.value)
