"""Lemmas by language: a compact table built once from simplemma's dictionaries.

The tables (about 20 MB for the five languages) are mapped from disk, so processes share them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from kb.errors import ConfigError
from kb.text.build_lexicon import VERSION, Rule, longest_rule

_BUILD_SECONDS = 600
_SHORTEST_ENDED = 6  # characters of a word that endings are taken off
_SHORTEST_STEM = 3
# Hungarian stacks endings beyond what any list holds. Measured in docs/decisions/0003.
_ENDINGS = {"hu": 3}
_POSSESSIVES = {"hu": ("unk", "om", "em", "am", "od", "ed", "ad", "m", "d")}
_building = threading.Lock()


class _Trie(Protocol):
    def get(self, key: str) -> list[tuple[int]] | None: ...


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Folded form -> folded lemma, and rules for words it does not know."""

    trie: _Trie
    edits: tuple[Rule, ...]
    rules: Mapping[str, Rule]
    endings: int = 0  # characters of case endings to try to take off unknown words
    possessives: tuple[str, ...] = ()

    def lemma(self, form: str) -> str:
        """The folded lemma of any folded form: from the dictionary, else guessed."""
        known = self.known(form)
        if known is None or known == form:
            known = self._owned(form) or known
        return known or self._without_ending(form) or self.guess(form)

    def known(self, form: str) -> str | None:
        """The folded lemma of a folded form, or None when the dictionary lacks it."""
        found = self.trie.get(form)
        if not found:
            return None
        cut, add = self.edits[found[0][0]]
        return form[: len(form) - cut] + add

    def guess(self, form: str) -> str:
        """The lemma of an unknown folded form, by the longest known end; else the form."""
        rule = longest_rule(self.rules, form)
        if rule is None or len(form) - rule[0] < 3:
            return form
        return form[: len(form) - rule[0]] + rule[1]

    def _without_ending(self, form: str) -> str | None:
        if len(form) < _SHORTEST_ENDED:
            return None
        for cut in range(1, min(self.endings, len(form) - _SHORTEST_STEM) + 1):
            known = self.known(form[:-cut])
            if known:
                return known
        return None

    def _owned(self, form: str) -> str | None:
        """ "csomag" of "csomagom" (my parcel), which the dictionary lists as a word of its own."""
        if len(form) < _SHORTEST_ENDED:
            return None
        for ending in self.possessives:
            stem = form.removesuffix(ending)
            if stem != form and len(stem) > _SHORTEST_STEM and self.known(stem) == stem:
                return stem
        return None


def lexicon_dir() -> Path:
    """Where tables are kept: `POTICA_LEXICON_DIR`, else the user's cache directory."""
    chosen = os.environ.get("POTICA_LEXICON_DIR")
    if chosen:
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "potica" / f"lexicon-{VERSION}"


def has_lexicon(language: str) -> bool:
    """Whether lemmas exist for this language; other languages are only folded."""
    from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

    return language in SUPPORTED_LANGUAGES


@lru_cache(maxsize=64)
def get_lexicon(language: str) -> Lexicon | None:
    """The table of a base language ("pl"), built on first use; None when there is none.

    Raises ConfigError when the table cannot be built or written.
    """
    if not has_lexicon(language):
        return None
    with _building:
        directory = lexicon_dir()
        try:
            return _open(language, directory)
        except (OSError, ValueError, KeyError, RuntimeError):
            # absent, or damaged by a crash or a full disk: both are mended by building
            _build_in_child(language, directory)
        return _open(language, directory)


def _open(language: str, directory: Path) -> Lexicon:
    from marisa_trie import RecordTrie

    described = json.loads((directory / f"{language}.json").read_text(encoding="utf-8"))
    trie = RecordTrie("<H")
    trie.mmap(str(directory / f"{language}.trie"))
    return Lexicon(
        trie=trie,
        edits=tuple((cut, add) for cut, add in described["edits"]),
        rules={end: (cut, add) for end, (cut, add) in described["rules"].items()},
        endings=_ENDINGS.get(language, 0),
        possessives=_POSSESSIVES.get(language, ()),
    )


def _build_in_child(language: str, directory: Path) -> None:
    """Build in another process, so that its memory is given back."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    try:
        subprocess.run(
            [sys.executable, "-m", "kb.text.build_lexicon", language, str(directory)],
            check=True,
            capture_output=True,
            timeout=_BUILD_SECONDS,
            env={**os.environ, "PYTHONPATH": path},
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        raise ConfigError(
            f"The word table for {language!r} could not be built in {directory}. Make the "
            "directory writable, or set POTICA_LEXICON_DIR to one that is.",
            reason=(said.decode(errors="replace").strip().splitlines() or [str(error)])[-1],
        ) from error
