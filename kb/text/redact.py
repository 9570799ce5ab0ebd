"""Personal data in free text: where it stands, and the text without it.

What is recognised is told in `docs/personal-data.md`; how well, in `docs/results/personal.md`.
Rules look at everything once, in time linear to the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from kb.text.personal.addresses import find_addresses
from kb.text.personal.dates import find_birth_dates
from kb.text.personal.identifiers import (
    find_accounts,
    find_cards,
    find_czech_accounts,
    find_emails,
    find_labelled,
)
from kb.text.personal.kinds import PersonalKind, PersonalSpan
from kb.text.personal.known_names import known_names
from kb.text.personal.labels import Label, find_labels
from kb.text.personal.names import find_names
from kb.text.personal.numbers import find_numbers
from kb.text.personal.patterns import (
    DEFAULT_PATTERNS,
    CustomPattern,
    custom_patterns,
    find_custom,
)
from kb.text.personal.phones import find_phones
from kb.text.personal.plain import TAKEN, Plain, read_plain
from kb.text.personal.rules import get_labels, get_rules
from kb.text.personal.tokens import read_tokens

__all__ = [
    "DEFAULT_PATTERNS",
    "CustomPattern",
    "PersonalKind",
    "PersonalSpan",
    "custom_patterns",
    "find_personal",
    "mask",
    "redact",
]

_ROUNDS = 8  # a number that was found may leave another one standing free
_NEAR = 6  # characters that any rule looks at before or after a number
_NUMBER = re.compile(r"[\d@]")
# Without this in a text there are no numbers left to be found.
_MORE = re.compile(r"\d(?:\W{0,6}\d){3}|@|[\[(] ?at\b|malpa|zavinac|afna|kukac| dot ")
# Runs without anything taken, from a letter, a digit or an opening sign on.
_FREE = re.compile(rf"[^\W_][^{TAKEN}]*(?<![\s,])|[^\W_]")


def find_personal(
    text: str,
    language: str,
    *,
    names: Sequence[str] = (),
    patterns: Sequence[CustomPattern] = DEFAULT_PATTERNS,
) -> tuple[PersonalSpan, ...]:
    """Spans of personal data in `text`, sorted, not overlapping, in its own characters.

    `language` is a BCP-47 tag: it decides which names, greetings and street names are understood
    (English ones where a language has no file). Numbers are recognised in any language. `names`
    are those that the case knows, such as its customer and its agent; they are found in any
    grammatical form. Never raises on any text.
    """
    plain = read_plain(text)
    rules = get_rules(language)
    masked = [
        PersonalSpan(match.start(), match.end(), PersonalKind.name)
        for match in get_labels().masked.finditer(plain.lower)
    ]
    left = plain.without(masked)
    labels = find_labels(left.lower)
    found, left = _numbers(left, rules.language, patterns, labels)
    tokens = read_tokens(left)
    worded = _free(left, find_addresses(tokens, rules))
    if worded:
        left = left.without(worded)
        tokens = read_tokens(left)
    worded += _free(left, find_names(tokens, rules, known_names(names, language)))
    left = left.without(worded)
    if _is_beside_number(left, worded):
        found += _numbers(left, rules.language, patterns, labels)[0]
    return tuple(_in_original(plain, [*found, *worded]))


def mask(text: str, spans: Sequence[PersonalSpan], language: str = "en") -> str:
    """`text` with a short label in square brackets in place of each span.

    The labels are those of `language`: "[telefon]". Masked text holds nothing to be found again.
    """
    labels = get_rules(language).mask
    parts, at = [], 0
    for span in sorted(spans, key=lambda span: span.start):
        if span.start < at:
            continue
        parts += [text[at : span.start], f"[{labels[span.kind]}]"]
        at = span.end
    return "".join(parts) + text[at:]


def redact(
    text: str,
    language: str,
    *,
    names: Sequence[str] = (),
    patterns: Sequence[CustomPattern] = DEFAULT_PATTERNS,
) -> str:
    """`text` with its personal data masked in its own language; see `find_personal`."""
    return mask(text, find_personal(text, language, names=names, patterns=patterns), language)


def _numbers(
    plain: Plain, language: str, patterns: Sequence[CustomPattern], labels: Sequence[Label]
) -> tuple[list[PersonalSpan], Plain]:
    """Everything with digits or an at sign; again where that sets another number free."""
    found: list[PersonalSpan] = []
    for _ in range(_ROUNDS):
        new = _apart(find_custom(plain.lower, patterns))
        rest = plain.without(new)
        if _MORE.search(rest.lower):
            left = [label for label in labels if rest.lower[label.start] != TAKEN]
            new += _round(rest, language, left)
        found, plain = found + new, plain.without(new)
        if not _is_beside_number(plain, new):
            break
    return found, plain


def _is_beside_number(plain: Plain, spans: Iterable[PersonalSpan]) -> bool:
    """Whether something of a number stands so near to one of these that it may now be found."""
    lower = plain.lower
    return any(
        _NUMBER.search(lower, max(0, span.start - _NEAR), span.start)
        or _NUMBER.search(lower, span.end, span.end + _NEAR)
        for span in spans
    )


def _round(plain: Plain, language: str, labels: list[Label]) -> list[PersonalSpan]:
    """What is found going through once, the surest first: what one has found, the next miss."""
    searches: tuple[Callable[[str], Iterable[PersonalSpan]], ...] = (
        find_emails,
        find_accounts,
        lambda lower: find_labelled(lower, labels),
        find_cards,
        lambda lower: find_numbers(lower, language),
        find_czech_accounts,
        lambda lower: find_birth_dates(lower, labels),
        find_phones,
    )
    found: list[PersonalSpan] = []
    for search in searches:
        if new := _apart(search(plain.lower)):
            found += new
            plain = plain.without(new)
    return found


def _apart(spans: Iterable[PersonalSpan]) -> list[PersonalSpan]:
    """The spans without those that overlap one before them; of two at a place the longer."""
    kept: list[PersonalSpan] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _free(plain: Plain, spans: Iterable[PersonalSpan]) -> list[PersonalSpan]:
    """What these spans hold beside what is taken, with letters or digits in it."""
    kept = []
    for span in _apart(spans):
        for piece in _FREE.finditer(plain.lower, span.start, span.end):
            kept.append(PersonalSpan(piece.start(), piece.end(), span.kind))
    return kept


def _in_original(plain: Plain, spans: Iterable[PersonalSpan]) -> Iterator[PersonalSpan]:
    for span in sorted(spans, key=lambda span: span.start):
        start, end = plain.original(span.start, span.end)
        yield PersonalSpan(start, end, span.kind)
