"""Confidence from a hit's figures, with the packaged weights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.search.calibrate import Figures, packaged_calibration

GOOD = Figures(score=1.3, body=0.6, title=0.6, words=1.0, margin=0.05)
NONSENSE = Figures(score=0.3, body=0.22, title=0.22, words=0.0, margin=0.3)


@pytest.mark.parametrize("language", ["en", "pl", "cs", "sl", "hu"])
def test_an_article_ahead_of_the_others_is_surer(language: str) -> None:
    calibration = packaged_calibration("article")
    behind, ahead = (
        calibration.confidence(replace(GOOD, margin=margin), language, language)
        for margin in (-0.05, 0.05)
    )
    assert behind + 0.1 < ahead < 1


@pytest.mark.parametrize("pool", ["article", "case"])
def test_figures_beyond_what_tells_more_change_nothing(pool: str) -> None:
    calibration = packaged_calibration(pool)
    most, beyond = (
        calibration.confidence(replace(GOOD, title=title, words=words, margin=margin), "en", "en")
        for title, words, margin in ((0.7, 1.5, 0.05), (1.0, 2.2, 3.0))
    )
    assert most == beyond


def test_the_only_article_there_is_does_not_answer_everything() -> None:
    """In a small base the first one leads by far, whatever is asked."""
    assert packaged_calibration("article").confidence(NONSENSE, "en", "en") < 0.25
