"""Postal addresses: a street with a house number, a postcode with a town."""

from __future__ import annotations

from collections.abc import Iterator

from kb.text.personal.houses import BESIDE
from kb.text.personal.kinds import PersonalKind, PersonalSpan
from kb.text.personal.postcodes import Postcodes
from kb.text.personal.rules import Rules
from kb.text.personal.streets import Streets
from kb.text.personal.tokens import Tokens


def find_addresses(tokens: Tokens, rules: Rules) -> Iterator[PersonalSpan]:
    """Addresses; parts that follow one another (street, postcode and town) are one span."""
    streets = list(Streets(tokens, rules).find())
    found = sorted([*streets, *Postcodes(tokens, rules).find(streets)])
    start, end = -1, -1
    for first, last in found:
        between = tokens.lower[end:first] if 0 <= end <= first else ""
        if start >= 0 and (first <= end or (len(between) < 4 and not between.strip(BESIDE))):
            end = max(end, last)
            continue
        if start >= 0:
            yield PersonalSpan(start, end, PersonalKind.address)
        start, end = first, last
    if start >= 0:
        yield PersonalSpan(start, end, PersonalKind.address)
