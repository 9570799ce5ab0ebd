"""The report on live interactions under load."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from eval.live.crash import Crashed
from eval.live.run import INTERACTIONS, RATE, Measured
from eval.report.machine import this_machine
from eval.report.quality import table
from eval.report.targets import Target

PAINTED_MS = 250.0


def live_targets(measured: Measured) -> list[Target]:
    """What should be reached, and whether it is."""
    found = []
    if measured.painted:
        found.append(
            Target(
                f"message sent to suggestions painted under {PAINTED_MS:.0f} ms at p95",
                f"{measured.painted.p95:.0f} ms",
                measured.painted.p95 < PAINTED_MS,
            )
        )
    one = measured.crashed
    if one:
        whole = one.lost == one.doubled == one.stale == one.backwards == 0
        found.append(
            Target(
                f"{one.sidebars} idle sidebars, server killed {one.kills} times: all come back,"
                " no message lost or doubled",
                f"{one.lost} lost, {one.doubled} doubled, {one.stale} stale",
                whole and len(one.reconnected) == one.kills,
            )
        )
    return found


def write_live(folder: Path, measured: Measured, command: str) -> Path:
    """Write live.md into `folder`; gives its path."""
    plan = measured.plan
    parts = [
        "# Live interactions under load",
        f"- Date: {datetime.now(UTC):%Y-%m-%d}\n- Command: `{command}`\n- Machine:"
        f" {this_machine()}; {measured.load_average:.1f} processes waiting for a core as the run"
        " began. Server, senders, sidebars and browser share it.",
        table(
            ("target", "found", ""),
            [
                (t.asked, t.found, "reached" if t.reached else "**not reached**")
                for t in live_targets(measured)
            ],
        ),
        f"## {INTERACTIONS} open interactions, {RATE:g} messages a second\n\n"
        f"{plan.passages:,} passages, {plan.seconds:.0f} seconds, {measured.messages} messages at"
        f" random moments: half of them in {plan.screens} interactions shown by the sidebar in"
        " Chromium, a browser for each, the others read as server-sent events. A message that a"
        " newer one overtook is answered by the suggestion to the newer one; one that asks for"
        " nothing (thanks, a greeting) leaves the screen as it is and is not counted as painted.",
        table(("milliseconds", "p50", "p95"), _rows(measured)),
        f"{measured.refused} messages refused, {measured.unanswered} without a suggestion.",
    ]
    if measured.crashed:
        parts.append(_crash(measured.crashed))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "live.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _rows(measured: Measured) -> list[tuple[str, str, str]]:
    spreads = [
        ("message sent, acknowledged (written to disk)", measured.posted),
        ("message sent, suggestion arrived", measured.received),
    ]
    if measured.painted:
        what = f"message sent, suggestion painted ({measured.painted_messages} messages)"
        spreads.append((what, measured.painted))
    return [(name, f"{one.p50:.0f}", f"{one.p95:.0f}") for name, one in spreads]


def _crash(one: Crashed) -> str:
    back = ", ".join(f"{seconds:.1f}" for seconds in one.reconnected)
    each = 1024 * (one.memory_connected - one.memory_before) / max(1, one.sidebars)
    return (
        f"## {one.sidebars} idle sidebars, and kill -9\n\n"
        f"The server was killed {one.kills} times while {one.messages} messages were sent, each"
        f" until it was acknowledged ({one.tries} tries), and started again. Seconds from ready"
        f" to the last sidebar back: {back}.\n\n"
        + table(
            ("", ""),
            [
                ("messages lost", str(one.lost)),
                ("messages doubled", str(one.doubled)),
                ("sidebars that do not show the last state", str(one.stale)),
                ("views older than one shown before", str(one.backwards)),
                ("memory before anybody connected, MiB", f"{one.memory_before:.0f}"),
                ("memory with all connected, MiB", f"{one.memory_connected:.0f}"),
                ("of which for each sidebar, KiB", f"{each:.0f}"),
                ("memory after the last start, all connected, MiB", f"{one.memory_after:.0f}"),
            ],
        )
    )
