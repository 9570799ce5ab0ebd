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

PAGE = b"<html lang=en><title>Hall</title><p>It is wide.</p></html>"
PATIENCE = 20.0  # seconds


def test_a_file_that_nobody_looks_at_goes(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    imports = Imports(sessions, tmp_path / "imports", lambda: None, kept=0.05)
    made = imports.begin(io.BytesIO(PAGE), "hall.html", "eva", ImportOptions())
    deadline = time.monotonic() + PATIENCE
    while list((tmp_path / "imports").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list((tmp_path / "imports").iterdir()) == []
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
    assert not (tmp_path / "imports").exists()
