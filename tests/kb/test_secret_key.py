from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.config import Settings
from kb.errors import ConfigError
from kb.secret_key import FILE, derived_key, load_secret_key


def test_a_key_is_made_once_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", _env_file=None)
    first = load_secret_key(settings)
    assert len(first) >= 48
    assert load_secret_key(settings) == first
    assert stat.S_IMODE((settings.home / FILE).stat().st_mode) == 0o600


def test_servers_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, _env_file=None)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: load_secret_key(settings), range(64)))
    assert len(set(found)) == 1
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_a_key_of_ones_own_goes_first_and_a_short_one_is_refused(tmp_path: Path) -> None:
    own = Settings(home=tmp_path, secret_key="k" * 40, _env_file=None)
    assert load_secret_key(own) == b"k" * 40
    assert not (tmp_path / FILE).exists()
    with pytest.raises(ConfigError, match="POTICA_SECRET_KEY"):
        load_secret_key(own.model_copy(update={"secret_key": "short"}))


def test_keys_of_different_purposes_differ() -> None:
    assert derived_key(b"k" * 40, "widget") != derived_key(b"k" * 40, "csrf")
    assert len(derived_key(b"k" * 40, "widget")) == 32
