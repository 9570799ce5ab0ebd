"""The report on speed and size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval.bench.serve import Serving
from eval.bench.suggest import Latency, Spread
from eval.report.machine import this_machine
from eval.report.quality import table
from eval.report.targets import Target

SMALL, LARGE = 10_000, 100_000
REST_MS = {SMALL: 15.0, LARGE: 40.0}
WHOLE_MS = {SMALL: 50.0, LARGE: 90.0}
REBUILD_S = 10.0
READY_S = 5.0
MEMORY_MIB = 1024.0
COSINE = 0.99
FASTER = 4.0


@dataclass(frozen=True, slots=True)
class Measured:
    """All of one run. `encoder` is what `eval.bench.encoder.run` gives."""

    command: str
    load: float  # processes waiting for a core as the run began
    latencies: Sequence[Latency]
    serving: Serving | None
    encoder: Mapping[str, Any] | None


def write_bench(folder: Path, measured: Measured) -> Path:
    """Write bench.md into `folder`; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [_head(measured), _targets(measured), _latency(measured.latencies)]
    if measured.serving:
        parts.append(_serving(measured.serving))
    if measured.encoder:
        parts.append(_encoder(measured.encoder))
    path = folder / "bench.md"
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return path


def bench_targets(measured: Measured) -> list[Target]:
    """What should be reached, and whether it is."""
    found = []
    for one in measured.latencies:
        if one.passages in REST_MS:
            found += _latency_targets(one)
    if measured.serving:
        found += _serving_targets(measured.serving)
    if measured.encoder:
        found += _encoder_targets(measured.encoder)
    return found


def _latency_targets(one: Latency) -> list[Target]:
    rest, whole = REST_MS[one.passages], WHOLE_MS[one.passages]
    size = f"{one.passages:,} passages"
    found = [
        Target(
            f"{size}: everything but encoding under {rest:.0f} ms at p95",
            f"{one.rest.p95:.1f} ms",
            one.rest.p95 < rest,
        ),
        Target(
            f"{size}: whole suggestion under {whole:.0f} ms at p95",
            f"{one.whole.p95:.1f} ms",
            one.whole.p95 < whole,
        ),
    ]
    if one.passages == LARGE:
        asked = f"{size}: index rebuilt from stored vectors in under {REBUILD_S:.0f} s"
        found.append(Target(asked, f"{one.rebuild:.1f} s", one.rebuild < REBUILD_S))
    return found


def _serving_targets(one: Serving) -> list[Target]:
    size = f"serving {one.passages:,} passages"
    return [
        Target(
            f"{size}: ready in under {READY_S:.0f} s", f"{one.ready:.1f} s", one.ready < READY_S
        ),
        Target(
            f"{size}: under 1 GB of memory",
            f"{one.memory_served:.0f} MiB",
            one.memory_served < MEMORY_MIB,
        ),
        Target(f"{size}: no torch", "loaded" if one.torch else "not loaded", not one.torch),
    ]


def _encoder_targets(encoder: Mapping[str, Any]) -> list[Target]:
    worst = min(encoder["cosine"].items(), key=lambda item: item[1]["mean"])
    faster = encoder["query_ms"]["times_faster"]
    return [
        Target(
            f"int8 encoder: mean cosine to fp32 >= {COSINE} in every language",
            f"{worst[1]['mean']:.4f} in {worst[0]}, the lowest",
            worst[1]["mean"] >= COSINE,
        ),
        Target(
            f"int8 encoder: at least {FASTER:.0f} times as fast per query as torch",
            f"{faster:.1f} times",
            faster >= FASTER,
        ),
    ]


def _head(measured: Measured) -> str:
    return (
        "# Speed and size\n\n"
        "Measured in one process, requests one after the other, each suggestion recorded in the"
        " database as in service. The base is made up: words of the demo company's articles,"
        " vectors around centres (see [evaluation](../evaluation.md)).\n\n"
        f"- date: {datetime.now(UTC):%Y-%m-%d}\n- command: `{measured.command}`"
        f"\n- machine: {this_machine()}"
        f"\n- load when the run began: {measured.load:.1f} processes wanting a core"
    )


def _targets(measured: Measured) -> str:
    rows = [
        (t.asked, t.found, "reached" if t.reached else "**not reached**")
        for t in bench_targets(measured)
    ]
    return "## Targets\n\n" + table(("target", "found", ""), rows) if rows else ""


def _latency(latencies: Sequence[Latency]) -> str:
    if not latencies:
        return ""
    rows = [
        (
            f"{one.passages:,}",
            f"{one.requests} ({one.answered} answered)",
            *(
                _spread(part)
                for part in (one.whole, one.encoding, one.rest, one.rest_cpu, one.scan)
            ),
            f"{one.rest.p50 / one.scan.p50:.1f}",
        )
        for one in latencies
    ]
    head = (
        "passages",
        "requests",
        "whole, ms",
        "encoding, ms",
        "the rest, ms",
        "of it on a core, ms",
        "bare scan, ms",
        "rest / scan",
    )
    builds = [(f"{o.passages:,}", f"{o.rebuild:.2f}", f"{o.opening:.2f}") for o in latencies]
    return (
        "## A suggestion: p50 / p95\n\n"
        + table(head, rows)
        + "\n\n`of it on a core` is the processor time this process got for the rest: where it is"
        " far below the rest, the machine was busy with other things. `bare scan` is one product"
        " of a query with all vectors in the same run, so that the ratio can be compared between"
        " machines.\n\n"
        "## The index\n\n"
        + table(("passages", "rebuilt from stored vectors, s", "engine opened, s"), builds)
    )


def _serving(one: Serving) -> str:
    row = (
        f"{one.passages:,}",
        f"{one.ready:.2f}",
        f"{one.memory_idle:.0f}",
        f"{one.memory_served:.0f}",
        "loaded" if one.torch else "not loaded",
    )
    head = (
        "passages",
        "ready after, s",
        "memory when ready, MiB",
        f"after {one.requests} requests, MiB",
        "torch",
    )
    return "## The serving process\n\n" + table(head, [row])


def _encoder(encoder: Mapping[str, Any]) -> str:
    cosines = [(k, f"{v['mean']:.4f}", f"{v['p5']:.4f}") for k, v in encoder["cosine"].items()]
    speed = encoder["passages_per_second"]
    rows = [
        _times("one query, ms", encoder["query_ms"]),
        _times("one query right after the other model's, ms", encoder["alternating_ms"]),
        (
            f"passages of {speed['tokens']} tokens a second",
            f"{speed['onnx']:.1f}",
            f"{speed['torch']:.1f}",
            f"{speed['onnx'] / speed['torch']:.1f}",
        ),
    ]
    return (
        f"## The encoder {encoder['model_id']}: int8 ONNX against fp32 torch, one thread each\n\n"
        + table(("", "ONNX", "torch", "times faster"), rows)
        + "\n\nCosine between the vectors of the same text:\n\n"
        + table(("language", "mean", "p5"), cosines)
    )


def _times(what: str, ms: Mapping[str, float]) -> tuple[str, ...]:
    return what, f"{ms['onnx']:.2f}", f"{ms['torch']:.2f}", f"{ms['times_faster']:.1f}"


def _spread(one: Spread) -> str:
    return f"{one.p50:.1f} / {one.p95:.1f}"
