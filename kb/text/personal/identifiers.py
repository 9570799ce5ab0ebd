"""E-mail addresses, accounts, cards, and numbers that a word beside them explains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from stdnum import iban, luhn
from stdnum.cz import bankaccount

from kb.text.personal.dates import FULL_DATE
from kb.text.personal.kinds import PersonalKind, PersonalSpan
from kb.text.personal.labels import Label
from kb.text.personal.phones import phone_end
from kb.text.personal.rules import get_labels
from kb.text.personal.runs import run_of, scan

_AT = re.compile(r" ?@ ?")
_SIGN = "(?:at|malpa|zavinac|afna|kukac)"
_WORDED_AT = re.compile(rf"(?: ?@| ?[\[(] ?{_SIGN} ?[\])]| {_SIGN}(?= )) ?")
_AT_WORDS = ("(at", "[at", " at ", "malpa", "zavinac", "afna", "kukac")
_LOCAL_BACKWARDS = re.compile(r"[\w.+%'\-]{1,64}")
_DOMAIN = re.compile(r"[^\W_][\w\-]{0,62}(?:\.[^\W_][\w\-]{0,62}){0,4}")
_DOTTED = re.compile(r"[^\W_][\w\-]{0,62}(?: ?(?:,|dot|kropka|tecka|pika|pont) ?[a-z]{2,10}){1,3}")
_TOP = re.compile(r"(?:com|net|org|eu|si|pl|cz|hu|uk|co\.uk|de|at|sk|hr|info|example)(?![\w])")
# Addresses that are nobody's: what to do with them is knowledge.
_NOBODY = frozenset(
    ["noreply", "no-reply", "donotreply", "phishing", "abuse", "postmaster", "privacy", "gdpr"]
)

# ISO 13616, IBAN registry: characters of a whole number.
_IBAN_LENGTHS = {
    "ad": 24, "at": 20, "ba": 20, "be": 16, "bg": 22, "ch": 21, "cy": 28, "cz": 24, "de": 22,
    "dk": 18, "ee": 20, "es": 24, "fi": 18, "fr": 27, "gb": 22, "gr": 27, "hr": 21, "hu": 28,
    "ie": 22, "is": 26, "it": 27, "li": 21, "lt": 20, "lu": 20, "lv": 21, "mc": 27, "md": 24,
    "me": 22, "mk": 19, "mt": 31, "nl": 18, "no": 15, "pl": 28, "pt": 25, "ro": 24, "rs": 22,
    "se": 24, "si": 19, "sk": 24, "sm": 27, "tr": 26, "ua": 29, "xk": 20,
}  # fmt: skip
_IBAN = re.compile(r"[a-z]{2} ?\d{2}(?:[ \-]{0,2}[a-z0-9]){11,30}")
_SORT_CODE = re.compile(r"\d\d-\d\d-\d\d[ ,]{1,2}\d{8}(?!\w)")
_GIRO = re.compile(r"\d{8}-\d{8}(?:-\d{8})?(?![\w\-])")
_NRB = re.compile(r"\d{2}(?: ?\d{4}){6}(?!\w)")
_CZ_ACCOUNT = re.compile(r"(?:\d{2,6}-)?\d{6,10}/\d{4}(?![\w/])")
_BANK = re.compile(r"/\d{4}")
_CARD = re.compile(r"[2-6]\d{3}(?:[ .\-]{0,2}\d){9,15}")

_VALUES = {
    "phone": r"[+(]{{0,2}}\d(?:(?:[ .\-/()…]{{0,5}}|,? ?(?:{links}) )\d){{5,17}}",
    "card": r"\d(?:[ .\-]{{0,2}}\d){{11,18}}",
    "iban": r"[a-z]{{2}} ?\d{{2}}(?:[ \-]?[a-z0-9]){{10,30}}(?!\w)|\d(?:[ \-/]{{0,2}}\d){{7,25}}",
    "parcel": r"(?:[a-z]{{1,4}}[ \-]?)?\d(?:[ \-]?\d){{7,25}}(?: ?[a-z]{{2}}(?!\w))?",
    "order": r"(?:[a-z]{{1,4}}[ \-]?)?\d{{5,20}}",
    "national_id": r"(?:[a-z]{{2,3}} ?)?\d(?:[ /.\-]{{0,2}}\d){{5,13}}(?: ?[a-d](?!\w))?",
    "tax_id": r"(?:[a-z]{{2}} ?)?\d(?:[ .\-/]{{0,2}}\d){{6,11}}",
}
_ENOUGH = {"card": 15, "iban": 26, "parcel": 26, "order": 20, "national_id": 9, "tax_id": 8}


def find_emails(lower: str) -> Iterator[PersonalSpan]:
    """Addresses, also with "(at)" or its words, with spaces around, or with a comma for a dot."""
    before = 0
    worded = any(word in lower for word in _AT_WORDS)
    if not worded and "@" not in lower:
        return
    for sign in (_WORDED_AT if worded else _AT).finditer(lower):
        backwards = lower[max(before, sign.start() - 64) : sign.start()][::-1]
        local = _LOCAL_BACKWARDS.match(backwards)
        if local is None or not any(char.isalnum() for char in local[0]):
            continue
        end = _domain_end(lower, sign)
        name = local[0][::-1].lstrip(".'%-")
        if end and name not in _NOBODY:
            before = end
            yield PersonalSpan(sign.start() - len(name), end, PersonalKind.email)


def _domain_end(lower: str, sign: re.Match[str]) -> int:
    dotted = _DOTTED.match(lower, sign.end())
    domain = _DOMAIN.match(lower, sign.end())
    if domain is None:
        return 0
    end = domain.end()
    while lower[end - 1] in "-_":
        end -= 1
    has_top = "." in lower[sign.end() : end]
    if has_top:
        return 0 if sign[0].strip(" ").isalpha() else end
    if dotted is not None and (
        "," not in dotted[0] or _TOP.match(lower, dotted[0].find(",") + 1 + sign.end())
    ):
        return dotted.end()
    is_tight = sign[0] == "@" and end - sign.end() >= 3
    return end if is_tight else 0


def find_accounts(lower: str) -> Iterator[PersonalSpan]:
    """IBANs by their shape, right or mistyped, and the national forms of the five countries."""
    place = 0
    while (match := _IBAN.search(lower, place)) is not None:
        end = 0 if lower[match.start() - 1 : match.start()].isalnum() else _iban_end(match)
        if end:
            yield PersonalSpan(match.start(), end, PersonalKind.iban)
        place = end or match.start() + 2
    for pattern in (_SORT_CODE, _GIRO, _NRB):
        for match in pattern.finditer(lower):
            if _stands_alone(match) and (pattern is not _NRB or iban.is_valid("PL" + match[0])):
                yield PersonalSpan(match.start(), match.end(), PersonalKind.iban)


def find_czech_accounts(lower: str) -> Iterator[PersonalSpan]:
    """Czech accounts, number/bank; after the birth numbers, which look alike."""
    if _BANK.search(lower) is None:
        return
    for match in _CZ_ACCOUNT.finditer(lower):
        if _stands_alone(match) and bankaccount.is_valid(match[0]):
            yield PersonalSpan(match.start(), match.end(), PersonalKind.iban)


def _stands_alone(match: re.Match[str]) -> bool:
    """Whether nothing before the match makes it a part of something longer."""
    before = match.string[match.start() - 1 : match.start()] if match.start() else ""
    return not before.isalnum() and before not in ("-", "/", ".", "_")


def _iban_end(match: re.Match[str]) -> int:
    """Where the number ends by its country's length; 0 when it cannot be one."""
    length = _IBAN_LENGTHS.get(match[0][:2], 0)
    kept = 0
    for place in range(match.start(), match.end()):
        kept += match.string[place].isalnum()
        if length and kept == length:
            number = match.string[match.start() : place + 1]
            after = match.string[place + 1 : place + 2]
            is_one = sum(char.isdigit() for char in number) >= 12
            return place + 1 if is_one and not after.isalnum() else 0
    return 0


def find_cards(lower: str) -> Iterator[PersonalSpan]:
    """Numbers of 13 to 19 digits with Luhn's check digit, in fours, as 4-6-5, or in one piece.

    Four groups of four are a card even when mistyped.
    """
    for start, end in scan(_CARD, lower, _card_end):
        yield PersonalSpan(start, end, PersonalKind.card)


def _card_end(match: re.Match[str]) -> int:
    run = run_of(match, 13)
    if run is None or not _stands_alone(match):
        return 0
    if tuple(map(len, run.groups[:4])) == (4, 4, 4, 4) and len(run.groups) == 4:
        return run.ends[3]
    for count in range(len(run.groups), 0, -1):
        sizes = [len(group) for group in run.groups[:count]]
        is_shape = count == 1 or sizes == [4, 6, 5] or set(sizes[:-1]) == {4}
        if 13 <= sum(sizes) <= 19 and is_shape and luhn.is_valid(run.digits(count)):
            return run.ends[count - 1]
    return 0


def find_labelled(lower: str, labels: Iterable[Label]) -> Iterator[PersonalSpan]:
    """Numbers that follow a word such as "PESEL" or "tel.": personal whatever their digits are."""
    rules = get_labels()
    for label in labels:
        if label.what not in _VALUES:
            continue
        gap = rules.gap.match(lower, label.end)
        place = gap.end() if gap else label.end
        value = _value(label.what).match(lower, place)
        if value is None or place == label.end or FULL_DATE.match(lower, place):
            continue
        end = _value_end(label.what, value)
        if end and not rules.units.match(lower, end):
            yield PersonalSpan(value.start(), end, PersonalKind(label.what))


@lru_cache(maxsize=16)
def _value(kind: str) -> re.Pattern[str]:
    return re.compile(_VALUES[kind].format(links=get_labels().links))


def _value_end(kind: str, value: re.Match[str]) -> int:
    """The end of the number itself, without the next one behind it."""
    tail = value.end()
    if value.string[tail - 1].isalpha():  # a letter or a country code at its end
        return 0 if value.string[tail : tail + 1].isalnum() else tail
    run = run_of(value, 5 if kind == "order" else 6)
    if run is None:
        return 0
    if kind == "phone":
        return phone_end(run) or (run.enough(9) if len(run.digits(99)) <= 15 else 0)
    if kind == "card":
        return _card_end(value) or run.enough(_ENOUGH[kind])
    return run.enough(_ENOUGH[kind])
