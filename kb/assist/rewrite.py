"""A reply worded anew by a language model, if every sentence of it stays backed."""

from __future__ import annotations

from collections.abc import Sequence

from kb.assist.compose import assemble, is_line
from kb.assist.prompts import fill_prompt
from kb.assist.support import backing
from kb.assist.types import DialogQuery, Reply, ReplySentence
from kb.config import Settings
from kb.errors import GeneratorError
from kb.ports import Encoder, Generator
from kb.text.language import detect
from kb.text.phrases import get_phrases
from kb.text.sentences import split_sentences
from kb.text.small_talk import small_talk
from kb.text.terms import base_language

LONGER = 1.6  # times the length of the sources: more is invention
_QUESTION = 300  # characters of the question in the prompt


def rewrite_reply(
    reply: Reply, query: DialogQuery, generator: Generator, encoder: Encoder, settings: Settings
) -> Reply:
    """The reply in a model's words, or the same reply when they are not backed in full.

    Only running sentences are reworded: steps, lists and tables stay as they are in the source.
    A source in another language than the customer's is not translated. Raises no GeneratorError.
    """
    body = [sentence for sentence in reply.sentences if sentence.citation is not None]
    prose = [sentence for sentence in body if not is_line(sentence.text)]
    if not prose or base_language(reply.source_language) != base_language(reply.language):
        return reply
    prompt = fill_prompt(
        "rewrite",
        language=get_phrases("en").names.get(base_language(reply.language), reply.language),
        question=" ".join(query.focus.split())[:_QUESTION],
        sentences="\n".join(f"{n}. {' '.join(s.text.split())}" for n, s in enumerate(prose, 1)),
    )
    try:
        answer = generator.generate(prompt)
    except GeneratorError:
        return reply
    sentences = _sentences(answer, prose, reply.language, settings)
    backed = _backed(sentences, prose, encoder, reply.language)
    if not backed:
        return reply
    rows, worded = backed
    merged = _merged(body, prose, rows, worded)
    return assemble(reply.language, reply.source_language, merged, reply.sources, generated=True)


def _sentences(
    answer: str, prose: Sequence[ReplySentence], language: str, settings: Settings
) -> list[str]:
    """What the model said, without small talk; nothing when it is unusable as a whole."""
    limit = LONGER * sum(len(sentence.text) for sentence in prose) + 80
    if len(answer) > limit or "\x00" in answer:
        return []
    spans = split_sentences(answer, language)
    said = [" ".join(answer[span.start : span.end].split()) for span in spans]
    kept = [sentence for sentence in said if not small_talk(sentence).is_all]
    guess = detect(" ".join(kept), (language, *settings.languages), hint=language)
    return kept if guess.language == language else []


def _backed(
    sentences: list[str], prose: Sequence[ReplySentence], encoder: Encoder, language: str
) -> tuple[list[int], list[str]] | None:
    if not sentences:
        return None
    sources = [sentence.text for sentence in prose]
    vectors = encoder.encode([*sentences, *sources], "passage")
    count = len(sentences)
    rows = backing(sentences, vectors[:count], sources, vectors[count:], language)
    return None if rows is None else (rows, sentences)


def _merged(
    body: Sequence[ReplySentence],
    prose: Sequence[ReplySentence],
    rows: Sequence[int],
    worded: Sequence[str],
) -> list[ReplySentence]:
    """The body with each running sentence replaced by the sentences it backs."""
    merged: list[ReplySentence] = []
    for sentence in body:
        if is_line(sentence.text):
            merged.append(sentence)
            continue
        mine = prose.index(sentence)
        merged += [
            ReplySentence(
                text,
                sentence.citation,
                sentence.document,
                sentence.passage_id,
                sentence.start,
                sentence.end,
            )
            for text, row in zip(worded, rows, strict=True)
            if row == mine
        ]
    return merged
