"""The report on replays: what the sidebar did at each turn, beside the offline evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from eval.replay.judge import GOOD, Judged, Shown, Verdict, counted, verdict
from eval.replay.run import Replayed
from eval.report.machine import this_machine
from eval.report.quality import table
from kb.assist.asks import load_asks
from kb.assist.engine import SURE_ENOUGH

Way = Callable[[Judged], tuple[Shown, str | None]]
WAYS: dict[str, Way] = {
    "interaction API": lambda one: (one.live, one.live_before),
    "offline, same turns before": lambda one: (one.same, one.same_before),
}
ALONE: dict[str, Way] = {
    "interaction API, each turn alone": lambda one: (one.live_alone, None),
    "offline, each turn alone": lambda one: (one.alone, None),
}
SHOWN = 12  # differing turns that are listed

METHOD = """\
Each set has a knowledge base of its own, saved as public articles and served by `potica serve` on
a home of its own. A helpdesk with an API key (`interactions.write`, `suggestions.ask`, articles)
opens a conversation for each dialog and sends turn after turn to
`POST /api/v1/interactions/{id}/messages?wait=5000`. What the answer's `suggestion` shows is judged:

- a turn that asks nothing, or asks what no base holds, is to be met with silence: *rightly silent*,
  or *wrongly speaks*. Where the answer to what was asked before is on the screen and still says
  the same, nothing new is said: *the answer before stands*;
- a turn that the base answers is to be met with an answer: *rightly speaks* when the first article
  is a right one, else *speaks with a wrong answer*; *wrongly silent* when nothing is shown.

The offline evaluation hears the same turns: `read_dialog` and `Searcher` in its own process, with
the thresholds by which the engine speaks. It is given the turns before, as the interaction has
them; and, as `potica eval nothing-known` does, each turn alone, which the API is asked too, each
turn a conversation of its own."""

WHY_CONTEXT = """\
With the turns before known it is another task than with each turn alone, so the two pairs of
columns differ and are not to be compared as better and worse: in a conversation a question stays
open until somebody answers it, and the agents' side of these dialogs is missing, so nobody ever
does. A turn such as "yes" or a name is then still about that question; what it adds can bring
another answer to the top, which counts as speaking wrongly here."""


def write_replay(folder: Path, results: Sequence[Replayed], command: str, load: float) -> Path:
    """Write replay.md into `folder`; gives its path."""
    head = (
        f"- Date: {datetime.now(UTC):%Y-%m-%d}\n- Command: `{command}`\n- Machine:"
        f" {this_machine()}; {load:.1f} processes waiting for a core as the run began."
    )
    parts = ["# Replay of dialogs through the interaction API", head, METHOD]
    parts += [_section(result) for result in results]
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "replay.md"
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def replay_json(result: Replayed) -> dict[str, object]:
    """Counts by way and verdict, agreement, and the turns that differ."""
    return {
        "name": result.name,
        "documents": result.documents,
        "dialogs": result.dialogs,
        "turns": len(result.turns),
        "delivered": dict(result.delivered),
        "verdicts": {
            name: {str(kind): count for kind, count in _counts(result, way).items()}
            for name, way in _ways(result).items()
        },
        "same_decision": _agreed(result),
        "differing": [one.said.id for one in _differing(result.turns)],
        "milliseconds": {"p50": _percentile(result, 50), "p95": _percentile(result, 95)},
        "versions": dict(result.versions),
        "seconds": round(result.seconds, 1),
    }


def summary(result: Replayed) -> str:
    """One line for the terminal."""
    counts = _counts(result, WAYS["interaction API"])
    right = sum(counts[kind] for kind in GOOD)
    return (
        f"{result.name}: right at {right} of {len(result.turns)} turns; the offline evaluation"
        f" decides the same at {_agreed(result)}."
    )


def _section(result: Replayed) -> str:
    turns = result.turns
    speak = sum(one.said.should_speak for one in turns)
    delivered = result.delivered
    ways = _ways(result)
    columns = {name: _counts(result, way) for name, way in ways.items()}
    rows = [
        (str(kind), *(_share(counts[kind], len(turns)) for counts in columns.values()))
        for kind in Verdict
        if any(counts[kind] for counts in columns.values())
    ]
    right = [sum(counts[kind] for kind in GOOD) for counts in columns.values()]
    rows.append(("**right in all**", *(_share(count, len(turns)) for count in right)))
    rows += _halves(columns, speak, len(turns) - speak)
    text = (
        f"## {result.name}\n\n{result.documents:,} documents, {result.dialogs} dialogs,"
        f" {len(turns)} turns judged, {speak} of them to be answered. Of"
        f" {delivered.get('turns', 0)} turns {delivered.get('again', 0)} came again together with"
        f" all before them, newest first, {delivered.get('late', 0)} after the next one (not judged"
        f" by themselves), {delivered.get('edited', 0)} half at first and edited then. From sending"
        f" a message to its suggestion: p50 {_percentile(result, 50):.0f} ms,"
        f" p95 {_percentile(result, 95):.0f} ms."
    )
    return "\n\n".join([text, table(("", *ways), rows), _agreement(result)])


def _halves(
    columns: Mapping[str, Mapping[Verdict, int]], speak: int, silent: int
) -> list[tuple[str, ...]]:
    """Of the turns to be answered, and of those to be silent at."""
    found = []
    if speak:
        row = (_share(c[Verdict.rightly_speaks], speak) for c in columns.values())
        found.append((f"of {speak} to be answered, rightly", *row))
    if silent:
        row = (
            _share(c[Verdict.rightly_silent] + c[Verdict.stands], silent) for c in columns.values()
        )
        found.append((f"of {silent} to be silent at, rightly", *row))
    return found


def _agreement(result: Replayed) -> str:
    """How far both decide the same, and where they do not."""
    differing = _differing(result.turns)
    lines = [
        f"Same first article or same silence at {_agreed(result)} of {len(result.turns)} turns"
        + (" (turns before known)." if result.has_context else ".")
    ]
    if result.has_context:
        alone = sum(_same(one.live_alone, one.alone) for one in result.turns)
        lines.append(f"Each turn alone: at {alone} of {len(result.turns)}.")
        lines.append(WHY_CONTEXT)
    if differing:
        rows = [(one.said.id, _told(one.live), _told(one.same)) for one in differing[:SHOWN]]
        lines.append(
            f"The turns that differ (speaking begins at asks {load_asks().threshold:.3f} and"
            f" confidence {SURE_ENOUGH:g}):\n\n"
            + table(("turn", "interaction API", "offline"), rows)
        )
    return "\n\n".join(lines)


def _ways(result: Replayed) -> dict[str, Way]:
    return WAYS | ALONE if result.has_context else WAYS


def _counts(result: Replayed, way: Way) -> dict[Verdict, int]:
    return counted(verdict(one.said, *way(one)) for one in result.turns)


def _agreed(result: Replayed) -> int:
    return len(result.turns) - len(_differing(result.turns))


def _differing(turns: Sequence[Judged]) -> list[Judged]:
    return [one for one in turns if not _same(one.live, one.same)]


def _same(left: Shown, right: Shown) -> bool:
    """Whether the agent sees the same first answer, or none."""
    return left.answer == right.answer


def _told(shown: Shown) -> str:
    what = shown.answer or f"silent ({shown.nothing})"
    return f"{what}, asks {shown.asks:.3f}, confidence {shown.confidence:.3f}"


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.1f} % ({count})"


def _percentile(result: Replayed, share: int) -> float:
    return round(float(np.percentile(result.milliseconds, share)), 1)
