"""Why the best answer changed, told from two suggestions as they are recorded."""

from __future__ import annotations

from typing import Any

import pytest

from kb.assist.change import Change, Given, Turn, change_between
from kb.search.types import Hit
from tests.kb.assist.conftest import hit

POSTCODE = Turn("customer", "The postcode on my label is wrong.")
PIN = Turn("customer", "And where is the PIN of my locker?")
AGENT = Turn("agent", "Which locker is it?")
LABEL = hit("If the postcode on the label is wrong, ask us to relabel the parcel.")
LOCKER = hit("The locker PIN has six digits.", document_id="locker-pin", title="Locker PIN")


def given(best: Hit | None, focus: str, turns: dict[str, Turn], **more: Any) -> Given:
    answers = () if best is None else (_answer(best),)
    values: dict[str, Any] = {
        "language": "en",
        "asked_language": None,
        "channel": "chat",
        "facets": {},
        "query": focus,
        "focus": focus,
        "nothing_known": None if best else "nothing_found",
        "answers": answers,
        "cases": (),
        "turns": turns,
    }
    return Given(**values | more)


def _answer(found: Hit) -> tuple[str, str, int | None, int]:
    document = f"{found.pool}:{found.document_id}"
    return document, found.language, found.revision_number, found.passage_id


BEFORE = given(LABEL, "The postcode on my label is wrong.", {"1": POSTCODE})


def changed(now: Given, found: Hit | None, before: Given | None = BEFORE) -> Change:
    change = change_between(before, now, found, now.turns, answered=before is not None)
    assert change is not None
    return change


def test_the_same_answer_is_no_change() -> None:
    now = given(LABEL, "The postcode is wrong.", {"1": POSTCODE, "2": AGENT})
    assert change_between(BEFORE, now, LABEL, now.turns, answered=True) is None
    silent = given(None, "Hello", {"1": Turn("customer", "Hello")})
    assert change_between(None, silent, None, silent.turns, answered=False) is None
    assert change_between(silent, silent, None, silent.turns, answered=False) is None


def test_another_question_and_more_of_the_same() -> None:
    now = given(LOCKER, "where is the PIN of my locker?", {"1": POSTCODE, "2": PIN})
    change = changed(now, LOCKER)
    assert (change.reason, change.message) == ("new_question", "2")
    assert change.words == ("PIN", "locker")
    assert (change.before, change.after) == ("article:wrong-postcode", "article:locker-pin")
    more = Turn("customer", "It is the label for the locker.")
    now = given(LOCKER, "The postcode on my label is wrong.", {"1": POSTCODE, "2": more})
    change = changed(now, LOCKER)
    assert (change.reason, change.message, change.words) == ("more_detail", "2", ("locker",))


def test_the_customers_words_count_before_the_agents() -> None:
    turns = {"1": POSTCODE, "2": PIN, "3": AGENT}
    assert changed(given(LOCKER, "where is the PIN?", turns), LOCKER).message == "2"
    turns = {"1": POSTCODE, "3": AGENT}
    change = changed(given(LOCKER, BEFORE.focus, turns), LOCKER)
    assert (change.reason, change.message) == ("more_detail", "3")


def test_an_edit_and_what_was_taken_back() -> None:
    now = given(LOCKER, PIN.text, {"1": PIN})
    change = changed(now, LOCKER)
    assert (change.reason, change.message) == ("message_edited", "1")
    two = given(LOCKER, PIN.text, {"1": POSTCODE, "2": PIN})
    now = given(LABEL, POSTCODE.text, {"1": POSTCODE})
    change = changed(now, LABEL, two)
    assert (change.reason, change.message, change.words) == ("message_edited", "2", ())


def test_what_fell_out_of_sight_was_not_taken_back() -> None:
    many = {str(number): POSTCODE for number in range(1, 60)} | {"0": POSTCODE}
    before = given(LABEL, POSTCODE.text, {"0": POSTCODE, **many})
    now = given(LOCKER, PIN.text, {**dict(list(many.items())[:-1]), "60": PIN})
    change = change_between(before, now, LOCKER, {*many, "60"}, answered=True)
    assert change is not None
    assert (change.reason, change.message) == ("new_question", "60")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"facets": {"product": ["locker"]}}, "facets_changed"),
        ({"channel": "phone"}, "facets_changed"),
        ({"asked_language": "pl", "language": "pl"}, "language_changed"),
        ({"language": "pl"}, "language_changed"),
        ({}, "knowledge_changed"),
    ],
)
def test_what_is_known_and_knowledge(more: dict[str, Any], reason: str) -> None:
    now = given(LOCKER, BEFORE.focus, {"1": POSTCODE}, **more)
    change = changed(now, LOCKER)
    assert (change.reason, change.message, change.words) == (reason, None, ())


def test_the_same_article_in_other_words_or_another_language() -> None:
    revised = hit(LABEL.text, revision_number=2)
    now = given(revised, BEFORE.focus, {"1": POSTCODE})
    change = changed(now, revised)
    assert change.reason == "knowledge_changed"
    assert change.before == change.after
    polish = hit("Kod pocztowy na etykiecie jest błędny.", language="pl")
    now = given(polish, BEFORE.focus, {"1": POSTCODE, "2": PIN})
    assert changed(now, polish).reason == "language_changed"


def test_nothing_known_any_more_and_the_first_answer() -> None:
    thanks = Turn("customer", "Thanks, that is all.")
    now = given(None, thanks.text, {"1": POSTCODE, "2": thanks})
    change = changed(now, None)
    assert (change.reason, change.message, change.after) == ("nothing_known", "2", None)
    first = changed(BEFORE, LABEL, None)
    assert (first.reason, first.message, first.before) == ("first_answer", "1", None)
    assert first.words == ("postcode", "label", "wrong")


def test_masked_words_are_not_told() -> None:
    said = Turn("customer", "The [phone number] label is wrong, the postcode [name].")
    now = given(LABEL, said.text, {"1": said})
    assert changed(now, LABEL, None).words == ("label", "wrong", "postcode")
