"""A translation proposed by the optional language model: a start for a person, never more."""

from __future__ import annotations

from dataclasses import dataclass

from kb.assist.prompts import fill_prompt
from kb.errors import GeneratorError
from kb.ports import Generator
from kb.text.diff import blocks_of
from kb.text.phrases import get_phrases
from kb.text.terms import base_language

LONGER = 4.0  # times the length of the source: more is invention
KEPT = ("```", "~~~", "|", "---", "![")  # code, tables, rules and images stay as they are
MOST_PARTS = 60  # paragraphs; what is longer is for people


@dataclass(frozen=True, slots=True)
class ProposedText:
    """To be corrected by whoever asked for it."""

    title: str
    summary: str
    body: str


def propose_translation(
    generator: Generator, text: ProposedText, source: str, language: str
) -> ProposedText:
    """The text in another language, paragraph by paragraph. Raises GeneratorError.

    `source` and `language` are BCP-47 tags.
    """
    blocks = blocks_of(text.body)
    if len(blocks) > MOST_PARTS:
        raise GeneratorError(
            f"The text has more than {MOST_PARTS} paragraphs: translate it by hand or split it."
        )
    names = get_phrases("en").names
    from_, to = (names.get(base_language(x), x) for x in (source, language))

    def put(part: str) -> str:
        if not part.strip() or part.lstrip().startswith(KEPT):
            return part
        said = generator.generate(
            fill_prompt("translate", source=from_, language=to, text=part)
        ).strip()
        if not said or "\x00" in said or len(said) > LONGER * len(part) + 80:
            raise GeneratorError("The language model gave no usable translation: write it by hand.")
        return said

    body = "\n\n".join(put(block) for block in blocks)
    return ProposedText(" ".join(put(text.title).split()), put(text.summary), body)
