"""The report says what was measured, and whether the targets are reached."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.metrics import Figure
from eval.report.quality import Heading, write_quality
from eval.report.svg import Line, bars, curves, heat_map, reliability_diagram
from eval.report.targets import check_targets, contests
from eval.results import (
    SYSTEMS,
    CrossResult,
    KnownResult,
    Ranked,
    RetrievalResult,
    confidence_result,
    cross_json,
    known_json,
    part_of,
    rank_result,
    retrieval_json,
)

VERSIONS = {"model": "words"}


def ranked(engine: int, dense: int, of: int = 100) -> Ranked:
    """Systems that get so many of the questions right at rank 1, the rest at rank 3."""
    right = {"engine": engine, "lexical": 10, "dense": dense, "rrf": 20}
    return Ranked(
        [{"a": 1.0}] * of,
        {
            name: [["a"] if row < count else ["x", "y", "a"] for row in range(of)]
            for name, count in right.items()
        },
    )


def retrieval(engine: int, dense: int, **settings: str) -> RetrievalResult:
    data = ranked(engine, dense)
    said = np.linspace(1, 0, 100)
    confidence = confidence_result(said, np.arange(100) < engine)
    result = rank_result(data)
    return RetrievalResult(
        "shop & co",
        result,
        {
            "en": rank_result(part_of(data, range(40, 100))),
            "pl": rank_result(part_of(data, range(50, 90))),
        },
        confidence,
        {"en": confidence},
        {"split": "test", "pool": "article", **settings},
        VERSIONS,
        documents=3,
        passages=9,
        skipped=2,
    )


def known(area: float) -> KnownResult:
    figure = Figure(area, area - 0.01, area + 0.01)
    confidence = confidence_result(np.linspace(1, 0, 50), np.arange(50) < 30)
    return KnownResult(
        "chat",
        50,
        30,
        figure,
        Figure(0.5, 0.4, 0.6),
        Figure(0.8, 0.7, 0.9),
        figure,
        {"en": confidence},
        {"thankyou": figure},
        {"score": "asks", "split": "test"},
        VERSIONS,
    )


def cross(engine: float, dense: float) -> CrossResult:
    values = dict(zip(SYSTEMS, (engine, 0.1, dense, 0.3), strict=True))
    figures = {name: Figure(v, v, v) for name, v in values.items()}
    cells = {a: {c: Figure(0.5, 0.4, 0.6) for c in ("en", "pl")} for a in ("en", "pl")}
    result = rank_result(ranked(60, 50))
    lead = Figure(engine - dense, engine - dense, engine - dense)
    return CrossResult(
        "help",
        ("en", "pl"),
        100,
        dict.fromkeys(SYSTEMS, cells),
        figures,
        lead,
        result,
        result,
        {"en": result},
        {"split": "test"},
        VERSIONS,
    )


def test_json_of_a_retrieval_run_has_the_promised_form() -> None:
    found = retrieval_json(retrieval(80, 60))
    for system in SYSTEMS:
        figures = found[system]
        assert isinstance(figures, dict)
        assert set(figures) == {"R@1", "R@5", "MRR@5", "nDCG@10"}
    assert found["engine"] == {"R@1": 0.8, "R@5": 1.0, "MRR@5": 0.8667, "nDCG@10": 0.9}
    assert (found["n"], found["skipped"]) == (100, 2)
    assert json.loads(json.dumps(found)) == found


def test_json_of_the_others_has_the_promised_form() -> None:
    silence = known_json(known(0.93))
    assert silence["AUROC"] == 0.93
    assert silence["coverage@95"] == 0.5
    assert set(silence["ECE"]) == {"en"}  # type: ignore[call-overload]
    across = cross_json(cross(0.6, 0.4))
    assert across["matrix"] == {"en": {"en": 0.5, "pl": 0.5}, "pl": {"en": 0.5, "pl": 0.5}}
    mixed = across["mixed"]
    assert isinstance(mixed, dict)
    assert mixed["engine"]["R@1"] == 0.6
    assert across["lead_over_dense"] == {"R@1": 0.2, "interval": [0.2, 0.2]}


def test_leads_are_paired_with_the_best_of_the_others() -> None:
    result = rank_result(ranked(80, 60))
    assert result.best["R@1"] == "dense"
    assert result.lead["R@1"].value == pytest.approx(0.2)
    assert result.lead["R@1"].low > 0.1


def test_targets_are_computed() -> None:
    ahead = {t.asked[:12]: t.reached for t in check_targets([retrieval(80, 60)])}
    assert ahead == {"R@1 at least": True, "better by 3 ": True}
    behind = check_targets([retrieval(30, 60)])
    assert [t.reached for t in behind] == [False, False]
    assert "on 0 of 2; behind on shop & co en" in behind[0].found
    level = check_targets([retrieval(60, 60)])
    assert [t.reached for t in level] == [True, False]
    entity = check_targets([retrieval(80, 60, mode="entity")])
    assert (entity[-1].found, entity[-1].reached) == ("0.800", False)
    assert [check_targets([known(v)])[0].reached for v in (0.89, 0.9)] == [False, True]
    assert [check_targets([cross(v, 0.5)])[0].reached for v in (0.59, 0.6)] == [False, True]


def test_sets_without_languages_count_as_one() -> None:
    alone = replace(retrieval(80, 60), languages={})
    assert [(one.language, one.result.n) for one in contests([alone])] == [("all", 100)]


def test_the_report_has_all_figures_and_its_plots(tmp_path: Path) -> None:
    results = [retrieval(80, 60), known(0.93), cross(0.6, 0.45)]
    heading = Heading("potica eval all data", "test", ["pictures"])
    page = write_quality(tmp_path, results, heading)
    text = page.read_text(encoding="utf-8")
    for words in (
        "**test half**",
        "`potica eval all data`",
        "cores of",
        "model words",
        "pictures",
        "| shop & co | en | 60 | .667 [",
        "0 points above raw dense",
        "| .930 [.920, .940] |",
        "across languages: R@1, mean of the 2 pairs",
    ):
        assert words in text
    plots = re.findall(r"\]\(([^)]+\.svg)\)", text)
    assert len(plots) == len(set(plots)) == 6
    for plot in plots:
        root = ET.fromstring((tmp_path / plot).read_text(encoding="utf-8"))
        assert root.tag.endswith("svg")
    figures = json.loads((tmp_path / "quality.json").read_text(encoding="utf-8"))
    assert figures[0]["engine"]["R@1"] == 0.8


def test_charts_are_valid_and_hold_their_values() -> None:
    figure = Figure(0.5, 0.4, 0.6)
    charts = [
        bars("a < b", {"one & two": {"engine": figure, "dense": figure}}),
        curves("c", [Line("en", [(0.0, 1.0), (1.0, 0.5)]), Line("pl", [])], "x", "y", low=0.5),
        heat_map("h", {"en": {"en": 0.917, "pl": 0.2}}, "rows", "columns"),
        reliability_diagram("r", [Line("en", [(0.1, 0.0), (0.9, 1.0)])]),
    ]
    for chart in charts:
        ET.fromstring(chart)
    assert "0.917" in charts[2]
    assert "a &lt; b" in charts[0]
