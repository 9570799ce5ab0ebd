"""Greetings, thanks and goodbyes of five languages."""

from __future__ import annotations

import pytest

from kb.text.small_talk import small_talk, without_small_talk


@pytest.mark.parametrize(
    "text",
    ["Hi, good morning!", "Dziękuję, to wszystko.", "dekuji moc, hezky den", "Hvala, lp", "oké"],
)
def test_small_talk_is_known_with_and_without_diacritics(text: str) -> None:
    found = small_talk(text)
    assert found.kinds
    assert found.share >= 0.5


def test_kinds_come_in_order() -> None:
    assert small_talk("ok thanks bye").kinds == ("replies", "thanks", "closings")
    assert small_talk("Where is it?").kinds == ()
    assert small_talk("").share == 0.0


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Dobrý den, kde je můj balík?", "kde je můj balík?"),
        ("How do I change it, thanks in advance", "How do I change it"),
        ("Hi good morning", "Hi good morning"),
        ("Nem kaptam meg a PIN-kódot.", "Nem kaptam meg a PIN-kódot."),
        ("Dobry kurier zgubił paczkę", "Dobry kurier zgubił paczkę"),
    ],
)
def test_only_what_is_set_off_is_taken_away(text: str, rest: str) -> None:
    assert without_small_talk(text) == rest
