"""The words and forms of a language, read from its file, and those of all languages together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from kb.text.fold import fold
from kb.text.personal.kinds import PersonalKind
from kb.text.stopwords import QUESTION_WORDS, STOP_WORDS
from kb.text.terms import base_language

_FOLDER = Path(__file__).parent
_FALLBACK = "en"
_MORE = r"[^\W\d_]{0,7}"
_FIRST = re.compile(r"[^\W\d_]+")
# Without implicit typing: "no" and "on" are words here.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class AddressWords:
    """How addresses are written in one language; words folded, patterns for folded text."""

    number_first: bool  # "14 Mayfield Road"
    types: Words
    capital_types: Words  # types that are everyday words too, unless written with a capital
    before: Words  # types that stand before the name: "ul. Długa"
    own_before: Words  # those of them that mean something else in other languages
    after: Words  # types that stand after the name: "Kossuth utca"
    endings: tuple[str, ...]  # of names that need no type: "Dunajska 5"
    prepositions: Words  # that a name may begin with: "Na Příkopě 12"
    flats: Words
    house_words: Words
    house_tail: re.Pattern[str]  # what may follow a house number
    cues: Words
    postcode: re.Pattern[str]
    postcode_alone: bool  # whether a postcode is personal without a town
    numbered_towns: bool  # "Praha 1"
    dated: bool  # "17. listopadu 5"
    towns: Mapping[str, tuple[tuple[str, ...], ...]]  # words of each, by two letters


@dataclass(frozen=True, slots=True)
class NameWords:
    """What names stand beside in one language; all folded."""

    titles: Words
    titles_after: Words
    surname_first: bool
    greetings: tuple[tuple[str, ...], ...]
    closings: tuple[tuple[str, ...], ...]
    intros: tuple[tuple[str, ...], ...]
    weak_intros: tuple[tuple[str, ...], ...]
    after: tuple[tuple[str, ...], ...]
    roles: tuple[tuple[str, ...], ...]
    surname_endings: tuple[str, ...]
    sure_titles: Words  # said of nobody but by name
    particles: Words
    not_names: Words
    also_words: Words  # names that are everyday words too
    given: Words  # given names in all their forms
    foreign: Words  # those of the other languages
    surnames: Words  # common ones in all their forms
    first_names: Words  # given names as they are listed


@dataclass(frozen=True, slots=True)
class Rules:
    """One language's file."""

    language: str
    mask: Mapping[PersonalKind, str]
    units: re.Pattern[str]  # matches where a number counts something
    address: AddressWords
    names: NameWords
    inflection: tuple[tuple[str, tuple[str, ...]], ...]  # ending -> endings, longest first

    def forms(self, name: str) -> set[str]:
        """A folded name in the forms it may take in this language."""
        found = {name}
        for ending, others in self.inflection:
            if name.endswith(ending) and len(name) - len(ending) >= 2:
                stem = name[: len(name) - len(ending)]
                found.update(stem + other for other in others)
                break
        return found


@dataclass(frozen=True, slots=True)
class Labels:
    """Words of all languages that say what a number or a date beside them is.

    Each as the letters it begins with and a pattern for folded text.
    """

    numbers: Mapping[str, tuple[tuple[str, str], ...]]  # "phone", "card", ...
    born_before: tuple[tuple[str, str], ...]
    born_after: tuple[tuple[str, str], ...]
    more: str  # the pattern of further letters of a word
    gap: re.Pattern[str]  # what may stand between such a word and the number
    links: str  # alternatives of words between the pieces of a number
    month: str  # alternatives
    units: re.Pattern[str]
    masked: re.Pattern[str]  # a label that `mask` has put, in any language, folded


def rule_languages() -> tuple[str, ...]:
    """Base languages that have a file."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def get_rules(language: str) -> Rules:
    """The rules of a BCP-47 language; English where there are none."""
    base = base_language(language)
    return _load(base if base in _languages() else _FALLBACK)


@lru_cache(maxsize=1)
def _languages() -> Words:
    return frozenset(rule_languages())


@lru_cache(maxsize=64)
def _raw(name: str) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.load((_FOLDER / f"{name}.yaml").read_text("utf-8"), _Loader)
    return raw


@lru_cache(maxsize=64)
def _load(name: str) -> Rules:
    raw = _raw(name)
    bends = [(fold(ending), tuple(fold(more).split())) for ending, more in raw["inflection"]]
    bends.sort(key=lambda pair: -len(pair[0]))
    bare = Rules(
        language=name,
        mask={PersonalKind(kind): label for kind, label in raw["mask"].items()},
        units=_counted(raw["units"]),
        address=_address(raw["address"]),
        names=_names(raw["names"], name, frozenset()),
        inflection=tuple(bends),
    )
    given = fold(raw["names"]["given"]).split()
    surnames = fold(raw["names"]["surnames"]).split()
    also = bare.names.also_words
    also |= {form for word in also for form in bare.forms(word)}
    foreign = {
        form
        for other in rule_languages()
        for first in fold(_raw(other)["names"]["given"]).split()
        if other != name and len(first) > 3 and first not in also
        for form in bare.forms(first)
    }
    bent = frozenset(form for first in given for form in bare.forms(first) if len(form) > 2)
    last = frozenset(form for surname in surnames for form in bare.forms(surname))
    names = replace(
        _names(raw["names"], name, bent),
        also_words=frozenset(also),
        surnames=last,
        foreign=frozenset(foreign) - bent - also,
    )
    return Rules(name, bare.mask, bare.units, bare.address, names, bare.inflection)


def _address(raw: Mapping[str, Any]) -> AddressWords:
    return AddressWords(
        number_first=raw["number_first"] == "true",
        types=_words(raw["types"]),
        capital_types=_words(raw["capital_types"]),
        before=_words(raw["before"]),
        own_before=_words(raw.get("own_before", ())),
        after=_words(raw["after"]),
        endings=tuple(fold(ending) for ending in raw["endings"]),
        prepositions=_words(raw.get("prepositions", ())),
        flats=_words(raw["flats"]),
        house_words=_words(raw.get("house_words", ())),
        house_tail=re.compile("|".join(raw["house_tail"]) or r"(?!)"),
        cues=_words(word.rstrip("*") for word in raw["cues"]),
        postcode=re.compile(rf"{raw['postcode']}(?!\w)(?!-\d)"),
        postcode_alone=raw["postcode_alone"] == "true",
        numbered_towns=raw.get("numbered_towns") == "true",
        dated=raw.get("dated") == "true",
        towns=_towns(raw["towns"]),
    )


def _names(raw: Mapping[str, Any], language: str, given: Words) -> NameWords:
    stops = STOP_WORDS.get(language, frozenset()) | QUESTION_WORDS.get(language, frozenset())
    return NameWords(
        titles=_words(raw["titles"]),
        titles_after=_words(raw["titles_after"]),
        surname_first=raw.get("surname_first") == "true",
        greetings=_phrases(raw["greetings"]),
        closings=_phrases(raw["closings"]),
        intros=_phrases(raw["intros"]),
        weak_intros=_phrases(raw["weak_intros"]),
        after=_phrases(raw["after"]),
        roles=_phrases(raw["roles"]),
        surname_endings=tuple(fold(ending) for ending in raw.get("surname_endings", ())),
        sure_titles=_words(raw.get("sure_titles", ())),
        particles=_words(raw["particles"]),
        not_names=_words(raw["not_names"]) | stops,
        also_words=_words(raw["also_words"]),
        given=given,
        foreign=frozenset(),
        surnames=frozenset(),
        first_names=_words(raw["given"].split()),
    )


def _towns(names: Iterable[str]) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for name in names:
        words = tuple(fold(name).split())
        found[words[0][:2]] = (*found.get(words[0][:2], ()), words)
    return found


def _words(words: Iterable[str]) -> Words:
    return frozenset(fold(word) for word in words)


def _phrases(phrases: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Phrases by their words, longest first."""
    split = {tuple(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", fold(phrase))) for phrase in phrases}
    return tuple(sorted(split, key=lambda words: (-len(words), words)))


def _pattern(phrase: str) -> str:
    """Folded text that a phrase matches: `*` more letters, dots and spaces loosely."""
    parts = (re.escape(part) for part in re.split(r"[ .]+", fold(phrase)) if part)
    return r"[ .]{0,3}".join(part.replace(r"\*", _MORE) for part in parts)


def _either(phrases: Iterable[str]) -> str:
    return "|".join(sorted({_pattern(phrase) for phrase in phrases}, key=lambda p: (-len(p), p)))


def _counted(units: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf" ?(?:[$€£%°]|(?:{_either(units)})(?![^\W_])|[x×*] ?\d|,-)")


@lru_cache(maxsize=1)
def get_labels() -> Labels:
    """The label words of every language that has a file."""
    raws = [_raw(name) for name in rule_languages()]
    kinds = sorted({kind for raw in raws for kind in raw["labels"]})
    fillers = _either(word for raw in raws for word in raw["fillers"])
    masks = sorted({re.escape(fold(label)) for raw in raws for label in raw["mask"].values()})
    return Labels(
        numbers={
            kind: _started(word for raw in raws for word in raw["labels"].get(kind, ()))
            for kind in kinds
        },
        born_before=_started(word for raw in raws for word in raw["birth"]["before"]),
        born_after=_started(word for raw in raws for word in raw["birth"]["after"]),
        more=_MORE,
        # The lookahead keeps the plus and the bracket of a number out of it.
        gap=re.compile(rf"(?:(?![+(] ?\d)[ \n.:,;=#()'\"+>/-]|(?:{fillers})(?![^\W_])){{0,14}}"),
        links=_either(word for raw in raws for word in raw["links"]),
        month=_either(word for raw in raws for word in raw["months"]),
        units=_counted(word for raw in raws for word in raw["units"]),
        masked=re.compile(rf"\[(?:{'|'.join(masks)})\]"),
    )


def _started(phrases: Iterable[str]) -> tuple[tuple[str, str], ...]:
    found = set()
    for phrase in phrases:
        first = _FIRST.match(fold(phrase))
        if first is not None:
            found.add((first[0], _pattern(phrase)))
    return tuple(sorted(found))
