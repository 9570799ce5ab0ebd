"""Builds the table folded form -> folded lemma of one language; run once, in a process of its own.

simplemma's dictionaries map accented forms to accented lemmas. Customers often type without
diacritics, so the table is keyed by the folded form: with and without diacritics the same
lemma comes out by construction. Building the Polish table takes over 1 GB for some seconds,
which is why it happens in a child process (`python -m kb.text.build_lexicon pl DIR`).
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from kb.text.fold import fold

VERSION = 2
_MAX_SUFFIX = 7  # characters of a word's end that a rule may look at
_MIN_STEM = 3
_MIN_SEEN = 8  # a rule seen less often is chance
_MIN_SHARE = 0.6
_SAMPLE = 400_000  # forms that rules are learnt from; more changes nothing but the time

Rule = tuple[int, str]
"""Characters to cut from the end, text to append."""


def rule_of(form: str, lemma: str) -> Rule:
    """The edit of the end of `form` that gives `lemma`."""
    same = 0
    for mine, its in zip(form, lemma, strict=False):
        if mine != its:
            break
        same += 1
    return len(form) - same, lemma[same:]


def fold_pairs(dictionary: Mapping[str, str]) -> dict[str, str]:
    """Folded form -> folded lemma; where several words fold to one form, the likeliest wins."""
    best: dict[str, str] = {}
    paradigm: Counter[str] = Counter()
    clashing: set[str] = set()
    for form, lemma in _words(dictionary):
        key, value = fold(form), fold(lemma)
        paradigm[value] += 1
        if best.setdefault(key, value) != value:
            clashing.add(key)
    # A second pass keeps only what clashes in memory: the Polish table has 3.7 million forms.
    ranks: dict[str, tuple[object, ...]] = {}
    for form, lemma in _words(dictionary):
        key = fold(form)
        if key in clashing:
            rank = _clash_rank(key, form, lemma, paradigm)
            if key not in ranks or rank < ranks[key]:
                ranks[key], best[key] = rank, fold(lemma)
    return {key: _chased(best, value) for key, value in best.items()}


def _chased(best: Mapping[str, str], lemma: str) -> str:
    """One step further where a lemma is itself listed as a form of a shorter word."""
    further = best.get(lemma, lemma)
    return further if len(further) < len(lemma) else lemma


def _words(dictionary: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((f, m) for f, m in dictionary.items() if f[:1].isalpha() and " " not in f and fold(m))


def _clash_rank(
    key: str, form: str, lemma: str, paradigm: Mapping[str, int]
) -> tuple[bool, bool, bool, int, str]:
    """Small is likely: no name, written without diacritics, a headword, many known forms.

    Of the orders tried, this one chose the lemma of the word really written most often.
    """
    return (form[:1].isupper(), form != key, form != lemma, -paradigm[fold(lemma)], form)


def learn_rules(forms: Mapping[str, str]) -> dict[str, Rule]:
    """Word end -> rule, for words the dictionary does not know.

    Only ends whose commonest rule covers most of the forms, and only where it differs from
    what the next shorter end says.
    """
    seen: dict[str, Counter[Rule]] = defaultdict(Counter)
    step = max(1, len(forms) // _SAMPLE)
    for form, lemma in islice(forms.items(), 0, None, step):
        if not form.isalpha() or not lemma:
            continue
        rule = rule_of(form, lemma)
        for size in range(max(1, rule[0]), min(_MAX_SUFFIX, len(form) - _MIN_STEM) + 1):
            seen[form[-size:]][rule] += 1
    chosen: dict[str, Rule] = {}
    for suffix in sorted(seen, key=len):
        rule, count = seen[suffix].most_common(1)[0]
        if count < _MIN_SEEN or count < _MIN_SHARE * seen[suffix].total():
            continue
        if longest_rule(chosen, suffix) != rule:
            chosen[suffix] = rule
    return chosen


def longest_rule(rules: Mapping[str, Rule], word: str) -> Rule | None:
    """The rule of the longest known end of `word`."""
    for size in range(min(_MAX_SUFFIX, len(word)), 0, -1):
        rule = rules.get(word[-size:])
        if rule is not None:
            return rule
    return None


def build(language: str, directory: Path) -> None:
    """Write `<language>.trie` and `<language>.json` into `directory`, each in one rename.

    Raises ValueError when simplemma has no dictionary for the language.
    """
    from marisa_trie import RecordTrie
    from simplemma.strategies.dictionaries import DefaultDictionaryFactory

    dictionary = DefaultDictionaryFactory().get_dictionary(language)
    forms = fold_pairs(dictionary)
    edits: dict[Rule, int] = {}
    records = (
        (form, (edits.setdefault(rule_of(form, lemma), len(edits)),))
        for form, lemma in forms.items()
    )
    trie = RecordTrie("<H", ((f, i) for f, i in records if i[0] < 65536))
    described = {"edits": list(edits)[:65536], "rules": learn_rules(forms)}
    directory.mkdir(parents=True, exist_ok=True)
    aside = directory / f".{language}.{os.getpid()}"
    aside.write_text(json.dumps(described), encoding="utf-8")
    aside.replace(directory / f"{language}.json")
    trie.save(str(aside))
    aside.replace(directory / f"{language}.trie")


if __name__ == "__main__":
    build(sys.argv[1], Path(sys.argv[2]))
