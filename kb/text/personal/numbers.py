"""National and tax numbers that their check digits give away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from stdnum.cz import rc
from stdnum.exceptions import ValidationError
from stdnum.gb import nhs
from stdnum.hu import anum
from stdnum.pl import nip, pesel
from stdnum.si import emso

from kb.text.personal.checks import is_adoazonosito, is_szemelyi, is_taj
from kb.text.personal.kinds import PersonalKind, PersonalSpan

_RUN = re.compile(r"\d(?:[ /\-]{0,3}\d){5,40}")
_GROUP = re.compile(r"\d+")
_PREFIX = re.compile(r"(?<!\w)[a-z]{2} ?\Z")
_SHUT = r"(?![\w\-/])(?![.,]\d)"


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(f"(?:{pattern}){_SHUT}")


def _only(check: Callable[[str], bool]) -> Callable[[str], bool]:
    """The same check, on the digits alone."""
    return lambda number: check("".join(char for char in number if char.isdigit()))


def _any(number: str) -> bool:
    """The shape is enough."""
    return bool(number)


def _has_birth_date(number: str) -> bool:
    """Whether a Czech number begins with a date."""
    try:
        rc.get_birth_date(number)
    except ValidationError:
        return False
    return True


_Rule = tuple[PersonalKind, re.Pattern[str], Callable[[str], bool]]
_ID, _TAX = PersonalKind.national_id, PersonalKind.tax_id
# Long, or with a birth date inside: hardly anything else passes.
_STRONG: tuple[_Rule, ...] = (
    (_ID, _shape(r"\d{13}|\d{7} \d{6}|\d{7} \d{2} \d{4}"), _only(emso.is_valid)),
    (_ID, _shape(r"\d{11}|\d{6} \d{5}"), _only(pesel.is_valid)),
    (_ID, _shape(r"[1-4][ \-]?\d{6}[ \-]?\d{4}"), _only(is_szemelyi)),
    (_ID, _shape(r"\d{6} ?/ ?\d{3,4}|\d{10}"), _only(rc.is_valid)),
    # With its stroke and a date inside, also with a mistyped check digit.
    (_ID, _shape(r"\d{6} ?/ ?\d{3,4}"), _only(_has_birth_date)),
    (_TAX, _shape(r"8\d{9}"), _only(is_adoazonosito)),
    (_TAX, _shape(r"\d{8}-[1-5]-\d{2}"), lambda number: anum.is_valid(number[:8])),
    (_TAX, _shape(r"\d{3}-\d{3}-\d{2}-\d{2}|\d{3}-\d{2}-\d{2}-\d{3}"), nip.is_valid),
)
_PREFIXED: tuple[_Rule, ...] = (
    # HM Revenue & Customs, manual NIM39110: the letters that a prefix may and may not have.
    (
        _ID,
        _shape(r"(?!bg|gb|nk|kn|tn|nt|zz)[a-ceghj-prtw-z][a-ceghj-nprtw-z](?: ?\d{2}){3} ?[a-d]"),
        _any,
    ),
    # The prefix of a value added tax number is as good as a word beside it.
    (_TAX, _shape(r"(?:cz ?\d{8,10}|si ?\d{8}|hu ?\d{8}|pl ?\d{10}|gb ?\d{9})"), _any),
)
# Only a check digit: taken where the country's own language is written.
_WEAK: dict[str, tuple[_Rule, ...]] = {
    "pl": ((_TAX, _shape(r"\d{10}|\d{3} \d{3} \d{2} \d{2}"), nip.is_valid),),
    "hu": (
        (_ID, _shape(r"\d{3}[ \-]\d{3}[ \-]\d{3}|\d{9}"), _only(is_taj)),
        (_TAX, _shape(r"\d{11}"), lambda number: anum.is_valid(number[:8])),
    ),
    "en": ((_ID, _shape(r"\d{3}[ \-]\d{3}[ \-]\d{4}|\d{10}"), _only(nhs.is_valid)),),
}


def find_numbers(lower: str, language: str) -> Iterator[PersonalSpan]:
    """Numbers with right check digits; `language` is a base language."""
    rules = (*_STRONG, *_WEAK.get(language, ()))
    for run in _RUN.finditer(lower):
        prefix = _PREFIX.search(lower, max(0, run.start() - 4), run.start())
        if prefix is not None and (span := _first(_PREFIXED, lower, prefix.start())):
            yield span
            continue
        if lower[run.start() - 1 : run.start()].isalnum():
            continue
        for group in _GROUP.finditer(lower, run.start(), run.end()):
            if (span := _first(rules, lower, group.start())) is not None:
                yield span


def _first(rules: tuple[_Rule, ...], lower: str, place: int) -> PersonalSpan | None:
    for kind, pattern, is_valid in rules:
        match = pattern.match(lower, place)
        if match is not None and is_valid(match[0]):
            return PersonalSpan(match.start(), match.end(), kind)
    return None
