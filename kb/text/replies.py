"""What an agent's reply tells: an answer, or only that one will come."""

from __future__ import annotations

import re
from functools import lru_cache

from kb.text.fold import fold
from kb.text.phrases import get_phrases, phrase_languages
from kb.text.sentences import split_sentences
from kb.text.small_talk import WORD, small_talk

LEAST_WORDS = 3  # of a clause beside others that says something by itself
_CLAUSE = re.compile(r"[,;:]\s|\s[-–—]\s")


def tells(reply: str, language: str) -> bool:
    """Whether a clause of it is more than a question, a courtesy or "I will look into it".

    Phrases of every language count: agents answer in the customer's. `language` (BCP-47) is
    that by which sentences are told apart.
    """
    spans = split_sentences(reply, language)
    return any(_tells(reply[span.start : span.end]) for span in spans)


def _tells(sentence: str) -> bool:
    if sentence.rstrip("\"')» ").endswith("?") or not WORD.search(sentence):
        return False
    clauses = _CLAUSE.split(sentence)
    return any(_says(clause, 1 if len(clauses) == 1 else LEAST_WORDS) for clause in clauses)


def _says(clause: str, least: int) -> bool:
    """A courtesy may stand before what is told: "Sorry for the wait, it is relabelled"."""
    is_long = len(WORD.findall(clause)) >= least
    return is_long and not small_talk(clause).is_all and not _is_filler(clause)


def _is_filler(sentence: str) -> bool:
    words = " ".join(word.replace("’", "'") for word in WORD.findall(fold(sentence)))
    return any(f" {phrase} " in f" {words} " for phrase in _fillers())


@lru_cache(maxsize=1)
def _fillers() -> tuple[str, ...]:
    every = (phrase for tag in phrase_languages() for phrase in get_phrases(tag).fillers)
    return tuple(dict.fromkeys(" ".join(WORD.findall(phrase)) for phrase in every))
