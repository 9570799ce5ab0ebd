"""An answer is told from a question, a courtesy and a promise to look into it."""

from __future__ import annotations

import pytest

from kb.text.replies import tells


@pytest.mark.parametrize(
    ("reply", "language"),
    [
        ("I'll look into it. Where was it scanned last?", "en"),
        ("Let me check that for you, one moment.", "en"),
        ("You're welcome, have a nice day!", "en"),
        ("Już sprawdzam. Jaki jest numer paczki?", "pl"),
        ("Zjistím to a ozvu se vám.", "cs"),
        ("Bom preveril in vam sporočim. Lep pozdrav", "sl"),
        ("Utánanézek, egy kis türelmet kérek szépen.", "hu"),
        ("Utananezek, visszahivom.", "hu"),
        ("Sprawdze i oddzwonie.", "en"),  # in the customer's language, not the interaction's
        ("Let me check, Ana.", "en"),
        ("???", "en"),
        ("", "en"),
    ],
)
def test_what_solves_nothing_tells_nothing(reply: str, language: str) -> None:
    assert not tells(reply, language)


@pytest.mark.parametrize(
    ("reply", "language"),
    [
        ("Let me check. The postcode was EH8, I have relabelled it to EH9.", "en"),
        ("I checked: the depot sent it back, a new label is on its way. Anything else?", "en"),
        ("I'm sorry to hear that, I have relabelled it to EH9.", "en"),
        ("Relabelled.", "en"),
        ("Your new label goes out today, I'll let you know when it is there.", "en"),
        ("Paczka została przekierowana do automatu na rogu.", "pl"),
        ("Štítek jsme opravili, balík dorazí zítra.", "cs"),
        ("Paket smo preusmerili na pravi naslov.", "sl"),
        ("A csomagot átirányítottuk a helyes címre.", "hu"),
    ],
)
def test_an_answer_tells(reply: str, language: str) -> None:
    assert tells(reply, language)
