"""Does a composed reply say what answers the question? `python -m eval.replies`.

Each question of `calibration/replies.jsonl` is asked of the demo company's base; the reply is
composed from the article that answers it, wherever it was ranked. So this measures which passage
and which sentences are chosen, not whether the article was found.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from eval.progress import Progress
from eval.runs.ask import read
from eval.runs.demo import demo_searcher
from eval.runs.setup import Setup, open_setup
from eval.splits import Split
from kb.assist.compose import compose_reply
from kb.assist.types import Message
from kb.config import get_settings
from kb.domain import Audience
from kb.search.search import Searcher
from kb.search.types import SearchQuery

CALIBRATION = Path(__file__).parent / "calibration"
DEEP = 60  # articles among which the right one is looked for: more than there are


@dataclass(frozen=True, slots=True)
class KeyedQuestion:
    """A question, the article that answers it, and pieces of that article's text.

    A reply with any of `answers` answers the question.
    """

    id: str
    language: str
    text: str
    article: str
    answers: tuple[str, ...]

    def is_answered_by(self, reply: str) -> bool:
        return any(answer in reply for answer in self.answers)


@dataclass(frozen=True, slots=True)
class _Said:
    question: KeyedQuestion
    reply: str


def main() -> None:
    """Print the share of replies with the key sentence, by half and by language."""
    progress = Progress(Console(stderr=True))
    setup = open_setup(get_settings(), progress)
    questions = read_keyed_questions(CALIBRATION)
    with demo_searcher(setup) as searcher:
        said = [
            _Said(question, _reply(question, searcher, setup))
            for question in progress.each(questions, "Composing replies", len(questions))
        ]
    for half in (Split.dev, Split.test):
        _tell(half, [one for one in said if half.has(one.question.id)])
    for language in dict.fromkeys(question.language for question in questions):
        _tell(language, [one for one in said if one.question.language == language])


def read_keyed_questions(folder: Path) -> list[KeyedQuestion]:
    """The questions of `replies.jsonl`, with their texts from `questions.<lang>.jsonl`."""
    asked = {
        row["_id"]: (path.suffixes[0][1:], row)
        for path in sorted(folder.glob("questions.*.jsonl"))
        for row in map(json.loads, path.read_text("utf-8").splitlines())
    }
    found = []
    for row in map(json.loads, (folder / "replies.jsonl").read_text("utf-8").splitlines()):
        language, question = asked[row["_id"]]
        (article,) = question["relevant"]
        found.append(
            KeyedQuestion(row["_id"], language, question["text"], article, tuple(row["answers"]))
        )
    return found


def _reply(question: KeyedQuestion, searcher: Searcher, setup: Setup) -> str:
    """The reply made of the right article alone; empty when nothing of it can be said."""
    message = Message("customer", question.text)
    reading = read(setup, (message,), question.language, {})
    query = SearchQuery(
        reading.query.text,
        question.language,
        focus=reading.query.focus,
        reader=Audience.internal,
        languages=frozenset({question.language}),
        limit=DEEP,
    )
    hits = searcher.search(query, reading.vectors).hits
    right = [hit for hit in hits if hit.document_id == question.article]
    reply = compose_reply(reading.query, right)
    return reply.text if reply else ""


def _tell(name: str, said: Sequence[_Said]) -> None:
    good = sum(one.question.is_answered_by(one.reply) for one in said)
    length = sum(len(one.reply) for one in said) / max(1, len(said))
    print(f"{name}: {good} of {len(said)} with the key sentence, {length:.0f} characters each")


if __name__ == "__main__":
    main()
