"""Telephone numbers: of Slovenia, Poland, Czechia, Hungary and Britain, and international ones.

The shapes are those of the national numbering plans (ITU-T E.164, national destination codes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.text.personal.dates import FULL_DATE
from kb.text.personal.kinds import PersonalKind, PersonalSpan
from kb.text.personal.rules import get_labels
from kb.text.personal.runs import Run, opened, run_of, scan

_PHONE = re.compile(r"\d(?:[ .\-/()…]{0,4}\d){6,19}")
_NOT_BEFORE = re.compile(r"[\w\0]\Z|\w-\Z|\d[.,:/]\Z")
# Country code -> digits of a national number; other countries 7 to 12.
_COUNTRIES = {
    "386": (8, 8), "48": (9, 9), "420": (9, 9), "36": (8, 9), "44": (9, 10), "421": (9, 9),
    "385": (8, 9), "43": (7, 12), "49": (7, 12), "39": (8, 11), "33": (9, 9), "34": (9, 9),
    "40": (9, 9), "380": (9, 9), "381": (8, 9), "387": (8, 8), "353": (7, 9), "31": (9, 9),
    "32": (8, 9), "41": (9, 9), "370": (8, 8), "359": (8, 9), "1": (10, 10),
}  # fmt: skip
_OTHERS = (7, 12)
# Without + or 00 a country code counts only before a mobile number of that country.
_WITHOUT_PLUS = re.compile(
    r"386[3-7]\d{7}|48[4-8]\d{8}|420[67]\d{8}|36[237]0\d{7}|447\d{9}|44[12]\d{8,9}"
)
_WITH_ZERO = re.compile(
    r"0[1-7]\d{7}"  # SI
    r"|06(?:1\d{7}|[2-9]\d{7,8})"  # HU
    r"|0[12378]\d{8,9}"  # GB
)
_NINE = {(3, 3, 3), (2, 3, 2, 2), (3, 2, 2, 2), (3, 6), (2, 7), (3, 2, 4), (1, 2, 3, 3), (2, 3, 4)}
_NINE_MOBILE = re.compile(r"(?:45|5[0137]|60|6[69]|7[0-9]|88)\d{7}")
_HU_MOBILE = re.compile(r"(?:20|30|31|50|70)\d{7}")
_HU_SHAPES = {(2, 7), (2, 3, 4), (2, 3, 2, 2)}


def find_phones(lower: str) -> Iterator[PersonalSpan]:
    """Numbers that look like a telephone number by themselves; dates and amounts do not."""
    units = get_labels().units

    def accept(match: re.Match[str]) -> int:
        start = opened(lower, match.start())
        if start == match.start() and lower[start] != "0" and not lower[start + 1].isdigit():
            return 0  # no number begins with one digit alone, and many texts hold such
        run = run_of(match, 7)
        if run is None or _NOT_BEFORE.search(lower, max(0, start - 2), start):
            return 0
        end = phone_end(run)
        return 0 if end and units.match(lower, end) else end

    for start, end in scan(_PHONE, lower, accept):
        yield PersonalSpan(opened(lower, start), end, PersonalKind.phone)


def phone_end(run: Run) -> int:
    """Where the telephone number ends that begins with the first group; 0 when none does."""
    lead = run.text[run.start : run.starts[0]]
    found, digits = 0, ""
    for count, group in enumerate(run.groups, 1):
        digits += group
        if len(digits) > 17 or _is_date(run, count - 1):
            break
        if len(digits) > 7 and _is_phone(digits, run, count, "+" in lead):
            found = count
    return run.ends[found - 1] if found else 0


def _is_date(run: Run, place: int) -> bool:
    """Whether a date begins with this group."""
    if run.text[run.ends[place] : run.ends[place] + 1] not in ("/", ".", "-"):
        return False
    return FULL_DATE.match(run.text, run.starts[place]) is not None


def _is_phone(digits: str, run: Run, count: int, plus: bool) -> bool:
    sizes = tuple(map(len, run.groups[:count]))
    if plus:
        return _is_international(digits)
    if digits.startswith("00") and _is_international(digits[2:], known=sizes[0] < 4):
        return True
    if _WITHOUT_PLUS.fullmatch(digits) or _WITH_ZERO.fullmatch(digits):
        return True
    if len(digits) != 9 or digits[0] in "01":
        return False
    if sizes == (9,):
        return _NINE_MOBILE.fullmatch(digits) is not None
    if sizes in _HU_SHAPES and _HU_MOBILE.fullmatch(digits):
        return True
    return sizes in _NINE and sizes[:2] != (1, 2)


def _is_international(digits: str, known: bool = False) -> bool:
    for length in (3, 2, 1):
        if (limits := _COUNTRIES.get(digits[:length])) is not None:
            national = digits[length:]
            return limits[0] <= len(national.removeprefix("0")) <= limits[1]
    return not known and _OTHERS[0] <= len(digits) - 2 <= _OTHERS[1]
