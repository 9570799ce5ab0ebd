"""Importing synonyms."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import ImportOptions, import_synonyms
from kb.queries.synonyms import load_synonyms

Sessions = sessionmaker[Session]


def test_groups_replace_those_of_the_language(tmp_path: Path, sessions: Sessions) -> None:
    path = tmp_path / "en.yaml"
    path.write_text("- - zip\n  - postcode\n- - box\n  - carton\n")
    assert import_synonyms(sessions, tmp_path).created == ["en"]
    assert import_synonyms(sessions, tmp_path).unchanged == ["en"]
    path.write_text("- - zip\n  - postcode\n")
    dry = import_synonyms(sessions, tmp_path, ImportOptions(dry_run=True))
    assert dry.changed == ["en"]
    assert import_synonyms(sessions, tmp_path).changed == ["en"]
    with sessions() as session:
        assert load_synonyms(session) == {"en": (("zip", "postcode"),)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- - alone\n", "at least 2 items"),
        ("en: words\n", "valid list"),
        ("- [zip, 5]\n", "valid string"),
        ("- [zip, '']\n", "an empty text"),
    ],
)
def test_a_bad_file_is_rejected_and_the_others_come_in(
    tmp_path: Path, sqlite_sessions: Sessions, text: str, reason: str
) -> None:
    (tmp_path / "en.yaml").write_text(text)
    (tmp_path / "sl.yaml").write_text("- [paket, pošiljka]\n")
    report = import_synonyms(sqlite_sessions, tmp_path)
    assert report.created == ["sl"]
    assert reason in report.rejected[0].reason


def test_a_file_must_be_named_for_a_language(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    (tmp_path / "Notes.yaml").write_text("- [a, b]\n")
    report = import_synonyms(sqlite_sessions, tmp_path)
    assert "not a language" in report.rejected[0].reason
