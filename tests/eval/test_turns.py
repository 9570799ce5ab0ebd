"""Turns that ask nothing or ask what is not in the base, in each form they come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.turns import has_dialogs_only, read_known
from kb.errors import InvalidInput, NotFound
from tests.eval.test_folders import LANGUAGES, PAGES, write


def test_out_of_scope_intents_against_a_base_of_cases(tmp_path: Path) -> None:
    train = [{"text": "fly to Rome", "intent": "book"}, {"text": "what is love", "intent": "oos"}]
    write(tmp_path / "train.jsonl", train)
    test = [{"text": "a flight", "intent": "book"}, {"text": "how tall is Bob", "intent": "oos"}]
    write(tmp_path / "test.jsonl", test)
    found = read_known(tmp_path, LANGUAGES)
    assert found.pool == "case"
    assert [d.text for d in found.documents] == ["fly to Rome"]
    assert [(t.asks, t.known) for t in found.turns] == [(True, True), (True, False)]


def test_known_and_asks_as_they_are_given(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    rows = [
        {"_id": "a", "text": "where is my money", "known": True, "lang": "en"},
        {"_id": "b", "text": "do you sell cars", "known": False},
        {"_id": "c", "messages": [{"role": "customer", "text": "thanks"}], "asks": False},
        {"_id": "d", "text": "when do you open", "asks": True},
    ]
    write(tmp_path / "turns.jsonl", rows)
    found = read_known(tmp_path, LANGUAGES)
    assert found.pool == "article"
    said = {turn.id: (turn.asks, turn.known) for turn in found.turns}
    assert said == {
        "a": (True, True),
        "b": (None, False),
        "c": (False, False),
        "d": (True, None),
    }
    assert found.turns[0].language == "en"


DIALOGS = [
    {
        "_id": f"d{n}",
        "turns": [
            {"text": "hi", "intent": "openinggreeting"},
            {"text": f"block my card {n}", "intent": "reportlostcard"},
            {"text": "4577", "intent": "contentonly"},
            {"text": "do you like cats", "intent": "outofdomain"},
            {"text": "hm", "intent": ""},
            {"text": "bye", "intent": "closinggreeting"},
        ],
    }
    for n in range(40)
]


def test_dialogs_with_an_empty_base(tmp_path: Path) -> None:
    write(tmp_path / "bank.jsonl", DIALOGS)
    assert has_dialogs_only(tmp_path)
    found = read_known(tmp_path, LANGUAGES)
    assert found.documents == ()
    assert len(found.turns) == 40 * 5
    kinds = {turn.intent: (turn.asks, turn.known) for turn in found.turns}
    assert kinds == {
        "openinggreeting": (False, False),
        "reportlostcard": (True, True),
        "contentonly": (False, False),
        "outofdomain": (True, False),
        "closinggreeting": (False, False),
    }


def test_dialogs_with_a_base_of_the_other_half(tmp_path: Path) -> None:
    write(tmp_path / "bank.jsonl", DIALOGS)
    found = read_known(tmp_path, LANGUAGES, own_base=True)
    assert found.pool == "case"
    based = {document.id.split("/")[0] for document in found.documents}
    asked = {turn.id.split("/")[0] for turn in found.turns}
    assert based
    assert asked
    assert based.isdisjoint(asked)
    assert len(based | asked) == 40


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "x"}, r"turns\.jsonl:1: there is none of `known`, `asks` or `intent`"),
        ({"text": "x", "known": "yes"}, r"turns\.jsonl:1: `known` must be true or false"),
        ({"known": True}, r"turns\.jsonl:1: there is no `text`"),
    ],
)
def test_bad_turns_say_where(tmp_path: Path, row: dict[str, object], message: str) -> None:
    write(tmp_path / "turns.jsonl", [row])
    with pytest.raises(InvalidInput, match=message):
        read_known(tmp_path, LANGUAGES)


def test_a_folder_without_turns(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    with pytest.raises(NotFound, match="holds no turns"):
        read_known(tmp_path, LANGUAGES)
