"""Check digits of numbers that python-stdnum does not know."""

from __future__ import annotations

from datetime import date

_TAX_FROM = 26_000  # days after 1867-01-01: born in 1938
_TAX_TO = 62_000  # born in 2036


def is_szemelyi(digits: str) -> bool:
    """Hungarian personal number: sex and century, birth date, serial, check; 11 digits.

    Source: Act XX of 1996, annex: digits times 1 to 10 for those born before 1997, times 10 to 1
    for those born since, modulo 11.
    """
    century = {"1": 1900, "2": 1900, "3": 2000, "4": 2000}.get(digits[0])
    if len(digits) != 11 or century is None:
        return False
    year, month, day = century + int(digits[1:3]), int(digits[3:5]), int(digits[5:7])
    if not _is_date(year, month, day):
        return False
    weights = range(1, 11) if year < 1997 else range(10, 0, -1)
    return _weighted(digits[:10], weights) % 11 == int(digits[10])


def is_taj(digits: str) -> bool:
    """Hungarian social security number: 9 digits, weights 3 and 7 in turn, modulo 10.

    Source: Act XX of 1996, annex.
    """
    if len(digits) != 9 or len(set(digits)) == 1:
        return False
    return _weighted(digits[:8], (3, 7, 3, 7, 3, 7, 3, 7)) % 10 == int(digits[8])


def is_adoazonosito(digits: str) -> bool:
    """Hungarian personal tax id: 8, days since 1867-01-01, serial, check; 10 digits.

    Source: Act XX of 1996, annex: digits times 1 to 9, modulo 11.
    """
    if len(digits) != 10 or digits[0] != "8" or not _TAX_FROM < int(digits[1:6]) < _TAX_TO:
        return False
    return _weighted(digits[:9], range(1, 10)) % 11 == int(digits[9])


def _weighted(digits: str, weights: range | tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
