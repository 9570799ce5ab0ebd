"""Replays: what is said and when it is looked at, what counts as right, and a real run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from eval.cli import app
from eval.datasets import Languages
from eval.replay.deliver import Delivered, Post, Shares, posts_of
from eval.replay.dialogs import Dialog, Said, read_replays
from eval.replay.judge import Shown, Verdict, verdict
from eval.splits import Split
from kb.config import get_settings
from kb.errors import InvalidInput, NotFound
from tests.eval.test_folders import write

LANGUAGES = Languages(("en",))
CARD, SEAT = "reportlostcard", "getseatinfo"


def dialogs(folder: Path, count: int = 24) -> Path:
    """Dialogs as MultiDoGO has them."""
    rows = []
    for n in range(count):
        asks, intent = ("I lost my credit card, please block it", CARD)
        if n % 2:
            asks, intent = ("which seat do I have on the flight to Rome", SEAT)
        turns = [
            {"text": "hi", "intent": "openinggreeting"},
            {"text": asks, "intent": intent},
            {"text": "thank you", "intent": "thankyou"},
        ]
        rows.append({"_id": f"d{n}", "turns": turns})
    folder.mkdir()
    write(folder / "bank.jsonl", rows)
    return folder


def questions(folder: Path) -> Path:
    """A corpus with questions, as dstc9_val has them."""
    folder.mkdir()
    write(
        folder / "corpus.jsonl",
        [
            {"_id": "wifi", "title": "Is there wifi?", "text": "Wifi is free.", "entity": "Inn"},
            {"_id": "dogs", "title": "May I bring a dog?", "text": "No dogs.", "entity": "Inn"},
            {"_id": "car", "title": "Where can I park?", "text": "Behind it.", "entity": "Pub"},
        ],
    )
    asked = [{"_id": f"q{n}", "text": "Do they have wifi?", "relevant": ["wifi"]} for n in range(6)]
    write(folder / "queries.jsonl", asked)
    return folder


def test_dialogs_are_put_to_what_the_others_asked(tmp_path: Path) -> None:
    (found,) = read_replays(dialogs(tmp_path / "talk"), LANGUAGES, Split.test, None)
    assert all(Split.test.has(dialog.id) for dialog in found.dialogs)
    asked = {document.id.partition("/")[0] for document in found.documents}
    assert asked
    assert all(Split.dev.has(key) for key in asked)
    for dialog in found.dialogs:
        hello, question, thanks = dialog.turns
        assert not hello.should_speak
        assert not thanks.should_speak
        intents = {found.same[key] for key in question.right}
        assert intents == {CARD if "card" in question.text else SEAT}


def test_a_limit_is_of_turns_and_takes_the_same_ones(tmp_path: Path) -> None:
    folder = dialogs(tmp_path / "talk")
    (some,) = read_replays(folder, LANGUAGES, Split.test, 8)
    assert sum(len(dialog.turns) for dialog in some.dialogs) == 8
    assert read_replays(folder, LANGUAGES, Split.test, 8)[0].dialogs == some.dialogs


def test_questions_are_dialogs_of_one_turn(tmp_path: Path) -> None:
    plain, known = read_replays(questions(tmp_path / "hotel"), LANGUAGES, Split.all, None)
    assert (plain.name, known.name) == ("hotel", "hotel, entity known")
    assert [len(dialog.turns) for dialog in plain.dialogs] == [1] * 6
    assert plain.dialogs[0].turns[0].right == {"wifi"}
    assert plain.dialogs[0].known == {}
    assert known.dialogs[0].known == {"entity": ["Inn"]}


def test_what_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_replays(tmp_path / "none", LANGUAGES, Split.all, None)
    with pytest.raises(InvalidInput, match="--split"):
        read_replays(dialogs(tmp_path / "talk"), LANGUAGES, Split.dev, None)


SHOWN = Shown("a", None, 0.9, 0.8)
HELD_BACK = Shown("a", "not_sure", 0.9, 0.1)
ASKS, TALKS = Said("1", "where is it", frozenset({"a", "b"})), Said("2", "thanks")


@pytest.mark.parametrize(
    ("said", "shown", "before", "found"),
    [
        (ASKS, SHOWN, None, Verdict.rightly_speaks),
        (ASKS, SHOWN, "a", Verdict.rightly_speaks),
        (ASKS, Shown("z", None, 0.9, 0.8), None, Verdict.wrong_answer),
        (ASKS, HELD_BACK, "a", Verdict.wrongly_silent),
        (TALKS, HELD_BACK, "a", Verdict.rightly_silent),
        (TALKS, SHOWN, None, Verdict.wrongly_speaks),
        (TALKS, SHOWN, "b", Verdict.wrongly_speaks),
        (TALKS, SHOWN, "a", Verdict.stands),
        (TALKS, Shown("c", None, 0.9, 0.8, says="a"), "a", Verdict.stands),
    ],
)
def test_what_counts_as_right(said: Said, shown: Shown, before: str | None, found: Verdict) -> None:
    assert verdict(said, shown, before) == found


def _posts(shares: Shares, dialogs: int = 40) -> tuple[list[list[Post]], Counter[str]]:
    done = Delivered()
    turns = tuple(Said(str(n), f"these are the words of turn {n}") for n in range(6))
    return [
        list(posts_of(Dialog(f"d{n}", turns), shares, done)) for n in range(dialogs)
    ], done.counts


def test_in_order_each_turn_is_sent_once_and_looked_at() -> None:
    (posts,), counts = _posts(Shares(0, 0, 0), 1)
    assert [post.judged.id for post in posts if post.judged] == [str(n) for n in range(6)]
    assert [len(post.messages) for post in posts] == [1] * 6
    assert counts == {"turns": 6}


def test_disorder_leaves_the_same_conversation() -> None:
    """Whatever comes again, late or edited: newest edits give what was said, in order."""
    everything, counts = _posts(Shares())
    assert min(counts[name] for name in ("again", "late", "edited")) > 5
    for posts in everything:
        heard: dict[str, dict[str, Any]] = {}
        for post in posts:
            for message in post.messages:
                known = heard.get(str(message["id"]), {})
                newest = max(known.get("edited_at", ""), str(message.get("edited_at", "")))
                if not known or newest == message.get("edited_at", ""):
                    heard[str(message["id"])] = dict(message)
            if post.judged is not None:
                said = [heard[key]["text"] for key in sorted(heard)]
                assert said == [turn.text for turn in post.heard]
                assert post.heard[-1] == post.judged
        judged = [post.judged for post in posts if post.judged]
        assert len(judged) == 6 - sum(post.judged is None and _is_late(post) for post in posts)


def _is_late(post: Post) -> bool:
    return len(str(post.messages[0]["text"]).split()) > 4


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """With the model that is there already."""
    models = get_settings().models_dir.resolve()
    own = tmp_path / "home"
    own.mkdir()
    (own / "models").symlink_to(models)
    monkeypatch.setenv("POTICA_HOME", str(own))
    get_settings.cache_clear()
    yield own
    get_settings.cache_clear()


def test_the_api_decides_as_the_offline_evaluation(home: Path, tmp_path: Path) -> None:
    dialogs(tmp_path / "multidogo")
    out = tmp_path / "out"
    words = ["replay", tmp_path, "--limit", 12, "--json", out / "r.json", "--report", out]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    (figures,) = json.loads((out / "r.json").read_text("utf-8"))
    assert figures["same_decision"] == figures["turns"] > 8
    assert figures["differing"] == []
    counts = figures["verdicts"]["interaction API"]
    assert counts["rightly speaks"] > 0
    assert counts["rightly silent"] > 0
    assert counts == figures["verdicts"]["offline, same turns before"]
    page = (out / "replay.md").read_text("utf-8")
    assert "## multidogo" in page
    assert "right in all" in page


def test_a_folder_that_is_not_there_is_told_of(home: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["replay", str(tmp_path / "none")])
    assert (result.exit_code, "no folder" in result.output) == (1, True)
