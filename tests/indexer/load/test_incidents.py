"""Importing incidents."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from indexer.export import export_content
from indexer.load import ImportOptions, import_incidents
from kb.domain import IncidentState
from kb.queries.incidents import iter_incidents

Sessions = sessionmaker[Session]
SNOW = """incident: snow
state: draft
severity: high
starts_at: '2026-11-20T04:00:00Z'
text:
  sl:
    title: Sneg
    statement: Cesta je zaprta.
    what_to_say: Paket čaka.
  en:
    title: Snow
    statement: The road is closed.
    what_to_say: It waits.
"""


def test_incidents_come_in_and_go_out_the_same(tmp_path: Path, sessions: Sessions) -> None:
    folder = tmp_path / "incidents"
    folder.mkdir()
    path = folder / "snow.yaml"
    path.write_text(SNOW, encoding="utf-8")
    assert import_incidents(sessions, folder).created == ["snow"]
    assert import_incidents(sessions, folder).unchanged == ["snow"]
    path.write_text(SNOW.replace("draft", "ended"), encoding="utf-8")
    dry = import_incidents(sessions, folder, ImportOptions(dry_run=True))
    assert dry.changed == ["snow"]
    with sessions() as session:
        [view] = iter_incidents(session)
        assert (view.state, view.countries) == (IncidentState.planned, ())
        export_content(session, tmp_path / "out")
    assert (tmp_path / "out" / "incidents" / "snow.yaml").read_text(encoding="utf-8") == SNOW
    assert import_incidents(sessions, folder).changed == ["snow"]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("state: draft", "state: planned", 2, "state: input should be"),
        ("title: Sneg", "titel: Sneg", 5, "titel"),
        ("2026-11-20T04:00:00Z", "yesterday", 4, "starts_at"),
        ("severity: high\n", "severity: high\nends_at: '2026-01-01T00:00:00Z'\n", 1, "ends before"),
        (SNOW, "- a list\n", 1, "Not a list of"),
    ],
)
def test_a_bad_file_is_rejected_and_the_others_come_in(
    tmp_path: Path, sqlite_sessions: Sessions, old: str, new: str, line: int, reason: str
) -> None:
    (tmp_path / "bad.yaml").write_text(SNOW.replace(old, new), encoding="utf-8")
    (tmp_path / "good.yaml").write_text(SNOW.replace("snow", "good"), encoding="utf-8")
    report = import_incidents(sqlite_sessions, tmp_path)
    assert report.created == ["good"]
    [bad] = report.rejected
    assert (bad.line, reason in bad.reason) == (line, True), bad.reason
