"""Finds the files of an evaluation folder and reads them into sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from eval.datasets import (
    Document,
    Languages,
    Mode,
    Query,
    RetrievalSet,
    as_queries,
    judged,
    read_documents,
    read_query,
    with_mode,
)
from eval.rows import Row, read_qrels, read_rows
from eval.splits import in_share
from kb.errors import InvalidInput, NotFound

QUERY_FILES = ("queries*.jsonl", "tasks*.jsonl")
QREL_FILES = ("qrels*.tsv", "qrels*.txt", "qrels/test.tsv")
CASE_SHARE = 5  # one part of so many of a lone cases.jsonl is asked, the others are the base


@dataclass(frozen=True, slots=True)
class Files:
    """Files named on the command line; empty where the folder's own are meant."""

    corpus: Sequence[Path] = field(default_factory=tuple)
    queries: Sequence[Path] = field(default_factory=tuple)
    qrels: Path | None = None


def check_folder(folder: Path) -> Path:
    """The folder, when it is one. Raises NotFound."""
    if not folder.is_dir():
        raise NotFound(
            f"There is no folder {folder}: give the folder that holds the evaluation data"
            " (docs/evaluation.md says in which form)."
        )
    return folder


def read_retrieval(
    folder: Path, languages: Languages, files: Files = Files(), mode: Mode = "open"
) -> list[RetrievalSet]:
    """One set, or one per language where corpus and queries come as `<name>.<lang>.jsonl`.

    Without queries, the queries of the qrels are documents of the corpus themselves.
    """
    check_folder(folder)
    paired = [] if files.corpus or files.queries else paired_languages(folder, languages)
    if not paired:
        return [_read_set(folder, _completed(folder, files), languages, mode)]
    sets = []
    for tag, corpus, queries in paired:
        qrels = files.qrels or _first(folder, (f"qrels.{tag}.tsv", *QREL_FILES))
        own = Files((corpus,), (queries,), qrels)
        sets.append(replace(_read_set(folder, own, languages, mode), language=tag))
    return sets


def read_crosslingual(folder: Path, languages: Languages) -> list[RetrievalSet]:
    """One set per language, with the same ids in each. Raises InvalidInput with fewer than two."""
    check_folder(folder)
    if len(paired_languages(folder, languages)) < 2:
        raise InvalidInput(
            f"{folder} needs corpus.<lang>.jsonl and queries.<lang>.jsonl in at least two of"
            f" {', '.join(languages.allowed)}."
        )
    return read_retrieval(folder, languages)


def read_similar_cases(folder: Path, languages: Languages) -> RetrievalSet:
    """train.jsonl are the resolved cases, test.jsonl asks; the same intent is relevant.

    A lone cases*.jsonl is parted in a fixed way; a corpus with qrels is taken as tickets.
    """
    check_folder(folder)
    train, test = folder / "train.jsonl", folder / "test.jsonl"
    if train.is_file() and test.is_file():
        return _by_intent(folder.name, list(read_rows(train)), list(read_rows(test)), languages)
    lone = sorted(folder.glob("cases*.jsonl"))
    if lone:
        rows = [row for path in lone for row in read_rows(path)]
        asked = [row for row in rows if in_share(row.key(), CASE_SHARE)]
        kept = [row for row in rows if not in_share(row.key(), CASE_SHARE)]
        return _by_intent(folder.name, kept, asked, languages)
    if any(folder.glob("corpus*.jsonl")):
        return read_retrieval(folder, languages)[0]
    raise NotFound(
        f"{folder} holds neither train.jsonl with test.jsonl, nor cases*.jsonl, nor a corpus:"
        " similar cases need resolved cases and cases to ask with."
    )


def paired_languages(folder: Path, languages: Languages) -> list[tuple[str, Path, Path]]:
    """(language, corpus, queries) for each language that has both files."""
    found = []
    for corpus in sorted(folder.glob("corpus.*.jsonl")):
        tag = _file_language(corpus, languages)
        queries = folder / corpus.name.replace("corpus.", "queries.", 1)
        if tag and queries.is_file():
            found.append((tag, corpus, queries))
    order = {tag: place for place, tag in enumerate(languages.allowed)}
    return sorted(found, key=lambda item: order[item[0]])


def corpus_rows(paths: Sequence[Path], languages: Languages) -> Iterator[tuple[Row, str | None]]:
    """The rows of corpus files, each with the language its file's name says, if it does."""
    for path in paths:
        tag = _file_language(path, languages)
        for row in read_rows(path):
            yield row, tag


def _completed(folder: Path, files: Files) -> Files:
    corpus = [_named(folder, path) for path in files.corpus] or _all(folder, ("corpus*.jsonl",))
    if not corpus:
        raise NotFound(f"{folder} holds no corpus*.jsonl: give the documents with --corpus FILE.")
    qrels = _named(folder, files.qrels) if files.qrels else _first(folder, QREL_FILES)
    queries = [_named(folder, path) for path in files.queries] or _all(folder, QUERY_FILES)
    if not queries and qrels is None:
        raise NotFound(
            f"{folder} holds neither queries*.jsonl, tasks.jsonl nor qrels.tsv:"
            " give the questions with --queries FILE."
        )
    return Files(tuple(corpus), tuple(queries), qrels)


def _named(folder: Path, path: Path) -> Path:
    """A file as named on the command line, or of that name in the folder."""
    inside = folder / path
    if path.is_file() or not inside.is_file():
        return path
    return inside


def _read_set(folder: Path, files: Files, languages: Languages, mode: Mode) -> RetrievalSet:
    documents = read_documents(corpus_rows(files.corpus, languages), languages)
    if not documents:
        raise InvalidInput(f"{files.corpus[0]} holds no documents: it is empty.")
    qrels = read_qrels(files.qrels) if files.qrels else {}
    asked = _queries(files, languages) if files.queries else as_queries(documents, qrels)
    queries, skipped = judged(asked, qrels, documents)
    if not queries:
        raise InvalidInput(f"{folder} holds no questions: the file of queries is empty.")
    queries = with_mode(queries, documents, mode)
    return RetrievalSet(folder.resolve().name, tuple(documents), tuple(queries), None, skipped)


def _queries(files: Files, languages: Languages) -> list[Query]:
    found: dict[tuple[str, str | None], Query] = {}
    for path in files.queries:
        tag = _file_language(path, languages)
        for row in read_rows(path):
            query = read_query(row, tag, languages)
            if (query.id, query.language) in found:
                raise row.error(f"the query {query.id!r} stands twice: ids are unique.")
            found[query.id, query.language] = query
    return list(found.values())


def _by_intent(
    name: str, train: Sequence[Row], test: Sequence[Row], languages: Languages
) -> RetrievalSet:
    documents = read_documents([(row, None) for row in train], languages)
    relevant: dict[str, dict[str, float]] = {}
    for row, document in zip(train, documents, strict=True):
        relevant.setdefault(row.needed("intent"), {})[document.id] = 1.0
    queries = []
    for row in test:
        query = read_query(row, None, languages)
        queries.append(replace(query, relevant=relevant.get(row.needed("intent"), {})))
    held, skipped = judged(queries, {}, documents)
    if not held:
        raise InvalidInput(f"{name} holds no cases to ask with: the file is empty.")
    return RetrievalSet(name, tuple(documents), tuple(held), None, skipped)


def documents_of(paths: Sequence[Path], languages: Languages) -> list[Document]:
    """The documents of corpus files."""
    return read_documents(corpus_rows(paths, languages), languages)


def _file_language(path: Path, languages: Languages) -> str | None:
    """ "pl" of corpus.pl.jsonl."""
    parts = path.name.split(".")
    return languages.tag(parts[-2]) if len(parts) > 2 else None


def _all(folder: Path, patterns: Sequence[str]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def _first(folder: Path, patterns: Sequence[str]) -> Path | None:
    return next(iter(_all(folder, patterns)), None)
