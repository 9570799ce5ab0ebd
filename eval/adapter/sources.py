"""Reads the material out of the public sets, `content/` and the calibration questions.

Only development halves are read: of dialogs, help pages, intents and turns those whose id
`Split.dev` holds. Of DSTC9's entities and of our own articles a part is left out besides, so that
what the adapter does for knowledge it never saw can be measured. Errors are those of `eval.rows`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from eval.adapter.material import (
    LANGUAGES,
    EntityQuestion,
    HelpPage,
    Material,
    OwnArticle,
    Procedure,
    Snippet,
)
from eval.rows import Row, read_rows
from eval.splits import Split, stable_order
from indexer.load.folder import read_markdown_folder
from indexer.load.pictures import Pictures
from indexer.load.reading import Reading
from indexer.load.records import ArticlePart
from indexer.load.report import ImportOptions, Rejection
from kb.actions.articles import TranslationInput
from kb.assist.dialog import read_dialog
from kb.assist.types import Message, SuggestRequest
from kb.config import Settings, get_settings
from kb.domain import Audience, Facets
from kb.errors import InvalidInput
from kb.ports import TextKind, Vectors
from kb.search.named import without_names

ROOT = Path(__file__).parents[2]
CONTENT = ROOT / "content"
CALIBRATION = ROOT / "eval" / "calibration"
DOMAINS = ("airline", "finance", "insurance")
NOT_ENTITIES = ("train", "taxi")  # DSTC9 knows no single trains and taxis: never held out
DIALOGS = 300  # of each of multidogo's domains, before halving
UTTERANCES = 60  # of an intent
BANKING = 6_000  # of banking77's questions, before they are grouped
CHUNK = 420  # characters of what is learned as a passage
LINE = 300  # characters of a parallel sentence; one under SHORT_LINE says too little
SHORT_LINE = 30


class _NoEncoder:
    """Stands in where a dialog is read for its words alone: every vector is the same."""

    model_id = "none"
    dim = 1
    max_tokens = 512

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        return np.ones((len(texts), 1), np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [0 for _ in texts]

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        return []


def read_material(data: Path, content: Path = CONTENT, calibration: Path = CALIBRATION) -> Material:
    """Everything there is to learn from. `data` holds one folder per public set.

    Raises NotFound and InvalidInput for files that are missing or cannot be read, InvalidInput
    for a set of which nothing is left to learn from.
    """
    settings = get_settings()
    questions, snippets = _dialogs(data / "dstc9_val", settings)
    material = Material(
        questions=questions,
        snippets=snippets,
        pages=_pages(data / "libreoffice_help"),
        articles=_articles(content, calibration),
        procedures=_procedures(data / "tau_banking"),
        intents=(
            _banking(data / "banking77"),
            _utterances(read_rows(data / "clinc150/train.jsonl")),
        ),
        turns=_turns(data / "multidogo"),
    )
    _check(material)
    return material


def is_held_out_entity(entity: str) -> bool:
    """Whether nothing about this entity ("domain|name") is learned from: 30 % of them."""
    return _mark("ent" + entity) % 10 >= 7 and not entity.startswith(NOT_ENTITIES)


def is_held_out_article(key: str) -> bool:
    """Whether nothing of this article of `content/` is learned from: half of them."""
    return _mark("slug" + key) % 2 == 0


def cut(text: str, longest: int) -> str:
    """At most so many characters, up to the end of a word."""
    return text if len(text) <= longest else text[:longest].rsplit(" ", 1)[0]


def chunks(text: str, longest: int) -> list[str]:
    """The text in pieces of at most so many characters: whole lines where they fit."""
    found: list[str] = []
    current = ""
    for whole in text.split("\n"):
        line = whole
        while len(line) > longest:
            if current:
                found.append(current)
                current = ""
            found.append(cut(line, longest))
            line = line[len(found[-1]) :].strip()
        if len(current) + len(line) > longest and current:
            found.append(current)
            current = ""
        current = f"{current}\n{line}".strip()
    return [*found, current] if current else found


def _mark(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def _dialogs(
    folder: Path, settings: Settings
) -> tuple[list[EntityQuestion], dict[str, list[Snippet]]]:
    corpus = {row.key(): row for row in read_rows(folder / "corpus.jsonl")}
    snippets: dict[str, list[Snippet]] = {}
    for key, row in corpus.items():
        if not is_held_out_entity(_entity(row)):
            title = row.needed("title")
            found = Snippet(key, title, f"{title}\n{row.needed('text')}")
            snippets.setdefault(_entity(row), []).append(found)
    questions = []
    for row in read_rows(folder / "queries.jsonl"):
        answer = (row.strings("relevant") or [""])[0]
        if answer not in corpus:
            raise row.error("`relevant` names no document of corpus.jsonl: use its ids.")
        about = corpus[answer]
        if Split.dev.has(row.key()) and _entity(about) in snippets:
            questions.append(_question(row.needed("text"), about, settings))
    return questions, snippets


def _entity(row: Row) -> str:
    return f"{row.text('domain')}|{row.text('entity')}"


def _question(text: str, about: Row, settings: Settings) -> EntityQuestion:
    """Worded as the engine words it when the entity is known."""
    known: Facets = {name: [about.text(name)] for name in ("entity", "domain") if about.text(name)}
    request = SuggestRequest(
        (Message("customer", text),), language="en", reader=Audience.internal, facets=known
    )
    query = read_dialog(request, _NoEncoder(), settings).query
    names = [name for values in known.values() for name in values]
    focus = without_names(query.focus, names) or query.focus
    return EntityQuestion((query.text, focus), about.key(), _entity(about))


def _pages(folder: Path) -> list[HelpPage]:
    rows = {tag: _by_key(folder / f"corpus.{tag}.jsonl") for tag in LANGUAGES}
    terms = {tag: _by_key(folder / f"queries.{tag}.jsonl") for tag in LANGUAGES}
    found = []
    for key in rows["en"]:
        if not Split.dev.has(key):
            continue
        texts = {tag: _in_language(rows[tag], key, tag).text("text") for tag in LANGUAGES}
        found.append(
            HelpPage(
                titles={tag: rows[tag][key].text("title") for tag in LANGUAGES},
                chunks={
                    tag: [cut(piece, CHUNK) for piece in chunks(text, CHUNK)[:6]]
                    for tag, text in texts.items()
                },
                keywords={
                    tag: terms[tag][key].text("text") for tag in LANGUAGES if key in terms[tag]
                },
                lines=_parallel(texts),
            )
        )
    return found


def _by_key(path: Path) -> dict[str, Row]:
    return {row.key(): row for row in read_rows(path)}


def _in_language(rows: Mapping[str, Row], key: str, language: str) -> Row:
    if key not in rows:
        raise InvalidInput(f"The page {key} is not there in {language}: give all five languages.")
    return rows[key]


def _parallel(texts: Mapping[str, str]) -> list[dict[str, str]]:
    """Sentence by sentence, where all languages have as many; what is not translated is left."""
    lines = {tag: text.split("\n") for tag, text in texts.items()}
    if len({len(found) for found in lines.values()}) != 1:
        return []
    found = []
    for place, english in enumerate(lines["en"]):
        same = {
            tag: lines[tag][place][:LINE]
            for tag in LANGUAGES
            if tag == "en" or lines[tag][place] != english
        }
        if len(english) > SHORT_LINE and len(same) > 2:
            found.append(same)
    return found


def _parts(folder: Path) -> list[ArticlePart]:
    with Pictures() as pictures:
        found = list(read_markdown_folder(folder, Reading(ImportOptions(), folder, pictures)))
    for part in found:
        if isinstance(part, Rejection):
            raise InvalidInput(f"{part.file}:{part.line}: {part.reason}")
    return [part for part in found if isinstance(part, ArticlePart)]


def _articles(content: Path, calibration: Path) -> list[OwnArticle]:
    texts: dict[str, dict[str, TranslationInput]] = {}
    for tag in LANGUAGES:
        for part in _parts(content / tag):
            texts.setdefault(part.key, {})[tag] = part.text
    for key, of in texts.items():
        if not all(tag in of and of[tag].keywords for tag in LANGUAGES):
            raise InvalidInput(f"The article {key} needs all five languages, with keywords.")
    asked = {tag: _by_article(calibration / f"questions.{tag}.jsonl") for tag in LANGUAGES}
    return [
        OwnArticle(
            titles={tag: text.title for tag, text in of.items()},
            summaries={tag: text.summary for tag, text in of.items()},
            keywords={tag: text.keywords for tag, text in of.items()},
            chunks={tag: [cut(piece, CHUNK) for piece in _body(text)] for tag, text in of.items()},
            questions={tag: asked[tag].get(key, []) for tag in LANGUAGES},
        )
        for key, of in texts.items()
        if not is_held_out_article(key)
    ]


def _body(text: TranslationInput) -> list[str]:
    """Pieces under the article's title, without links and bold."""
    plain = [
        re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", piece).replace("**", "")
        for piece in chunks(text.body.strip(), 600)
    ]
    return [f"{text.title}\n{piece}" for piece in plain]


def _by_article(path: Path) -> dict[str, list[str]]:
    """Questions that the base answers, without those a held-out article answers too."""
    found: dict[str, list[str]] = {}
    for row in read_rows(path):
        answers = row.strings("relevant") or []
        if row.flag("known") and not any(is_held_out_article(key) for key in answers):
            for key in answers:
                found.setdefault(key, []).append(row.needed("text"))
    return found


def _procedures(folder: Path) -> list[Procedure]:
    """The documents have no halves: only the tasks do, and none of them is read."""
    return [
        Procedure(row.needed("title"), cut(piece, 450), row.key())
        for row in read_rows(folder / "corpus.jsonl")
        for piece in chunks(row.text("text"), 450)[:4]
    ]


def _banking(folder: Path) -> dict[str, list[str]]:
    rows = [row for row in read_rows(folder / "train.jsonl") if Split.dev.has(row.key())]
    return _utterances(sorted(rows, key=lambda row: stable_order(row.key()))[:BANKING])


def _utterances(rows: Iterable[Row]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.needed("intent"), []).append(row.needed("text"))
    return {
        intent: texts[:UTTERANCES]
        for intent, texts in found.items()
        if intent != "oos" and len(texts) > 3
    }


def _turns(folder: Path) -> list[str]:
    found = []
    for domain in DOMAINS:
        for row in list(read_rows(folder / f"{domain}.jsonl"))[:DIALOGS]:
            if Split.dev.has(row.key()):
                found += [turn.text("text") for turn in row.objects("turns") or []]
    return [text for text in found if len(text) > 15]


def _check(material: Material) -> None:
    parts: dict[str, Sequence[object]] = {
        "dstc9_val": material.questions,
        "libreoffice_help": [page for page in material.pages if page.lines],
        "tau_banking": material.procedures,
        "content": material.articles,
        "banking77": list(material.intents[0]),
        "clinc150": list(material.intents[1]),
    }
    for name, found in parts.items():
        if len(found) < 2:
            raise InvalidInput(
                f"Of {name} there is too little to learn from: check that its files are whole."
            )
