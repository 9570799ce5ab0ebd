"""The processes that convert Markdown: bounded, killed, replaced, and gone in the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.errors import Busy
from kb.text.markdown_wire import TOO_LONG, Answer, Kind
from kb.text.markdown_worker import Bounds, Renderers

PROC = Path("/proc/self").exists()


@contextlib.contextmanager
def started(bounds: Bounds) -> Iterator[Renderers]:
    """Processes of the test's own."""
    renderers = Renderers(bounds)
    try:
        yield renderers
    finally:
        renderers.close()


def _page(renderers: Renderers, text: str) -> str:
    answer = renderers.ask(Kind.page, text.encode())
    assert answer.refusal is None
    return answer.text


def _gone(pid: int) -> bool:
    """Whether not even a zombie is left."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _wait_until_gone(pid: int) -> bool:
    for _ in range(500):
        if _gone(pid) or _state(pid) == "Z":
            return True
        time.sleep(0.02)
    return False


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_process_over_its_time_is_killed() -> None:
    with started(Bounds(processes=2, convert=1.0)) as renderers, ThreadPoolExecutor(1) as pool:
        _page(renderers, "warm")
        [stuck] = renderers.pids()
        os.kill(stuck, signal.SIGSTOP)  # as a match that never ends: nothing reaches it
        waiting = pool.submit(renderers.ask, Kind.page, b"x" * 150_000)  # more than a pipe holds
        refusal = waiting.result().refusal
        assert refusal is not None
        assert refusal.message == TOO_LONG
        assert refusal.passing
        assert _gone(stuck)
        assert _page(renderers, "*a*") == "<p><em>a</em></p>"


def test_a_second_process_serves_while_the_first_is_stuck() -> None:
    with started(Bounds(processes=2, convert=8.0)) as renderers, ThreadPoolExecutor(1) as pool:
        _page(renderers, "warm")
        [stuck] = renderers.pids()
        os.kill(stuck, signal.SIGSTOP)
        waiting = pool.submit(_page, renderers, "first")
        while _idle_is(renderers, stuck):
            time.sleep(0.01)
        assert _page(renderers, "second") == "<p>second</p>"
        assert not waiting.done()
        os.kill(stuck, signal.SIGCONT)
        assert waiting.result() == "<p>first</p>"
        assert len(renderers.pids()) == 2


def _idle_is(renderers: Renderers, pid: int) -> bool:
    return renderers.pids(idle=True) == [pid]


def test_computing_has_its_own_clock() -> None:
    bomb = "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n" + "|\n" * 15_000
    with started(Bounds(processes=1, convert=60.0)) as renderers:
        _page(renderers, "warm")
        [before] = renderers.pids()
        refusal = renderers.ask(Kind.page, bomb.encode()).refusal
        assert refusal is not None
        assert not refusal.passing
        assert _gone(before)
        assert _page(renderers, "a") == "<p>a</p>"


def test_a_process_killed_from_outside_is_replaced_unnoticed() -> None:
    with started(Bounds(processes=1)) as renderers:
        _page(renderers, "warm")
        [before] = renderers.pids()
        os.kill(before, signal.SIGKILL)
        assert _page(renderers, "a") == "<p>a</p>"
        assert renderers.pids() != [before]
        assert _gone(before)


def test_forty_threads_share_two_processes() -> None:
    with started(Bounds()) as renderers, ThreadPoolExecutor(40) as pool:
        texts = [f"text {number}" for number in range(400)]
        assert list(pool.map(lambda text: _page(renderers, text), texts)) == [
            f"<p>{text}</p>" for text in texts
        ]
        assert len(renderers.pids()) <= 2


def test_whoever_waits_too_long_for_a_turn_is_told_so() -> None:
    bounds = Bounds(processes=1, convert=8.0, wait=0.05)
    with started(bounds) as renderers, ThreadPoolExecutor(1) as pool:
        _page(renderers, "warm")
        [stuck] = renderers.pids()
        os.kill(stuck, signal.SIGSTOP)
        waiting = pool.submit(_page, renderers, "first")
        while _idle_is(renderers, stuck):
            time.sleep(0.01)
        with pytest.raises(Busy, match="Try again"):
            renderers.ask(Kind.page, b"second")
        os.kill(stuck, signal.SIGCONT)
        assert waiting.result() == "<p>first</p>"


def test_what_another_thread_has_made_is_taken() -> None:
    with started(Bounds()) as renderers:
        made = Answer("made")
        assert renderers.ask(Kind.page, b"x", known=lambda: made) is made
        assert renderers.pids() == []  # nothing is started before it is needed


def test_a_process_that_cannot_start_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with started(Bounds()) as renderers, pytest.raises(Busy, match="operator"):
        renderers.ask(Kind.page, b"x")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with started(Bounds()) as renderers, pytest.raises(Busy, match="operator"):
        renderers.ask(Kind.page, b"x")


@pytest.mark.skipif(not PROC, reason="looks into /proc")
def test_nothing_stays_behind() -> None:
    files = _open_files()
    renderers = Renderers(Bounds())
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: _page(renderers, f"t{n}"), range(20)))
    pids = renderers.pids()
    os.kill(pids[0], signal.SIGKILL)
    _page(renderers, "again")
    pids += renderers.pids()
    renderers.close()
    assert all(map(_gone, pids))
    assert _open_files() == files


@pytest.mark.skipif(not PROC, reason="looks into /proc")
def test_the_process_is_light_and_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POTICA_DATABASE_URL", "postgresql://somebody:hidden@db/potica")
    with started(Bounds(processes=1)) as renderers, open(os.devnull) as leak:
        os.set_inheritable(leak.fileno(), True)
        _page(renderers, "a")
        [pid] = renderers.pids()
        assert b"hidden" not in Path(f"/proc/{pid}/environ").read_bytes()
        loaded = Path(f"/proc/{pid}/maps").read_text()
        assert "nh3" in loaded
        assert not any(name in loaded for name in ("numpy", "torch", "faiss", "onnxruntime"))
        assert len(os.listdir(f"/proc/{pid}/fd")) == 4
        limits = Path(f"/proc/{pid}/limits").read_text()
        [line] = [line for line in limits.splitlines() if line.startswith("Max address space")]
        assert line.split()[3] == str(384 * 1024 * 1024)


PARENT = """
import sys, os, signal
from kb.text import markdown
from kb.text.markdown_worker import Bounds, Renderers
markdown.render_html("a")
mine = Renderers(Bounds(processes=1))
from kb.text.markdown_wire import Kind
mine.ask(Kind.page, b"a")
print(*mine.pids(), flush=True)
"""


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), signal.SIGKILL)", "raise SystemExit(3)"])
def test_the_process_ends_with_its_parent(end: str) -> None:
    ran = subprocess.run([sys.executable, "-c", PARENT + end], capture_output=True, text=True)
    assert not ran.stderr
    [pid] = map(int, ran.stdout.split())
    assert _wait_until_gone(pid)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_has_processes_of_its_own() -> None:
    code = """
child = os.fork()
text = "b" if child else "c"
print(mine.ask(Kind.page, text.encode()).text, *mine.pids(), flush=True)
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    ran = subprocess.run([sys.executable, "-c", PARENT + code], capture_output=True, text=True)
    assert not ran.stderr
    first, *others = ran.stdout.split("\n")[:3]
    told = dict(line.split() for line in others)
    assert told["<p>b</p>"] == first
    assert told["<p>c</p>"] != first
    assert all(_wait_until_gone(int(pid)) for pid in told.values())
