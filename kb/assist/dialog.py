"""What a dialog asks: the query for search, read from the conversation so far."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from kb.assist.asks import asks
from kb.assist.letter import letter_pieces
from kb.assist.turns import (
    Turn,
    asks_back,
    content_terms,
    is_closing,
    is_over,
    is_refusal,
    named_things,
    readable,
    split_at_offer,
    turns_of,
    within,
)
from kb.assist.types import DialogQuery, Message, SuggestRequest
from kb.config import Settings
from kb.domain import Facets
from kb.encoders.once import encode_once
from kb.ports import Encoder, Vectors
from kb.search.named import without_names
from kb.text.language import LanguageGuess, detect
from kb.text.small_talk import without_small_talk
from kb.text.terms import base_language

LETTER = 600  # characters from which a message is a letter or a ticket: no one sentence is it
LETTER_BUDGET = 1600  # characters of a letter; nobody waits for its answer on the line
TEXT_BUDGET = 320  # characters of the query text; encoding takes time by the character
FOCUS_BUDGET = 300  # characters of the focus; more than one question blurs it
NAMED_BUDGET = 80  # characters beyond it for numbers and names from earlier on
AGENT_BUDGET = 160  # characters of the agent's last turn
FEW_TERMS = 2  # a focus with no more content terms than this needs its topic from before
MAYBE = 0.1  # surface probability at which a sentence may still state a problem
_FIRM = 0.95  # probability at which a sentence before the last question belongs to it
_SURE = 0.9  # confidence at which the last turn alone decides the language
_SURE_LETTERS = 25  # and the letters it must have: "ok" is no change of language


@dataclass(frozen=True, slots=True)
class DialogReading:
    """The query with its vectors, shape (2 + p, dim): of `query.text`, of `query.focus` and of
    each of the p `query.pieces`."""

    query: DialogQuery
    vectors: Vectors
    encode_milliseconds: float


@dataclass(frozen=True, slots=True)
class _Question:
    """Where in the turns the open question is, and its asking sentences."""

    at: int
    focus: str


def read_dialog(request: SuggestRequest, encoder: Encoder, settings: Settings) -> DialogReading:
    """The customer's open question, worded for search; one encoder call.

    `query.text` is empty when the customer has said nothing. Raises EncoderError.
    """
    messages = readable(request.messages)
    guess = dialog_language(messages, settings, request.language)
    turns = split_at_offer(turns_of(messages, guess.language), guess.language)
    question = _open_question(turns, guess.language)
    focus = _with_topic(turns, question, guess.language) if question else _last_words(turns)
    is_letter = _is_letter(messages, turns)
    budget = LETTER_BUDGET if is_letter else TEXT_BUDGET
    text = _query_text(turns, question.at if question else None, budget)
    if is_letter:
        focus = text
    started = time.perf_counter()
    pieces = letter_pieces(request.messages, guess.language) if is_letter else ()
    vectors = encode_once([text, _unnamed(focus, request.facets), *pieces], encoder)
    elapsed = (time.perf_counter() - started) * 1000
    # A complaint told in several sentences may ask in none of them, but does as a whole. Where
    # no question is open, the text is what was said before, and only the last words count.
    chances = asks([text, focus], vectors[:2], encoder.model_id)
    chance = float(chances.max() if question else chances[1]) if focus else 0.0
    told = (guess.language, guess.confidence, chance, request.facets, pieces)
    query = DialogQuery(text, focus, *told)
    return DialogReading(query, vectors, elapsed)


def _unnamed(focus: str, known: Facets) -> str:
    """The focus without the names that the facets filter by: all that is left has them."""
    values = [value for found in known.values() for value in found]
    return (without_names(focus, values) if values else "") or focus


def dialog_language(
    messages: Sequence[Message], settings: Settings, wanted: str | None
) -> LanguageGuess:
    """The customer's language over the whole dialog, steady through short turns.

    A configured language that was asked for is taken as it is. Else all that the customer wrote
    decides, unless the last message is long enough and surely in another language.
    """
    allowed = _default_first(settings)
    if wanted is not None:
        tags = [tag for tag in allowed if base_language(tag) == base_language(wanted)]
        if tags:
            return LanguageGuess(wanted if wanted in tags else tags[0], 1.0)
    said = [message.text for message in messages if message.role == "customer"]
    if not said:
        return detect("", allowed)
    whole = detect("\n".join(reversed(said)), allowed)
    if len(said) == 1 or sum(c.isalpha() for c in said[-1]) < _SURE_LETTERS:
        return whole
    last = detect(said[-1], allowed, hint=whole.language)
    switched = last.language != whole.language and last.confidence >= _SURE
    return last if switched else whole


def _default_first(settings: Settings) -> list[str]:
    default = settings.default_language
    return [default, *(tag for tag in settings.languages if tag != default)]


def _open_question(turns: Sequence[Turn], language: str) -> _Question | None:
    """The customer's last question that nobody answered since; None when all is said.

    Where nothing surely asks, what may state a problem stands for it.
    """
    maybe: _Question | None = None
    for at in range(len(turns) - 1, -1, -1):
        turn = turns[at]
        if turn.role == "agent":
            if at < len(turns) - 1 and not asks_back(turn):
                return maybe  # the rest was answered
            continue
        if is_over(turn, language):
            return None
        if turn.is_asking:
            return _Question(at, _focus(turn, language))
        maybe = maybe or _problem(turn, at)
        if is_closing(turn) or is_refusal(turn, language) or "thanks" in turn.kinds:
            return maybe
    return maybe


def _problem(turn: Turn, at: int) -> _Question | None:
    """The sentence most like a question, for "I did not get the PIN." looks like none."""
    best = max(turn.sentences, key=lambda sentence: sentence.asks)
    is_told = best.asks >= MAYBE and not best.talk.is_all
    return _Question(at, without_small_talk(best.text)) if is_told else None


def _focus(turn: Turn, language: str) -> str:
    """The last asking sentence, with those before it that surely state the problem.

    The bar is higher for them: in texts of unknown origin they are often the agent's words.
    """
    asking = [sentence for sentence in turn.sentences if sentence.is_asking]
    focus = without_small_talk(asking[-1].text)
    for sentence in reversed(asking[:-1]):
        is_needed = len(content_terms(focus, language)) <= FEW_TERMS
        said = without_small_talk(sentence.text)
        if len(said) + len(focus) < FOCUS_BUDGET and (is_needed or sentence.asks >= _FIRM):
            focus = f"{said} {focus}"
    return focus[:TEXT_BUDGET]


def _with_topic(turns: Sequence[Turn], question: _Question, language: str) -> str:
    """The focus; a follow-up ("and how much does it cost?") after the question it follows."""
    focus = question.focus
    if len(content_terms(focus, language)) > FEW_TERMS:
        return focus
    for turn in reversed(turns[: question.at]):
        if turn.role == "customer" and turn.is_asking:
            return f"{_focus(turn, language)} {focus}"[-TEXT_BUDGET:]
    return focus


def _last_words(turns: Sequence[Turn]) -> str:
    """The end of the customer's last turn, when nothing is asked."""
    last = next((turn for turn in reversed(turns) if turn.role == "customer"), None)
    return last.sentences[-1].text[:TEXT_BUDGET] if last else ""


def _is_letter(messages: Sequence[Message], turns: Sequence[Turn]) -> bool:
    """A long message that nobody answered: what it asks is spread over all of it.

    Many short lines are no letter, however much they come to: the last ones ask.
    """
    return len(turns) == 1 and any(len(message.text) > LETTER for message in messages)


def _query_text(turns: Sequence[Turn], at: int | None, budget: int) -> str:
    """The question's turn first, what the customer added, the agent's words, then the past."""
    order = _by_weight(turns, at)
    parts: list[str] = []
    left = budget
    for number in order:
        turn = turns[number]
        share = min(left, AGENT_BUDGET) if turn.role == "agent" else left
        if share < 20:
            break
        said = " ".join(sentence.text for sentence in within(turn.sentences, share))
        if said:
            parts.append(said)
            left -= len(said) + 1
    named = _named_before(turns, " ".join(parts))
    text = " ".join([*parts, *named])
    return text or _last_words(turns)


def _by_weight(turns: Sequence[Turn], at: int | None) -> list[int]:
    customer = [n for n in range(len(turns) - 1, -1, -1) if turns[n].role == "customer"]
    if not customer:
        return []
    first = customer[0] if at is None else at
    agent = [n for n in range(first - 1, -1, -1) if turns[n].role == "agent"][:1]
    later = [n for n in customer if n > first]
    earlier = [n for n in customer if n < first and turns[n].is_asking]
    return [first, *later, *agent, *earlier]


def _named_before(turns: Sequence[Turn], text: str) -> list[str]:
    """Parcel numbers, postcodes and names the customer gave that `text` lacks, newest first."""
    left = NAMED_BUDGET
    found: list[str] = []
    for turn in reversed(turns):
        for thing in named_things(turn.text) if turn.role == "customer" else ():
            if thing not in text and thing not in found and len(thing) < left:
                found.append(thing)
                left -= len(thing) + 1
    return found
