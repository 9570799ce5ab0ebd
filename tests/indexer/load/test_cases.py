"""Importing cases from JSONL and CSV."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import ImportOptions, import_cases
from kb.errors import InvalidInput, NotFound
from kb.queries.cases import get_case_view

Sessions = sessionmaker[Session]

CASE = {
    "case": "en-1",
    "language": "en",
    "channel": "chat",
    "subject": "no PIN",
    "state": "resolved",
    "facets": {"product": ["locker"]},
    "opened_at": "2026-01-19T17:20:00Z",
    "resolved_at": "2026-01-19T17:41:00Z",
    "messages": [{"role": "customer", "text": "No pin", "at": "2026-01-19T17:20:00Z"}],
    "resolution": "Sent it again.",
    "outcome": "solved",
    "articles": ["locker-pin-missing"],
}


def _lines(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_cases_come_in_whole_and_only_once(tmp_path: Path, sessions: Sessions) -> None:
    path = _lines(tmp_path / "en.jsonl", CASE, CASE | {"case": "en-2", "tried": "waiting"})
    assert import_cases(sessions, path).created == ["en-1", "en-2"]
    assert import_cases(sessions, path).unchanged == ["en-1", "en-2"]
    with sessions() as session:
        view = get_case_view(session, "en-1")
    assert (view.channel, view.state, view.outcome) == ("chat", "resolved", "solved")
    assert (view.facets, view.articles) == ({"product": ["locker"]}, ("locker-pin-missing",))
    assert [(m.role, m.text) for m in view.messages] == [("customer", "No pin")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"channel": "pigeon"}, "channel: input should be"),
        ({"resolution": ""}, "says not how"),
        ({"colour": "red"}, "colour: not a field here"),
        ({"messages": [{"role": "customer"}]}, "messages.0.text: field required"),
        ({"messages": "hello"}, "messages"),
        ({"opened_at": "2026-01-19T17:20:00"}, "opened_at: input should have timezone"),
        ({"language": ""}, "No language"),
        ({"messages": [], "subject": ""}, "says nothing"),
    ],
)
def test_a_bad_case_is_rejected_with_its_line(
    tmp_path: Path, sqlite_sessions: Sessions, change: dict[str, object], reason: str
) -> None:
    path = _lines(tmp_path / "en.jsonl", CASE | {"case": "en-0"} | change, CASE)
    report = import_cases(sqlite_sessions, path)
    assert report.created == ["en-1"]
    assert [(r.file, r.line) for r in report.rejected] == [("en.jsonl", 1)]
    assert reason in report.rejected[0].reason


def test_a_case_given_twice_is_rejected_across_files(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    _lines(tmp_path / "a.jsonl", CASE)
    _lines(tmp_path / "b.jsonl", CASE)
    report = import_cases(sqlite_sessions, tmp_path)
    assert report.created == ["en-1"]
    assert "en-1 stands in a.jsonl, line 1, too" in report.rejected[0].reason


def test_csv_of_tickets_with_mapped_columns(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text(
        "Ticket,Description,Solution,Queue,x-note\n"
        "T-1,Paket je izginil,Sprožili smo poizvedbo,claims,y\n"
        "T-2,Kje je paket,,claims,\n",
        encoding="utf-8",
    )
    options = ImportOptions(
        mapping={"case": "Ticket", "resolution": "Solution"},
        facets=("Queue",),
        language="sl",
        channel="phone",
    )
    report = import_cases(sqlite_sessions, path, options)
    assert report.rejected == []
    assert import_cases(sqlite_sessions, path, options).unchanged == report.created
    with sqlite_sessions() as session:
        first, second = (get_case_view(session, key) for key in report.created)
    assert (first.state, second.state) == ("resolved", "open")
    assert (first.channel, first.facets) == ("phone", {"Queue": ["claims"]})
    assert [m.text for m in first.messages] == ["Paket je izginil"]
    assert first.id.startswith("t-1-")


def test_columns_nobody_mapped_are_refused_not_dropped(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("case,problem,language,mood\nt1,Help,en,sad\n", encoding="utf-8")
    report = import_cases(sqlite_sessions, path)
    assert "mood: not a field here" in report.rejected[0].reason


def test_a_source_that_cannot_be_read_is_an_error(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    with pytest.raises(NotFound):
        import_cases(sqlite_sessions, tmp_path / "none.jsonl")
    (tmp_path / "x.md").write_text("x")
    with pytest.raises(InvalidInput, match="JSONL or CSV"):
        import_cases(sqlite_sessions, tmp_path / "x.md")
