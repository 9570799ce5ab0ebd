"""Turns to be silent on: which of them ask something, and which the base can answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.datasets import Document, Languages, clean, read_documents, read_messages
from eval.folders import check_folder, documents_of
from eval.rows import Row, read_rows
from eval.splits import Split
from kb.assist.types import Message
from kb.errors import InvalidInput, NotFound

UNKNOWN_INTENTS = frozenset({"oos", "out_of_scope", "outofscope", "outofdomain"})
SILENT_INTENTS = frozenset(
    {
        "openinggreeting",
        "closinggreeting",
        "thankyou",
        "confirmation",
        "rejection",
        "contentonly",
    }
)
"""Intents of turns that ask nothing (MultiDoGO's names)."""

TEST_FILES = ("test.jsonl", "turns*.jsonl")


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn with what is true of it; `None` where the data does not say.

    `asks`: it states a problem, a request or a question. `known`: the base answers it.
    """

    id: str
    messages: tuple[Message, ...]
    language: str | None
    asks: bool | None
    known: bool | None
    intent: str = ""


@dataclass(frozen=True, slots=True)
class KnownSet:
    """A base (it may be empty) and the turns put to it. `pool`: article or case."""

    name: str
    documents: tuple[Document, ...]
    pool: str
    turns: tuple[Turn, ...]


def read_known(
    folder: Path, languages: Languages, *, split: Split = Split.all, own_base: bool = False
) -> KnownSet:
    """The base and the turns of a folder.

    Dialogs (rows with `turns` of `text` and `intent`) are used where there is neither test.jsonl
    nor turns*.jsonl; with `own_base`, what customers ask in the dialogs of the development half
    is the base, as resolved cases, and only dialogs of the other half are put to it.
    Raises NotFound when there are no turns at all.
    """
    check_folder(folder)
    name = folder.resolve().name
    paths = [path for pattern in TEST_FILES for path in sorted(folder.glob(pattern))]
    documents, pool = _base(folder, languages)
    if paths:
        rows = (row for path in paths for row in read_rows(path))
        turns = [_turn(row, languages) for row in rows]
        return KnownSet(name, tuple(documents), pool, _some(turns, split, folder))
    dialogs = list(dialog_rows(folder))
    if not own_base:
        turns = [turn for row in dialogs if split.has(row.key()) for turn in turns_of(row)]
        return KnownSet(name, tuple(documents), pool, _some(turns, Split.all, folder))
    base = [row for row in dialogs if Split.dev.has(row.key())]
    asked = [turn for row in dialogs if Split.test.has(row.key()) for turn in turns_of(row)]
    found = _some(asked, Split.all, folder)
    return KnownSet(name, tuple(solved_documents(base, languages)), "case", found)


def has_dialogs_only(folder: Path) -> bool:
    """Whether the folder's turns come as whole dialogs, without a base beside them."""
    own = [path for pattern in TEST_FILES for path in folder.glob(pattern)]
    return not own and not any(folder.glob("corpus*.jsonl")) and any(dialog_rows(folder))


def _base(folder: Path, languages: Languages) -> tuple[list[Document], str]:
    corpus = sorted(folder.glob("corpus*.jsonl"))
    if corpus:
        return documents_of(corpus, languages), "article"
    train = folder / "train.jsonl"
    if not train.is_file():
        return [], "article"
    rows = [row for row in read_rows(train) if row.text("intent") not in UNKNOWN_INTENTS]
    return read_documents([(row, None) for row in rows], languages), "case"


def _turn(row: Row, languages: Languages) -> Turn:
    asks, known = row.flag("asks"), row.flag("known")
    intent = row.text("intent")
    if asks is None and known is None:
        if not intent:
            raise row.error("there is none of `known`, `asks` or `intent`: add one.")
        asks, known = judge(intent)
    if asks is False:
        known = False
    elif known:
        asks = True
    tag = row.text("lang", "language")
    language = languages.tag(tag) if tag else None
    return Turn(row.key(), read_messages(row), language, asks, known, intent)


def judge(intent: str) -> tuple[bool, bool]:
    """(asks, known) of a turn with this intent."""
    plain = intent.strip().lower()
    if plain in SILENT_INTENTS:
        return False, False
    return True, plain not in UNKNOWN_INTENTS


def dialog_rows(folder: Path) -> Iterator[Row]:
    """Rows with `turns`; other files are passed over at their first row."""
    for path in sorted(folder.glob("*.jsonl")):
        for row in read_rows(path):
            if "turns" not in row.values:
                break
            yield row


def turns_of(row: Row) -> Iterator[Turn]:
    """The turns of a dialog, each alone: the agent's side of these dialogs is missing."""
    for number, turn in enumerate(row.objects("turns") or [], start=1):
        text, intent = turn.text("text"), turn.text("intent")
        if not text or not intent:
            continue  # nobody said what it is
        asks, known = judge(intent)
        message = (Message("customer", clean(text)),)
        yield Turn(f"{row.key()}/{number}", message, None, asks, known, intent)


def solved_documents(dialogs: Sequence[Row], languages: Languages) -> list[Document]:
    """What was asked in these dialogs, a document for each turn that the base could answer."""
    texts = [
        (turn.id, turn.messages[0].text) for row in dialogs for turn in turns_of(row) if turn.known
    ]
    language = languages.most_likely([text for _, text in texts]) or languages.allowed[0]
    return [Document(key, "", text, language) for key, text in texts]


def _some(turns: Sequence[Turn], split: Split, folder: Path) -> tuple[Turn, ...]:
    if not turns:
        raise NotFound(
            f"{folder} holds no turns: it needs test.jsonl or turns.jsonl with `known`, `asks` or"
            " the intent `oos`, or dialogs with `turns`."
        )
    found = tuple(turn for turn in turns if split.has(turn.id))
    if not found:
        raise InvalidInput(f"{folder} holds no turns in the half {split}: use --split all.")
    return found
