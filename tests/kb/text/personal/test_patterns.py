"""Patterns that an installation sets: what is allowed, and what is said when it is not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import ConfigError
from kb.text.redact import CustomPattern, PersonalKind, custom_patterns, find_personal


def found(text: str, *patterns: str) -> list[str]:
    own = custom_patterns({"order": patterns})
    spans = find_personal(text, "en", patterns=own)
    return [text[s.start : s.end] for s in spans if s.kind is PersonalKind.order]


def test_a_setting_becomes_patterns() -> None:
    values = {"parcel": [r"ZX\d{6}"], "order": [r"[A-C]-\d{4,5}", r"(?:WEB|SHOP)\d{7}"]}
    assert custom_patterns(values) == (
        CustomPattern(PersonalKind.parcel, r"ZX\d{6}"),
        CustomPattern(PersonalKind.order, r"[A-C]-\d{4,5}"),
        CustomPattern(PersonalKind.order, r"(?:WEB|SHOP)\d{7}"),
    )
    assert custom_patterns({}) == ()


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (
            r"ZX\d{6}",
            "zx123456, ZX 123456, ZX12 34-56, AZX123456, ZX1234567",
            ["zx123456", "ZX12 34-56"],
        ),
        (r"ZX ?\d{6}", "ZX 123456", ["ZX 123456"]),
        (r"[A-C]-\d{4,5}", "b-1234 D-1234 A-12345", ["b-1234", "A-12345"]),
        (r"(?:WEB|SHOP)\d{3}", "web123 SHOP456 BEB123", ["web123", "SHOP456"]),
        (r"(?:X\.)?\d{3}/\d{2}", "x.123/45 y 678/90", ["x.123/45", "678/90"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, text: str, expected: list[str]) -> None:
    assert found(text, pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "(a+)+$",
        r"\d+",
        r"\d*",
        r"\d{3,}",
        "a.c.e",
        r"\w{5}",
        r"(\d{2}){3}",
        "((AB|CD)E)F",
        r"(AB)\1",
        "(?=A)BCDE",
        "[^A]BCDE",
        "ABC(",
        "ABC)D",
        r"\d{0}",
        r"\d{3}",
        r"\d{65}",
        r"AB\d{9,2}",
        r"A?B?C?D?E?F?G?H?I?\d{4}",
        "[Z-A]BCD",
        "x" * 401,
    ],
)
def test_a_pattern_that_could_run_away_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match=r"pattern|Pattern"):
        custom_patterns({"order": [pattern]})


def test_what_is_no_setting_of_patterns_is_refused() -> None:
    with pytest.raises(ConfigError, match="no kind of personal data"):
        custom_patterns({"shoe_size": [r"\d{4}"]})
    with pytest.raises(ConfigError, match="must be a list"):
        custom_patterns({"order": r"PK\d{6}"})
    with pytest.raises(ConfigError, match="must be texts"):
        custom_patterns({"order": [5]})  # type: ignore[list-item]
    with pytest.raises(ConfigError, match="At most"):
        custom_patterns({"order": [r"PK\d{6}"] * 51})


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=r"AB12\d{},?()|[]-:.+*^ ", max_size=30), st.text(max_size=50))
def test_a_pattern_is_refused_or_works(pattern: str, text: str) -> None:
    try:
        own = CustomPattern(PersonalKind.order, pattern)
    except ConfigError:
        return
    find_personal(text, "en", patterns=[own])
    assert (
        re.search(r"[+*^]", pattern.replace(r"\+", "").replace(r"\*", "")) is None
        or "\\" in pattern
    )
