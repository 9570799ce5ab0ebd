"""Large pages are advice: memory keeps what it holds, and no system is obliged to follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kb.encoders.large_pages import LARGE, use_large_pages


def test_memory_keeps_what_it_holds() -> None:
    numbers = np.random.default_rng(1).integers(0, 255, 5 * LARGE).astype(np.uint8)
    before = numbers.copy()
    assert use_large_pages() >= 0
    assert np.array_equal(numbers, before)
    numbers += 1
    assert np.array_equal(numbers, before + np.uint8(1))


def test_nothing_happens_where_memory_is_not_told(tmp_path: Path) -> None:
    assert use_large_pages(tmp_path / "no such file") == 0


def test_files_and_small_pieces_are_left_alone(tmp_path: Path) -> None:
    """None of these addresses is anybody's: asking for one of them would make no page either."""
    maps = tmp_path / "maps"
    maps.write_text(
        "7f0000000000-7f0000001000 rw-p 00000000 00:00 0\n"
        "7f0000400000-7f0000800000 r--p 00000000 fe:00 12 /usr/lib/x.so\n"
        "7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0 [stack]\n"
        "something else\n"
    )
    assert use_large_pages(maps) == 0
