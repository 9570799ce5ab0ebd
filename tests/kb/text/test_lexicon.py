"""The word tables: built on first use, mended when damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.errors import ConfigError
from kb.text.build_lexicon import fold_pairs, learn_rules, longest_rule
from kb.text.lexicon import get_lexicon, lexicon_dir


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty table directory, and no table in memory before and after."""
    monkeypatch.setenv("POTICA_LEXICON_DIR", str(tmp_path / "lexicon"))
    get_lexicon.cache_clear()
    yield lexicon_dir()
    get_lexicon.cache_clear()


def test_a_damaged_table_is_built_again(tables: Path) -> None:
    first = get_lexicon("sl")
    assert first is not None
    assert first.known("posiljke") == "posiljka"
    (tables / "sl.json").write_text('{"edits": [[0, ')
    (tables / "sl.trie").write_bytes(b"\x00" * 100)
    get_lexicon.cache_clear()
    again = get_lexicon("sl")
    assert again is not None
    assert again.known("posiljke") == "posiljka"
    assert sorted(path.name for path in tables.iterdir()) == ["sl.json", "sl.trie"]


def test_a_directory_that_cannot_be_written_says_what_to_do(tables: Path, tmp_path: Path) -> None:
    (tmp_path / "lexicon").write_text("a file, not a directory")
    with pytest.raises(ConfigError, match="POTICA_LEXICON_DIR"):
        get_lexicon("sl")


def test_no_dictionary_no_table(tables: Path) -> None:
    assert get_lexicon("xx") is None
    assert not tables.exists()


def test_of_words_that_fold_alike_the_plain_common_one_wins() -> None:
    pairs = {"pączka": "pączek", "paczka": "paczka", "paczki": "paczka", "Paczka": "Paczek"}
    assert fold_pairs(pairs) == {"paczka": "paczka", "paczki": "paczka"}


def test_a_lemma_that_is_a_form_of_a_shorter_word_leads_there() -> None:
    assert fold_pairs({"házaiban": "házai", "házai": "ház"})["hazaiban"] == "haz"


def test_rules_for_unknown_words_come_from_known_ones() -> None:
    stems = [a + b for a in ("ba", "do", "ki", "lu", "me") for b in ("rt", "ns", "lk", "st")]
    rules = learn_rules({stem + "ami": stem + "a" for stem in stems})
    assert longest_rule(rules, "zurkami") == (2, "")
    assert longest_rule(rules, "xyz") is None
