"""SIGKILL at random moments: nothing acknowledged is lost, nothing gone comes back."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.plan import Ledger, Note, check_home
from tests.hash_encoder import HashEncoder

CYCLES = int(os.environ.get("POTICA_FAULT_CYCLES", "5"))
LIVES = 25  # kills that one home goes through before the next begins
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.faults


def live(home: Path, seed: int, seconds: float) -> list[Note]:
    """Let a writer work, kill it this long after its first commit may come; what it said."""
    command = [sys.executable, "-m", "tests.faults.writer", str(home), str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, "the writer did not start"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        # A line that was cut off was never received: no acknowledgement.
        lines = [line for line in process.stdout if line.endswith("\n")]
        process.wait()
    assert process.returncode == -signal.SIGKILL, "the writer ended by itself"
    return [Note.read(line) for line in lines]


def test_mixed_writes_survive_kills(sqlite_template: Path, tmp_path: Path) -> None:
    rng = random.Random(os.environ.get("POTICA_FAULT_SEED", "potica"))
    encoder, totals = HashEncoder(), Ledger()
    problems: list[str] = []
    started = time.monotonic()
    for cycle in range(CYCLES):
        home = tmp_path / f"home-{cycle // LIVES}"
        if cycle % LIVES == 0:
            shutil.rmtree(tmp_path / f"home-{cycle // LIVES - 1}", ignore_errors=True)
            home.mkdir()
            shutil.copy(sqlite_template, home / "potica.db")
            ledger = Ledger()
        notes = live(home, cycle, rng.uniform(0.0, 1.0))
        ledger.take(notes)
        totals.take(notes)
        problems += [f"cycle {cycle}: {p}" for p in check_home(home, encoder, ledger, rng)]
    print(
        f"\n{CYCLES} kills, {totals.written} acknowledged writes ({totals.done}),"
        f" {len(totals.gone)} texts gone, {len(problems)} problems,"
        f" {time.monotonic() - started:.0f} s"
    )
    assert problems == []
    assert totals.written > 0  # how many depends on how fast the machine is
