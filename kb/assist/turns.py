"""A conversation as turns of sentences, each with how much it looks like a question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.assist.asks import asks
from kb.assist.types import Message
from kb.text.fold import fold
from kb.text.phrases import get_phrases
from kb.text.sentences import split_sentences
from kb.text.small_talk import WORD, SmallTalk, small_talk
from kb.text.terms import is_stop, question_words, terms

MESSAGES = 60  # the last ones that are read
MESSAGE_CHARACTERS = 4_000  # of a message that are read, from its start and its end
SENTENCES = 40  # the last ones of the customer that are judged
ASKING = 0.4  # from here on a sentence counts as asking (surface features alone)

# Parcel and order numbers, postcodes, amounts; and words written with a capital inside a sentence.
_NAMED = re.compile(r"\b[A-Za-z]{0,4}-?\d[\w-]*(?:\s\d[A-Za-z]{2}\b)?|(?<=[\w,] )[A-ZÀ-ŽŁŚŻ]\w{2,}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`asks` is the surface model's probability; 0 where it was not judged."""

    text: str
    asks: float
    talk: SmallTalk

    @property
    def is_asking(self) -> bool:
        return self.asks >= ASKING and not self.talk.is_all


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said before the other answered."""

    role: str
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def is_asking(self) -> bool:
        return any(sentence.is_asking for sentence in self.sentences)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of small talk in it, in order."""
        return tuple(kind for sentence in self.sentences for kind in sentence.talk.kinds)


def readable(messages: Sequence[Message]) -> list[Message]:
    """The last messages of customer and agent that say something, cut to a sane length."""
    said = [m for m in messages[-MESSAGES:] if m.role in ("customer", "agent") and m.text.strip()]
    found = [replace(message, text=clean(_shortened(message.text))) for message in said]
    return [message for message in found if message.text.strip()]


def turns_of(messages: Sequence[Message], language: str) -> list[Turn]:
    """Messages joined to turns; the customer's last sentences are judged."""
    turns: list[Turn] = []
    for message in messages:
        spans = split_sentences(message.text, language)
        texts = [one_line(message.text[span.start : span.end]) for span in spans]
        sentences = tuple(Sentence(text, 0.0, small_talk(text)) for text in texts)
        if turns and turns[-1].role == message.role:
            turns[-1] = Turn(message.role, turns[-1].sentences + sentences)
        elif sentences:
            turns.append(Turn(message.role, sentences))
    return _judged(turns)


def split_at_offer(turns: list[Turn], language: str) -> list[Turn]:
    """A lone turn that begins with the agent's words ("Would you like a room? Is there wifi?").

    Helpdesks that pass one text often put the agent's last turn before the customer's. What
    comes up to the agent's offer is taken as the agent's.
    """
    if len(turns) != 1 or turns[0].role != "customer":
        return turns
    offers = get_phrases(language).offers
    sentences = turns[0].sentences
    for at in range(len(sentences) - 2, -1, -1):
        text = sentences[at].text
        if text.endswith("?") and any(_holds(text, offer) for offer in offers):
            return [Turn("agent", sentences[: at + 1]), Turn("customer", sentences[at + 1 :])]
    return turns


def _judged(turns: list[Turn]) -> list[Turn]:
    """The same turns, the last SENTENCES of the customer with their probability."""
    customer = [turn for turn in turns if turn.role == "customer"]
    texts = [sentence.text for turn in customer for sentence in turn.sentences][-SENTENCES:]
    scores = iter(asks(texts))
    skipped = sum(len(turn.sentences) for turn in customer) - len(texts)
    judged = []
    for turn in turns:
        if turn.role != "customer":
            judged.append(turn)
            continue
        sentences = []
        for sentence in turn.sentences:
            skipped -= 1
            is_judged = skipped < 0
            sentences.append(replace(sentence, asks=float(next(scores))) if is_judged else sentence)
        judged.append(Turn(turn.role, tuple(sentences)))
    return judged


def is_refusal(turn: Turn, language: str) -> bool:
    """A bare no, as after "Is there anything else?"."""
    words = WORD.findall(fold(turn.text))
    negations = get_phrases(language).negations
    return 0 < len(words) <= 4 and words[0] in negations and not turn.is_asking


def is_over(turn: Turn, language: str) -> bool:
    """Whether the turn takes back what it asked: "never mind, it works now"."""
    return any(_holds(turn.sentences[-1].text, phrase) for phrase in get_phrases(language).over)


def is_closing(turn: Turn) -> bool:
    """Says goodbye, or that it is all, last of all it says."""
    return bool(turn.kinds) and "closings" in turn.kinds and not turn.is_asking


def asks_back(turn: Turn) -> bool:
    """Whether an agent's turn asks for something instead of answering."""
    return any(sentence.text.rstrip("\"') ").endswith("?") for sentence in turn.sentences[-2:])


def content_terms(text: str, language: str) -> list[str]:
    """Terms that carry a topic: neither function words nor question words."""
    asked = question_words(language)
    return [
        term
        for term in terms(text, language)
        if len(term) > 1 and term not in asked and not is_stop(term, language)
    ]


def named_things(text: str) -> list[str]:
    """Numbers of parcels and orders, postcodes, amounts and names in `text`, each once."""
    return list(dict.fromkeys(match[0] for match in _NAMED.finditer(text)))


def within(sentences: Sequence[Sentence], budget: int) -> Iterator[Sentence]:
    """Those that fit into `budget` characters, in order: asking ones first, small talk never."""
    worth = [s for s in sentences if not s.talk.is_all]
    left = budget
    kept = set()
    for sentence in sorted(worth, key=lambda s: not s.is_asking):
        if len(sentence.text) < left:
            kept.add(id(sentence))
            left -= len(sentence.text) + 1
    if not kept and worth:
        last = worth[-1]
        yield replace(last, text=last.text[:budget])
        return
    yield from (sentence for sentence in worth if id(sentence) in kept)


def _holds(text: str, phrase: str) -> bool:
    """Whether these folded words stand in `text`, next to each other."""
    return f" {phrase} " in f" {' '.join(WORD.findall(fold(text)))} "


def _shortened(text: str) -> str:
    if len(text) <= MESSAGE_CHARACTERS:
        return text
    half = MESSAGE_CHARACTERS // 2
    return text[:half] + "\n\n" + text[-half:]


def clean(text: str) -> str:
    """Without what no database takes: NUL bytes and lone surrogates."""
    return text.replace("\x00", " ").encode("utf-8", "replace").decode()


def one_line(text: str) -> str:
    """The text with single spaces for all that separates its words."""
    return " ".join(text.split())
