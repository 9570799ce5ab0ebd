"""Each form of an evaluation folder is read; what cannot be read says where and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.datasets import Languages, taken
from eval.folders import Files, read_crosslingual, read_retrieval, read_similar_cases
from eval.splits import Split
from kb.assist.types import Message
from kb.errors import InvalidInput, NotFound

LANGUAGES = Languages(("en", "pl", "cs", "sl", "hu"))
PAGES = [
    {"_id": "Doc A/1", "title": "Returns", "text": "How to send a parcel back to us."},
    {"_id": "b", "title": "Refunds", "text": "When you will get your money back."},
]


def write(path: Path, rows: Sequence[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_queries_with_relevant(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    write(tmp_path / "queries.jsonl", [{"_id": "q", "text": "send back", "relevant": ["b"]}])
    (found,) = read_retrieval(tmp_path, LANGUAGES)
    assert [d.id for d in found.documents] == ["Doc A/1", "b"]
    assert {d.language for d in found.documents} == {"en"}
    assert found.queries[0].messages == (Message("customer", "send back"),)
    assert found.queries[0].relevant == {"b": 1.0}


def test_qrels_with_grades(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    write(tmp_path / "queries.jsonl", [{"_id": "q", "text": "send back"}])
    lines = ["query-id\tcorpus-id\tscore", "q\tDoc A/1\t2", "q\tb\t0"]
    write(tmp_path / "qrels.tsv", lines)
    (found,) = read_retrieval(tmp_path, LANGUAGES)
    assert found.queries[0].relevant == {"Doc A/1": 2.0}


def test_tasks_with_instructions_and_required(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    task = {"_id": "t", "instructions": "You want a refund.", "required": ["b", "Doc A/1"]}
    write(tmp_path / "tasks.jsonl", [task])
    (found,) = read_retrieval(tmp_path, LANGUAGES)
    assert found.queries[0].relevant == {"b": 1.0, "Doc A/1": 1.0}


def test_queries_that_are_documents_exclude_themselves(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    write(tmp_path / "qrels.tsv", ["query-id corpus-id score", "b Doc-X 1", "b b 1"])
    with pytest.raises(InvalidInput, match="None of the 1 questions"):
        read_retrieval(tmp_path, LANGUAGES)
    write(tmp_path / "qrels.tsv", ["b\tDoc A/1\t1", "b\tb\t1"])
    (found,) = read_retrieval(tmp_path, LANGUAGES)
    (query,) = found.queries
    assert (query.exclude, dict(query.relevant)) == ("b", {"Doc A/1": 1.0})
    assert query.plain == "Refunds\nWhen you will get your money back."


def test_messages_of_a_dialog(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    turns = [
        {"role": "user", "text": "hello"},
        {"role": "assistant", "content": "How can I help?"},
        {"role": "customer", "text": "my money"},
    ]
    write(tmp_path / "queries.jsonl", [{"_id": "q", "messages": turns, "relevant": ["b"]}])
    (found,) = read_retrieval(tmp_path, LANGUAGES)
    (query,) = found.queries
    assert [m.role for m in query.messages] == ["customer", "agent", "customer"]
    assert query.plain == "my money How can I help?"


def test_entity_mode_knows_what_the_right_document_is_about(tmp_path: Path) -> None:
    rows = [
        {"_id": "a", "title": "Wifi", "text": "Yes", "domain": "hotel", "entity": "Sun"},
        {"_id": "b", "title": "Seats", "text": "No", "domain": "train", "entity": None},
    ]
    write(tmp_path / "corpus.jsonl", rows)
    asked = [
        {"_id": "q", "text": "wifi?", "relevant": ["a"]},
        {"_id": "r", "text": "seats?", "relevant": ["b"]},
    ]
    write(tmp_path / "queries.jsonl", asked)
    (found,) = read_retrieval(tmp_path, LANGUAGES, mode="entity")
    assert found.documents[0].facets == {"domain": ["hotel"], "entity": ["Sun"]}
    assert found.queries[0].known == {"domain": ["hotel"], "entity": ["Sun"]}
    assert found.queries[1].known == {"domain": ["train"]}
    (found,) = read_retrieval(tmp_path, LANGUAGES, mode="open")
    assert found.queries[0].known == {}


def test_entity_mode_needs_entities(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    write(tmp_path / "queries.jsonl", [{"_id": "q", "text": "x", "relevant": ["b"]}])
    with pytest.raises(InvalidInput, match="--mode entity"):
        read_retrieval(tmp_path, LANGUAGES, mode="entity")


def test_a_folder_in_several_languages(tmp_path: Path) -> None:
    for lang, text in (("en", "Send a parcel"), ("pl", "Nadaj paczkę"), ("de", "Sende")):
        write(tmp_path / f"corpus.{lang}.jsonl", [{"_id": "a", "text": text}])
        write(tmp_path / f"queries.{lang}.jsonl", [{"_id": "a", "text": text, "relevant": ["a"]}])
    sets = read_retrieval(tmp_path, LANGUAGES)
    assert [found.language for found in sets] == ["en", "pl"]  # de is not configured
    assert [found.documents[0].language for found in sets] == ["en", "pl"]
    assert sets[1].queries[0].language == "pl"
    assert len(read_crosslingual(tmp_path, LANGUAGES)) == 2


def test_translations_in_files_named_on_the_command_line(tmp_path: Path) -> None:
    for lang, text in (("en", "Send a parcel"), ("pl", "Nadaj paczkę")):
        write(tmp_path / f"corpus.{lang}.jsonl", [{"_id": "a", "text": text}])
        write(tmp_path / f"queries.{lang}.jsonl", [{"_id": "a", "text": text, "relevant": ["a"]}])
    files = Files(
        (Path("corpus.en.jsonl"), tmp_path / "corpus.pl.jsonl"),
        (Path("queries.en.jsonl"), Path("queries.pl.jsonl")),
    )
    (found,) = read_retrieval(tmp_path, LANGUAGES, files)
    assert [(d.id, d.language) for d in found.documents] == [("a", "en"), ("a", "pl")]
    assert [q.language for q in found.queries] == ["en", "pl"]


def test_unknown_language_tags_fall_back_to_the_text(tmp_path: Path) -> None:
    rows = [
        {"_id": "a", "lang": "xx", "text": "Gdzie jest moja paczka i kiedy dotrze?"},
        {"_id": "b", "lang": "pl-PL", "text": "Where is it?"},
    ]
    write(tmp_path / "corpus.jsonl", rows)
    write(tmp_path / "queries.jsonl", [{"_id": "q", "text": "x", "lang": "??", "relevant": ["a"]}])
    (found,) = read_retrieval(tmp_path, LANGUAGES)
    assert [d.language for d in found.documents] == ["pl", "pl"]
    assert found.queries[0].language is None


def test_what_a_database_cannot_hold_is_mended(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", ['{"_id": "a", "text": "one\\u0000two \\ud800"}'])
    write(tmp_path / "queries.jsonl", [{"_id": "q", "text": "one", "relevant": ["a"]}])
    (found,) = read_retrieval(tmp_path, LANGUAGES)
    assert found.documents[0].text == "one two ?"


def test_questions_nobody_can_answer_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    asked = [
        {"_id": "q", "text": "x", "relevant": ["b"]},
        {"_id": "r", "text": "x", "relevant": ["gone"]},
        {"_id": "s", "text": "x"},
    ]
    write(tmp_path / "queries.jsonl", asked)
    (found,) = read_retrieval(tmp_path, LANGUAGES)
    assert (len(found.queries), found.skipped) == (1, 2)


def test_similar_cases_by_intent(tmp_path: Path) -> None:
    train = [
        {"text": "card lost", "intent": "lost"},
        {"text": "card gone", "intent": "lost"},
        {"text": "card late", "intent": "late"},
    ]
    write(tmp_path / "train.jsonl", train)
    test = [{"text": "lost it", "intent": "lost"}, {"text": "hm", "intent": "new"}]
    write(tmp_path / "test.jsonl", test)
    found = read_similar_cases(tmp_path, LANGUAGES)
    assert [dict(q.relevant) for q in found.queries] == [{"train-1": 1.0, "train-2": 1.0}]
    assert found.skipped == 1
    assert "lost" not in {d.title for d in found.documents}


def test_similar_cases_from_one_file_of_cases(tmp_path: Path) -> None:
    rows = [
        {"_id": f"c{n}", "question": f"where is {n}", "answer": "here", "intent": f"i{n % 2}"}
        for n in range(60)
    ]
    write(tmp_path / "cases.jsonl", rows)
    found = read_similar_cases(tmp_path, LANGUAGES)
    assert len(found.documents) + len(found.queries) == 60
    assert len(found.documents) > len(found.queries) > 3
    assert {d.resolution for d in found.documents} == {"here"}
    assert {q.id for q in found.queries}.isdisjoint(d.id for d in found.documents)


def test_halves_are_stable_and_apart(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", PAGES)
    asked = [{"_id": f"q{n}", "text": "x", "relevant": ["b"]} for n in range(200)]
    write(tmp_path / "queries.jsonl", asked)
    queries = read_retrieval(tmp_path, LANGUAGES)[0].queries
    dev, test = (taken(queries, split, None) for split in (Split.dev, Split.test))
    assert {q.id for q in dev} | {q.id for q in test} == {q.id for q in queries}
    assert {q.id for q in dev}.isdisjoint(q.id for q in test)
    assert 70 < len(dev) < 130
    some = taken(tuple(reversed(queries)), Split.dev, 20)
    assert {q.id for q in some} == {q.id for q in taken(queries, Split.dev, 20)}
    assert len(some) == 20


BAD_ROWS = [
    ("corpus.jsonl", "{'_id': 1}", r"corpus\.jsonl:3: this is not JSON"),
    ("corpus.jsonl", "[1, 2]", r"corpus\.jsonl:3: a JSON object is expected, not list"),
    ("corpus.jsonl", '{"_id": "z"}', r"corpus\.jsonl:3: there is neither `title` nor `text`"),
    ("corpus.jsonl", '{"_id": "b", "text": "x y"}', r"corpus\.jsonl:3: the id 'b' stands twice"),
    ("corpus.jsonl", '{"_id": "z", "text": 5}', r"corpus\.jsonl:3: `text` must be a string"),
    ("corpus.jsonl", '{"_id": [], "text": "x"}', r"corpus\.jsonl:3: `_id` must be a string"),
    ("queries.jsonl", '{"_id": "r"}', r"queries\.jsonl:2: there is no `text`"),
    ("queries.jsonl", '{"_id": "q", "text": "x"}', r"queries\.jsonl:2: the query 'q' stands"),
    ("queries.jsonl", '{"text": "x", "relevant": [1]}', r"queries\.jsonl:2: `relevant` must be"),
    ("queries.jsonl", '{"messages": []}', r"queries\.jsonl:2: `messages` holds no text"),
    ("queries.jsonl", '{"messages": ["x"]}', r"queries\.jsonl:2: `messages` must be a list"),
    ("qrels.tsv", "q b one", r"qrels\.tsv:2: `query-id<tab>corpus-id<tab>score` is expected"),
]


@pytest.mark.parametrize(("name", "line", "message"), BAD_ROWS)
def test_bad_rows_say_where(tmp_path: Path, name: str, line: str, message: str) -> None:
    files: dict[str, list[object]] = {
        "corpus.jsonl": [*PAGES],
        "queries.jsonl": [{"_id": "q", "text": "x", "relevant": ["b"]}],
        "qrels.tsv": ["q\tb\t1"],
    }
    files[name].append(line)
    for file, rows in files.items():
        write(tmp_path / file, rows)
    with pytest.raises(InvalidInput, match=message):
        read_retrieval(tmp_path, LANGUAGES)


def test_bytes_that_are_not_text_say_where(tmp_path: Path) -> None:
    write(tmp_path / "queries.jsonl", [{"_id": "q", "text": "x", "relevant": ["b"]}])
    (tmp_path / "corpus.jsonl").write_bytes(b'{"_id": "b", "text": "x"}\n\xff\xfe\n')
    with pytest.raises(InvalidInput, match=r"corpus\.jsonl:2: this is not UTF-8"):
        read_retrieval(tmp_path, LANGUAGES)


@pytest.mark.parametrize(
    ("present", "message"),
    [
        ((), "holds no corpus"),
        (("corpus.jsonl",), "neither queries"),
        (("queries.jsonl",), "holds no corpus"),
    ],
)
def test_missing_files_are_named(tmp_path: Path, present: tuple[str, ...], message: str) -> None:
    for name in present:
        write(tmp_path / name, PAGES)
    with pytest.raises(NotFound, match=message):
        read_retrieval(tmp_path, LANGUAGES)


def test_missing_folders_and_named_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no folder"):
        read_retrieval(tmp_path / "nowhere", LANGUAGES)
    with pytest.raises(NotFound, match=r"There is no file .*other\.jsonl"):
        read_retrieval(tmp_path, LANGUAGES, Files((Path("other.jsonl"),), (Path("q.jsonl"),)))
    with pytest.raises(NotFound, match="neither train"):
        read_similar_cases(tmp_path, LANGUAGES)
    with pytest.raises(InvalidInput, match="at least two of"):
        read_crosslingual(tmp_path, LANGUAGES)


def test_empty_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").touch()
    write(tmp_path / "queries.jsonl", [{"_id": "q", "text": "x", "relevant": ["b"]}])
    with pytest.raises(InvalidInput, match=r"corpus\.jsonl holds no documents"):
        read_retrieval(tmp_path, LANGUAGES)
    write(tmp_path / "corpus.jsonl", PAGES)
    (tmp_path / "queries.jsonl").write_text("\n")
    with pytest.raises(InvalidInput, match="holds no questions"):
        read_retrieval(tmp_path, LANGUAGES)
