"""Wordings of the assistant and cue words of conversations, one YAML file per language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from kb.text.fold import fold
from kb.text.terms import base_language

_FOLDER = Path(__file__).parent
_FALLBACK = "en"
SMALL_TALK = ("greetings", "thanks", "closings", "replies")


@dataclass(frozen=True, slots=True)
class Phrases:
    """What the assistant says in one language, and the words it listens for, folded."""

    language: str
    greeting: str
    lead: str
    closing: str
    reasons: Mapping[str, str]
    small_talk: Mapping[str, tuple[str, ...]]
    requests: frozenset[str]
    negations: frozenset[str]
    numbers: frozenset[str]
    claims: frozenset[str]
    offers: tuple[str, ...]  # by which an agent's question is known
    over: tuple[str, ...]  # by which a customer takes a question back
    fillers: tuple[str, ...]  # by which an agent's promise to look into it, or courtesy, is known
    names: Mapping[str, str]  # base language -> its name in this one
    _notice: str
    _in_language: Mapping[str, str]
    _other_language: str

    def notice(self, source: str) -> str:
        """Which language the source of an answer is in, said in this one."""
        other = self._other_language.format(tag=source)
        return self._notice.format(language=self._in_language.get(base_language(source), other))


def phrase_languages() -> tuple[str, ...]:
    """Base languages that have a file."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def get_phrases(language: str) -> Phrases:
    """The phrases of a BCP-47 language; English where there are none."""
    return _load(base_language(language))


@lru_cache(maxsize=64)
def _load(base: str) -> Phrases:
    # Only names that ship with the package are opened, whatever a request calls its language.
    name = base if base in phrase_languages() else _FALLBACK
    raw: dict[str, Any] = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf8"))
    languages: dict[str, dict[str, str]] = raw["languages"]
    return Phrases(
        language=name,
        greeting=raw["greeting"],
        lead=raw["lead"],
        closing=raw["closing"],
        reasons=raw["reasons"],
        small_talk={key: tuple(map(fold, raw["small_talk"][key])) for key in SMALL_TALK},
        requests=_folded(raw["requests"]),
        negations=_folded(raw["negations"]),
        numbers=_folded(raw["numbers"]),
        claims=_folded(raw["claims"]),
        offers=tuple(map(fold, raw["offers"])),
        over=tuple(map(fold, raw["over"])),
        fillers=tuple(map(fold, raw["fillers"])),
        names={tag: names["name"] for tag, names in languages.items()},
        _notice=raw["notice"],
        _in_language={tag: names["phrase"] for tag, names in languages.items()},
        _other_language=raw["other_language"],
    )


def _folded(words: list[str]) -> frozenset[str]:
    return frozenset(map(fold, words))
