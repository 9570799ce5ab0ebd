"""Conversations to measure with: the demo company's cases as they were after each turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eval.datasets import read_messages
from eval.rows import read_rows
from kb.assist.types import Message, SuggestRequest
from kb.domain import Audience
from kb.errors import NotFound


def dialogs(content: Path, languages: Sequence[str], count: int) -> list[SuggestRequest]:
    """So many states of conversations, languages in turn, each ending with the customer.

    Raises NotFound when there are no cases.
    """
    states: list[list[SuggestRequest]] = []
    for language in languages:
        path = content / "cases" / f"{language}.jsonl"
        if path.is_file():
            states.append([s for row in read_rows(path) for s in _states(read_messages(row))])
    if not any(states):
        raise NotFound(
            f"{content / 'cases'} holds no cases: point POTICA_CONTENT_DIR at the content folder."
        )
    longest = max(len(own) for own in states)
    mixed = [own[n % len(own)] for n in range(longest) for own in states if own]
    return [mixed[n % len(mixed)] for n in range(count)]


def _states(messages: Sequence[Message]) -> list[SuggestRequest]:
    return [
        SuggestRequest(tuple(messages[: end + 1]), reader=Audience.internal)
        for end, message in enumerate(messages)
        if message.role == "customer"
    ]
