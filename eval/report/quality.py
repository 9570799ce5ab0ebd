"""The report on the quality of answers: Markdown, and an SVG for each plot."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from eval.metrics import Figure
from eval.report.machine import this_machine
from eval.report.svg import Line, bars, curves, heat_map, reliability_diagram
from eval.report.targets import Result, check_targets, contests, set_name
from eval.results import (
    METRICS,
    SYSTEMS,
    ConfidenceResult,
    CrossResult,
    KnownResult,
    RetrievalResult,
    cross_json,
    known_json,
    retrieval_json,
)

HALF = {
    "test": "The figures are those of the **test half** of each set; weights and thresholds were"
    " chosen on the other half.",
    "dev": "The figures are those of the **development half** of each set: for tuning, not for"
    " reporting.",
    "all": "The figures are those of **all questions** of each set, the half used for tuning"
    " included.",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """How the figures were come by."""

    command: str
    split: str
    left_out: Sequence[str] = ()  # folders in none of the forms


def write_quality(folder: Path, results: Sequence[Result], heading: Heading) -> Path:
    """Write quality.md, quality.json and the plots into `folder`; gives the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [_head(results, heading), _targets(results)]
    parts += _ranking_parts(folder, results)
    for result in results:
        if isinstance(result, CrossResult):
            parts.append(_cross(folder, result))
    known = [result for result in results if isinstance(result, KnownResult)]
    parts += _known_parts(folder, known)
    parts += _confidence_parts(folder, results)
    path = folder / "quality.md"
    path.write_text("\n\n".join(part.strip() for part in parts if part) + "\n", encoding="utf-8")
    figures = [to_json(result) for result in results]
    text = json.dumps(figures, ensure_ascii=False, indent=1)
    (folder / "quality.json").write_text(text + "\n", encoding="utf-8")
    return path


def to_json(result: Result) -> dict[str, object]:
    """The JSON form of any result."""
    if isinstance(result, RetrievalResult):
        return retrieval_json(result)
    return known_json(result) if isinstance(result, KnownResult) else cross_json(result)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns after the first are aligned right."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    lines = [head, marks, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(figure: Figure) -> str:
    """`.812 [.790, .834]`"""
    return f"{_short(figure.value)} [{_short(figure.low)}, {_short(figure.high)}]"


def points(figure: Figure) -> str:
    """`+3.1 [+1.0, +5.2]`, in points of a hundred."""
    return f"{100 * figure.value:+.1f} [{100 * figure.low:+.1f}, {100 * figure.high:+.1f}]"


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0") if 0 <= value < 1 else f"{value:.3f}"


def _head(results: Sequence[Result], heading: Heading) -> str:
    versions = ", ".join(f"{k} {v}" for k, v in results[0].versions.items()) if results else ""
    minutes = sum(result.seconds for result in results) / 60
    left_out = (
        f"\n\nFolders in none of the evaluation forms: {', '.join(heading.left_out)}."
        if heading.left_out
        else ""
    )
    return (
        "# Quality of answers\n\n"
        f"{HALF[heading.split]} In square brackets: 95 % bootstrap intervals over questions"
        " (1,000 resamples, fixed seed). What the figures mean: [evaluation](../evaluation.md)."
        f"\n\n- date: {datetime.now(UTC):%Y-%m-%d}\n- command: `{heading.command}`"
        f"\n- machine: {this_machine()}\n- versions: {versions}"
        f"\n- time taken: {minutes:.0f} minutes{left_out}"
    )


def _targets(results: Sequence[Result]) -> str:
    rows = [
        (target.asked, target.found, "reached" if target.reached else "**not reached**")
        for target in check_targets(results)
    ]
    return "## Targets\n\n" + table(("target", "found", ""), rows) if rows else ""


def _ranking_parts(folder: Path, results: Sequence[Result]) -> list[str]:
    found = contests(results)
    if not found:
        return []
    rows = [
        (
            one.name,
            one.language,
            str(one.result.n),
            *(shown(one.result.systems[system]["R@1"]) for system in SYSTEMS),
            f"{points(one.result.lead['R@1'])} over {one.result.best['R@1']}",
        )
        for one in found
    ]
    head = ("set", "language", "questions", *SYSTEMS, "lead in points")
    groups = {
        f"{one.name} {one.language}": {s: one.result.systems[s]["R@1"] for s in SYSTEMS}
        for one in found
    }
    plots = [
        _plot(folder, f"quality-r1-{number + 1}.svg", bars("R@1 with 95 % intervals", part))
        for number, part in enumerate(_in_parts(groups, 4))
    ]
    text = "## Answers to questions: R@1\n\n" + table(head, rows)
    parts = [text, "\n".join(plots), "## All figures, by set"]
    parts += [_all_figures(r) for r in results if isinstance(r, RetrievalResult)]
    return parts


def _in_parts(
    groups: dict[str, dict[str, Figure]], size: int
) -> Iterable[dict[str, dict[str, Figure]]]:
    names = list(groups)
    for start in range(0, len(names), size):
        yield {name: groups[name] for name in names[start : start + size]}


def _all_figures(result: RetrievalResult) -> str:
    metrics = [*METRICS, *(m for m in result.total.lead if m not in METRICS)]
    rows = [
        (system, *(shown(result.total.systems[system][metric]) for metric in metrics))
        for system in SYSTEMS
    ]
    rows.append(("lead", *(points(result.total.lead[metric]) for metric in metrics)))
    skipped = f", {result.skipped} questions without an answer skipped" if result.skipped else ""
    return (
        f"### {set_name(result)}\n\n{result.total.n} questions, {result.documents} documents in"
        f" {result.passages} passages, pool: {result.settings['pool']}{skipped}.\n\n"
        + table(("system", *metrics), rows)
    )


def _cross(folder: Path, result: CrossResult) -> str:
    parts = [f"## {result.name} across languages"]
    rows = [
        (system, shown(result.across[system]), shown(result.mixed.systems[system]["R@1"]))
        for system in SYSTEMS
    ]
    parts.append(
        f"{result.n} questions in each of {len(result.languages)} languages. `pairs` is the mean"
        " R@1 over all pairs of two different languages, each corpus an index of its own;"
        " `mixed` has all languages in one index, where an article is right in whichever"
        f" language it is found. The engine is {points(result.lead)} points above raw dense"
        " across languages."
    )
    parts.append(table(("system", "pairs", "mixed"), rows))
    for system in ("engine", "dense"):
        matrix = {
            asked: {corpus: figure.value for corpus, figure in row.items()}
            for asked, row in result.matrix[system].items()
        }
        title = f"{result.name}, {system}: R@1 by language"
        name = f"quality-{result.name}-{system}.svg"
        chart = heat_map(title, matrix, "question", "corpus")
        cells = [
            (asked, *(shown(row[corpus]) for corpus in row))
            for asked, row in result.matrix[system].items()
        ]
        parts.append(f"### R@1 of {system}: question language down, corpus language across")
        parts.append(_plot(folder, name, chart))
        parts.append(table(("", *result.languages), cells))
    return "\n\n".join(parts)


def _known_parts(folder: Path, results: Sequence[KnownResult]) -> list[str]:
    if not results:
        return []
    rows = [
        (
            set_name(result),
            result.settings["score"],
            str(result.n),
            str(result.positive),
            shown(result.area),
            shown(result.asks_area) if result.asks_area else "",
            shown(result.coverage),
            shown(result.answered),
        )
        for result in results
    ]
    head = (
        "set",
        "score",
        "turns",
        "known",
        "AUROC",
        "AUROC of asks alone",
        "coverage@95",
        "of the known",
    )
    parts = ["## Saying that nothing is known", table(head, rows)]
    kinds = [
        (set_name(result), kind, shown(figure))
        for result in results
        for kind, figure in result.groups.items()
    ]
    if kinds:
        parts.append("AUROC of what is known against each kind of what is not:")
        parts.append(table(("set", "kind", "AUROC"), kinds))
    lines = [
        Line(f"{set_name(result)} {tag}", one.curve)
        for result in results
        for tag, one in _largest(result.confidences)
    ]
    chart = curves("Precision when answering the surest", lines[:5], "coverage", "precision")
    parts.append(_plot(folder, "quality-known-coverage.svg", chart))
    parts.append(_curve_table(lines[:5]))
    return parts


def _largest(parts: Mapping[str, ConfidenceResult]) -> list[tuple[str, ConfidenceResult]]:
    return sorted(parts.items(), key=lambda item: -item[1].n)[:1]


def _curve_table(lines: Sequence[Line]) -> str:
    shares = (0.1, 0.25, 0.5, 0.75, 1.0)
    rows = [
        (line.name, *(_short(_at(line.points, share)) for share in shares))
        for line in lines
        if line.points
    ]
    return table(("precision at a coverage of", *(f"{share:.2f}" for share in shares)), rows)


def _at(curve: Sequence[tuple[float, float]], share: float) -> float:
    return min(curve, key=lambda point: abs(point[0] - share))[1]


def _confidence_parts(folder: Path, results: Sequence[Result]) -> list[str]:
    parts, rows = [], []
    for result in results:
        if isinstance(result, CrossResult) or not result.confidences:
            continue
        lines = []
        for tag, one in result.confidences.items():
            rows.append((set_name(result), tag, str(one.n), shown(one.error), shown(one.coverage)))
            lines.append(Line(tag, [(bar.confidence, bar.correct) for bar in one.bars]))
        chart = reliability_diagram(f"{set_name(result)}: reliability by language", lines)
        parts.append(_plot(folder, f"quality-reliability-{set_name(result)}.svg", chart))
        parts.append(_bars_table(result.confidences))
    if not rows:
        return []
    text = "Calibration error (ECE, ten bins) and coverage at 95 % precision, by language."
    head = ("set", "language", "questions", "ECE", "coverage@95")
    return ["## Confidence", text, table(head, rows), *parts]


def _bars_table(parts: Mapping[str, ConfidenceResult]) -> str:
    rows = [
        (
            tag,
            f"{bar.low:.1f} to {bar.high:.1f}",
            str(bar.count),
            _short(bar.confidence),
            _short(bar.correct),
        )
        for tag, one in parts.items()
        for bar in one.bars
    ]
    text = table(("language", "confidence", "questions", "said", "right"), rows)
    return f"<details><summary>The same as a table</summary>\n\n{text}\n\n</details>"


def _plot(folder: Path, name: str, chart: str) -> str:
    safe = "".join(c if c.isalnum() or c in "._-" else "-" for c in name)
    (folder / safe).write_text(chart, encoding="utf-8")
    title = chart.partition("<title>")[2].partition("</title>")[0]
    return f"![{title}]({safe})"
