"""Files that were sent to be imported: how long they are kept, and that one runs at a time."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from api.importing import Imports, ImportState
from indexer.load import ImportOptions
from kb.errors import Conflict, NotFound
from kb.own_folder import LOCK

PAGE = b"<html lang=en><title>Hall</title><p>It is wide.</p></html>"
PATIENCE = 20.0  # seconds


def kept_files(home: Path) -> list[Path]:
    """The files that wait to be imported."""
    return [*(home / "imports").glob("*/imp_*/*")]


def test_a_file_that_nobody_looks_at_goes(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    imports = Imports(sessions, tmp_path / "imports", lambda: None, kept=0.05)
    made = imports.begin(io.BytesIO(PAGE), "hall.html", "eva", ImportOptions())
    deadline = time.monotonic() + PATIENCE
    while kept_files(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not kept_files(tmp_path)
    with pytest.raises(NotFound):
        imports.get(made, "eva")
    imports.close()


def test_a_new_file_takes_the_place_of_the_old_one(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    woken: list[int] = []
    imports = Imports(sessions, tmp_path / "imports", lambda: woken.append(1))
    first = imports.begin(io.BytesIO(PAGE), "hall.html", "eva", ImportOptions())
    assert imports.wait(first, "eva", PATIENCE).state == ImportState.checked
    second = imports.begin(io.BytesIO(PAGE), "room.html", "eva", ImportOptions())
    assert imports.wait(second, "eva", PATIENCE).state == ImportState.checked
    with pytest.raises(NotFound):
        imports.go_on(first, "eva")
    with pytest.raises(NotFound):
        imports.go_on(second, "jan")
    assert woken == []
    imports.go_on(second, "eva")
    done = imports.wait(second, "eva", PATIENCE)
    assert done.state == ImportState.done
    assert done.report is not None
    assert done.report.created == ["room"]
    assert woken == [1]
    with pytest.raises(Conflict):
        imports.go_on(second, "eva")
    assert imports.latest("eva") is None
    imports.close()
    assert not kept_files(tmp_path)


def test_a_second_server_leaves_the_files_of_the_first(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    first = Imports(sessions, tmp_path / "imports", lambda: None)
    made = first.begin(io.BytesIO(PAGE), "hall.html", "eva", ImportOptions())
    second = Imports(sessions, tmp_path / "imports", lambda: None)
    assert len(kept_files(tmp_path)) == 1
    second.close()
    assert first.wait(made, "eva", PATIENCE).state == ImportState.checked
    first.go_on(made, "eva")
    assert first.wait(made, "eva", PATIENCE).state == ImportState.done
    first.close()


def test_what_a_killed_server_left_is_cleared(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    left = tmp_path / "imports" / "server_0" / "imp_0"
    left.mkdir(parents=True)
    (left / "secret.html").write_bytes(PAGE)
    (left.parent / LOCK).touch()
    Imports(sessions, tmp_path / "imports", lambda: None).close()
    assert not kept_files(tmp_path)
