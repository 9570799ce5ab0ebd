"""What a dialog asks."""

from __future__ import annotations

import numpy as np
import pytest

from kb.assist.asks import load_asks
from kb.assist.dialog import DialogReading, read_dialog
from kb.assist.types import Message, SuggestRequest
from kb.config import Settings
from kb.ports import Encoder, TextKind, Vectors
from tests.kb.assist.conftest import dialog

WHERE = "c: Hi, my parcel LP4830012957 is stuck in Brno since Monday. Where is it?"


def read(request: SuggestRequest, encoder: Encoder, settings: Settings) -> DialogReading:
    return read_dialog(request, encoder, settings)


def is_silent(reading: DialogReading) -> bool:
    return reading.query.asks < load_asks().threshold


def test_the_last_question_is_the_focus_and_greetings_are_not(
    encoder: Encoder, settings: Settings
) -> None:
    request = dialog("c: Dzień dobry, jak zmienić adres dostawy? Z góry dziękuję")
    query = read(request, encoder, settings).query
    assert query.focus == "jak zmienić adres dostawy?"
    assert query.language == "pl"
    assert query.asks > 0.9


def test_a_follow_up_keeps_its_topic(encoder: Encoder, settings: Settings) -> None:
    request = dialog(
        "c: I want my parcel delivered to a different address.",
        "a: You can change it on the tracking page.",
        "c: and how much does it cost?",
    )
    query = read(request, encoder, settings).query
    assert query.focus.endswith("and how much does it cost?")
    assert "different address" in query.focus
    assert query.text.startswith("and how much does it cost?")
    assert "tracking page" in query.text


def test_data_after_an_agents_question_leaves_the_question_open(
    encoder: Encoder, settings: Settings
) -> None:
    request = dialog(
        "c: My locker did not open.", "a: Could you give me the parcel number?", "c: LP4830012957"
    )
    query = read(request, encoder, settings).query
    assert query.focus == "My locker did not open."
    assert query.asks > 0.9
    assert "LP4830012957" in query.text


def test_a_call_for_attention_leaves_the_question_open(
    encoder: Encoder, settings: Settings
) -> None:
    query = read(dialog("c: Nem kaptam PIN kódot.", "c: halló??"), encoder, settings).query
    assert query.focus == "Nem kaptam PIN kódot."


@pytest.mark.parametrize(
    "said",
    [
        ("c: Where is my parcel?", "a: It comes tomorrow.", "c: ok"),
        ("c: Where is my parcel?", "a: It comes tomorrow. Anything else?", "c: no"),
        ("c: Kje je moj paket?", "a: Pride jutri. Še kaj?", "c: ne hvala, to je vse"),
        ("c: Where is my parcel?", "c: never mind, all good now"),
        ("c: dobrý den",),
    ],
)
def test_nothing_is_asked_once_it_is_answered_or_over(
    said: tuple[str, ...], encoder: Encoder, settings: Settings
) -> None:
    assert is_silent(read(dialog(*said), encoder, settings))


def test_what_was_named_earlier_still_counts(encoder: Encoder, settings: Settings) -> None:
    request = dialog(
        "c: Hello, parcel LP4830012957 to EH9 1AB here.",
        "a: Thank you. What happened?",
        "c: The courier left it with somebody I do not know. What can I do?",
    )
    query = read(request, encoder, settings).query
    assert query.text.startswith("The courier left it")
    assert "LP4830012957" in query.text


def test_an_agents_offer_at_the_start_of_a_text_is_not_the_focus(
    encoder: Encoder, settings: Settings
) -> None:
    request = dialog("c: It has no parking. Would you like to book a room? Is there wifi there?")
    query = read(request, encoder, settings).query
    assert query.focus == "Is there wifi there?"
    assert "no parking" in query.text


def test_a_short_ok_does_not_flip_the_language(encoder: Encoder, settings: Settings) -> None:
    request = dialog(
        "c: Nem kaptam meg a csomagomat, pedig kézbesítettnek írják.", "a: Utánanézek.", "c: ok"
    )
    assert read(request, encoder, settings).query.language == "hu"


def test_a_customer_may_change_the_language(encoder: Encoder, settings: Settings) -> None:
    request = dialog(
        "c: Kje je moj paket?", "a: Good morning.", "c: Sorry, could you explain that in English?"
    )
    assert read(request, encoder, settings).query.language == "en"


def test_the_language_asked_for_is_taken(encoder: Encoder, settings: Settings) -> None:
    query = read(dialog("c: Where is my parcel?", language="cs"), encoder, settings).query
    assert (query.language, query.language_confidence) == ("cs", 1.0)
    query = read(dialog("c: Where is my parcel?", language="xx"), encoder, settings).query
    assert query.language == "en"


@pytest.mark.parametrize("said", [(), ("c:  ",), ("a: How can I help?",), ("s: joined",)])
def test_without_a_word_of_the_customer_nothing_is_encoded(
    said: tuple[str, ...], encoder: Encoder, settings: Settings
) -> None:
    reading = read(dialog(*said), encoder, settings)
    assert reading.query.text == ""
    assert reading.query.asks == 0.0
    assert not reading.vectors.any()


def test_vectors_are_of_the_text_and_the_focus(encoder: Encoder, settings: Settings) -> None:
    reading = read(dialog(WHERE, "a: Let me look. Which town?", "c: Brno"), encoder, settings)
    wanted = encoder.encode([reading.query.text, reading.query.focus], "query")
    assert np.allclose(reading.vectors, wanted, atol=1e-5)


def test_equal_texts_are_encoded_once(encoder: Encoder, settings: Settings) -> None:
    counting = _Counting(encoder)
    reading = read_dialog(dialog("c: Where is my parcel?"), counting, settings)
    assert counting.texts == ["Where is my parcel?"]
    assert np.array_equal(reading.vectors[0], reading.vectors[1])


def test_a_thousand_long_messages_stay_within_the_budget(
    encoder: Encoder, settings: Settings
) -> None:
    messages = tuple(
        Message("customer" if n % 2 else "agent", f"Parcel {n} is lost, where is it? " * 300)
        for n in range(1000)
    )
    query = read(SuggestRequest(messages), encoder, settings).query
    assert len(query.text) < 600
    assert "999" in query.focus


def test_a_letter_is_read_whole(encoder: Encoder, settings: Settings) -> None:
    letter = f"{WHERE} " + "I have told you about the courier and the closed gate already. " * 12
    query = read(SuggestRequest((Message("customer", letter),)), encoder, settings).query
    assert query.focus == query.text
    assert len(query.text) > 600


def test_many_short_lines_are_no_letter(encoder: Encoder, settings: Settings) -> None:
    lines = [f"The courier number {n} came to the closed gate again." for n in range(20)]
    said = [Message("customer", line) for line in [*lines, "Can I change my password?"]]
    query = read(SuggestRequest(tuple(said)), encoder, settings).query
    assert query.focus.endswith("again. Can I change my password?")
    assert max(len(query.focus), len(query.text)) < 600


@pytest.mark.parametrize("text", ["\x00\x00", "\ud800 where is it?", "؟ أين طردي", "😀" * 50, "?"])
def test_odd_text_is_read_without_an_error(text: str, encoder: Encoder, settings: Settings) -> None:
    query = read(SuggestRequest((Message("customer", text),)), encoder, settings).query
    query.text.encode()
    assert "\x00" not in query.text


class _Counting:
    """An encoder that remembers what it was asked for."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.texts: list[str] = []

    model_id = property(lambda self: self._encoder.model_id)
    dim = property(lambda self: self._encoder.dim)
    max_tokens = property(lambda self: self._encoder.max_tokens)

    def encode(self, texts: list[str], kind: TextKind) -> Vectors:
        self.texts += texts
        return self._encoder.encode(texts, kind)

    def count_tokens(self, texts: list[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        return self._encoder.token_offsets(text)
