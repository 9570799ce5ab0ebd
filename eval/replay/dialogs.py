"""Dialogs to be replayed: what is said, and whether the sidebar should speak then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from eval.datasets import Document, Languages, Mode, taken
from eval.folders import Files, check_folder, read_retrieval
from eval.splits import Split, stable_order
from eval.turns import dialog_rows, has_dialogs_only, solved_documents, turns_of
from kb.domain import Facets
from kb.errors import InvalidInput

INTENTS = "<div>"  # between the intents of a turn that has several


@dataclass(frozen=True, slots=True)
class Said:
    """A customer's turn. `right`: documents that answer it; empty where none should be shown."""

    id: str
    text: str
    right: frozenset[str] = frozenset()

    @property
    def should_speak(self) -> bool:
        return bool(self.right)


@dataclass(frozen=True, slots=True)
class Dialog:
    """Turns in the order they were said. `known`: facets the helpdesk knows."""

    id: str
    turns: tuple[Said, ...]
    language: str | None = None
    known: Facets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplaySet:
    """A base of articles and the dialogs put to it.

    `same`: document -> what it says, where several say the same; else a document is itself.
    """

    name: str
    documents: tuple[Document, ...]
    dialogs: tuple[Dialog, ...]
    same: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_context(self) -> bool:
        """Whether turns have others before them."""
        return any(len(dialog.turns) > 1 for dialog in self.dialogs)


def read_replays(
    folder: Path, languages: Languages, split: Split, limit: int | None
) -> list[ReplaySet]:
    """The sets of a folder, with at most `limit` turns each.

    Folders of dialogs (`turns` with intents) make one: what is asked in the dialogs of the
    development half is the base, and an answer is right when its intent is the turn's. Folders
    with a corpus and questions make one or two: each question is a dialog of one turn, open and
    with its entity known. Raises NotFound, InvalidInput.
    """
    check_folder(folder)
    if has_dialogs_only(folder):
        return [_from_dialogs(folder, languages, split, limit)]
    modes: list[Mode] = ["open"]
    sets = read_retrieval(folder, languages, Files(), "open")
    if any(document.facets for one in sets for document in one.documents):
        modes.append("entity")
    return [_from_questions(folder, languages, mode, split, limit) for mode in modes]


def _from_dialogs(folder: Path, languages: Languages, split: Split, limit: int | None) -> ReplaySet:
    rows = list(dialog_rows(folder))
    base = [row for row in rows if Split.dev.has(row.key())]
    documents = solved_documents(base, languages)
    intents = {turn.id: turn.intent for row in base for turn in turns_of(row) if turn.known}
    by_intent: defaultdict[str, set[str]] = defaultdict(set)
    for key, intent in intents.items():
        for part in _parts(intent):
            by_intent[part].add(key)
    right = {intent: frozenset(keys) for intent, keys in by_intent.items()}
    asked = [row for row in rows if split.has(row.key()) and not Split.dev.has(row.key())]
    dialogs = [
        Dialog(
            row.key(),
            tuple(
                Said(turn.id, turn.messages[0].text, _right(turn.intent, right))
                if turn.known
                else Said(turn.id, turn.messages[0].text)
                for turn in turns_of(row)
            ),
        )
        for row in asked
    ]
    found = _checked(folder.resolve().name, documents, dialogs, limit)
    return replace(found, same=intents)


def _from_questions(
    folder: Path, languages: Languages, mode: Mode, split: Split, limit: int | None
) -> ReplaySet:
    sets = read_retrieval(folder, languages, Files(), mode)
    if len(sets) != 1:
        raise InvalidInput(f"{folder} has {len(sets)} corpora: one is replayed at a time.")
    one = sets[0]
    dialogs = [
        Dialog(
            query.id,
            (Said(query.id, query.messages[-1].text, frozenset(query.relevant)),),
            query.language,
            query.known,
        )
        for query in taken(one.queries, split, limit)
    ]
    name = one.name if mode == "open" else f"{one.name}, entity known"
    return _checked(name, one.documents, dialogs, limit)


def _checked(
    name: str, documents: Sequence[Document], dialogs: Sequence[Dialog], limit: int | None
) -> ReplaySet:
    chosen = _some([dialog for dialog in dialogs if dialog.turns], limit)
    if not chosen or not documents:
        raise InvalidInput(f"{name} holds no dialogs in this half: use another --split.")
    return ReplaySet(name, tuple(documents), chosen)


def _some(dialogs: Sequence[Dialog], limit: int | None) -> tuple[Dialog, ...]:
    """Whole dialogs from all over the set, the same each time; the last one is cut."""
    if limit is None:
        return tuple(dialogs)
    found: list[Dialog] = []
    left = limit
    for dialog in sorted(dialogs, key=lambda one: stable_order(one.id)):
        if left <= 0:
            break
        found.append(replace(dialog, turns=dialog.turns[:left]))
        left -= len(dialog.turns)
    return tuple(found)


def _right(intent: str, right: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Documents that share an intent with the turn."""
    parts: Iterable[frozenset[str]] = (right.get(part, frozenset()) for part in _parts(intent))
    return frozenset().union(*parts)


def _parts(intent: str) -> list[str]:
    return [part.strip().lower() for part in intent.split(INTENTS) if part.strip()]
