"""A small real installation: a few articles and cases of the demo company, indexed."""

from __future__ import annotations

import shutil
from pathlib import Path

from indexer.load import import_content
from indexer.pipeline import index_round
from kb.config import Settings
from kb.db import create_engine_for, migrate, session_factory
from kb.encoders.factory import create_encoder
from kb.search.snapshot import build_snapshot
from tests.models import MODELS

ROOT = Path(__file__).parents[1]
LANGUAGES = ("en", "pl", "cs", "sl", "hu")
ARTICLES = (
    "locker-pin-missing",
    "locker-full",
    "wrong-postcode",
    "damaged-parcel-claim",
    "delivery-times",
    "goodwill-credit-procedure",  # internal
)
CASES = 5  # of each language


def make_home(home: Path) -> Settings:
    """A migrated, filled and indexed home; the model's files are shared by all tests."""
    home.mkdir(parents=True, exist_ok=True)
    MODELS.mkdir(parents=True, exist_ok=True)
    (home / "models").symlink_to(MODELS.resolve())
    settings = Settings(
        home=home,
        content_dir=make_content(home / "content"),
        public_url="http://127.0.0.1",
        open_access=True,
        rate_limits=False,
        _env_file=None,
    )
    engine = create_engine_for(settings)
    migrate(engine)
    sessions = session_factory(engine)
    assert import_content(sessions, settings.content_dir).ok
    encoder = create_encoder(settings)
    while index_round(sessions, encoder).claimed:
        pass
    with session_factory(engine, read_only=True)() as session:
        build_snapshot(session, settings.index_dir, encoder.model_id)
    engine.dispose()
    return settings


def copy_home(settings: Settings, home: Path) -> Settings:
    """The same installation once more, for a test that changes it; nobody may write meanwhile."""
    shutil.copytree(settings.home, home, symlinks=True)
    return settings.model_copy(update={"home": home, "content_dir": home / "content"})


def make_content(folder: Path) -> Path:
    """The chosen part of `content/`."""
    source = ROOT / "content"
    (folder / "cases").mkdir(parents=True)
    for language in LANGUAGES:
        (folder / language).mkdir()
        for key in ARTICLES:
            shutil.copy(source / language / f"{key}.md", folder / language)
        lines = (source / "cases" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
        text = "\n".join(lines[:CASES]) + "\n"
        (folder / "cases" / f"{language}.jsonl").write_text(text, encoding="utf-8")
    return folder
