"""Patterns that an installation sets itself: parcel, order and customer numbers.

Only a part of regular expressions is allowed, one that can be matched in linear time: literal
characters, `\\d`, `[A-Z0-9]`, `{n}`, `{n,m}`, `?`, and `(A|B)` without anything repeated around
it. Nothing can match without end, and the ways a pattern can be read are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.errors import ConfigError
from kb.text.personal.kinds import PersonalKind, PersonalSpan

MOST_CHARACTERS = 400
MOST_PATTERNS = 50
MOST_WIDTH = 64  # characters that one match may be long
LEAST_WIDTH = 4
MOST_WAYS = 256  # ways to read a text at one place

_PIECE = re.compile(
    r"""(?P<open>\((?:\?:)?) | (?P<close>\)) | (?P<bar>\|)
      | (?P<atom>\\d | \\[^\w\s] | \[(?:[A-Za-z0-9_\-./ ]|\\[d\-./])+\]
          | [A-Za-z0-9_\-/#:@&\ ,;=~%!])
    """,
    re.VERBOSE,
)
_COUNT = re.compile(r"\?|\{(\d{1,2})(?:,(\d{1,2}))?\}")


@dataclass(frozen=True, slots=True)
class CustomPattern:
    """What numbers of one kind look like, as a restricted regular expression.

    Letters match in either case; between the digits of a run (`\\d{10}`) a space or a hyphen may
    stand; a match never starts or ends inside a word or a number. Raises ConfigError when the
    pattern is not allowed, with what to write instead.
    """

    kind: PersonalKind
    pattern: str

    def __post_init__(self) -> None:
        _read(self.pattern)


@dataclass(slots=True)
class _Reading:
    """What has been read of a pattern so far: the regular expression, its width, its ways."""

    out: str = ""
    least: int = 0
    most: int = 0
    ways: int = 1


def custom_patterns(values: Mapping[str, Sequence[str]]) -> tuple[CustomPattern, ...]:
    """Patterns from a setting such as `{"parcel": ["LP\\\\d{10}"]}`.

    Raises ConfigError for an unknown kind, a pattern that is not allowed, or too many of them.
    """
    kinds = {kind.value: kind for kind in PersonalKind}
    found = []
    for name, patterns in values.items():
        if name not in kinds:
            raise ConfigError(f"{name!r} is no kind of personal data: use {', '.join(kinds)}.")
        if isinstance(patterns, str) or not isinstance(patterns, Sequence):
            raise ConfigError(
                f'The patterns of {name!r} must be a list, such as ["LP\\\\d{{10}}"].'
            )
        for pattern in patterns:
            if not isinstance(pattern, str):
                raise ConfigError(f"The patterns of {name!r} must be texts, not {pattern!r}.")
            found.append(CustomPattern(kinds[name], pattern))
    if len(found) > MOST_PATTERNS:
        raise ConfigError(f"At most {MOST_PATTERNS} patterns can be set, not {len(found)}.")
    return tuple(found)


@lru_cache(maxsize=256)
def compiled(pattern: CustomPattern) -> re.Pattern[str]:
    """The pattern for lower-case plain text; what stands before a match is not looked at."""
    return re.compile(f"(?:{_read(pattern.pattern).out.lower()})(?![^\\W_])")


def find_custom(lower: str, patterns: Iterable[CustomPattern]) -> Iterator[PersonalSpan]:
    """What these patterns match, outside of words and numbers."""
    for pattern in patterns:
        place, search = 0, compiled(pattern).search
        while (match := search(lower, place)) is not None:
            is_inside = match.start() > 0 and lower[match.start() - 1].isalnum()
            place = match.start() + 1 if is_inside else match.end()
            if not is_inside:
                yield PersonalSpan(match.start(), match.end(), pattern.kind)


def _read(pattern: str) -> _Reading:
    if not 0 < len(pattern) <= MOST_CHARACTERS:
        raise ConfigError(f"A pattern has 1 to {MOST_CHARACTERS} characters: {pattern[:60]!r}.")
    reading, place = _branches(pattern, 0, inside=False)
    if place < len(pattern):
        raise _refused(pattern, place)
    if not LEAST_WIDTH <= reading.least <= reading.most <= MOST_WIDTH:
        raise ConfigError(
            f"The pattern {pattern!r} matches {reading.least} to {reading.most} characters:"
            f" make it match {LEAST_WIDTH} to {MOST_WIDTH}."
        )
    try:
        re.compile(reading.out)
    except re.error as error:
        raise ConfigError(f"The pattern {pattern!r} cannot be read: {error}.") from error
    return reading


def _branches(pattern: str, place: int, *, inside: bool) -> tuple[_Reading, int]:
    """Alternatives up to the end, or up to the bracket that closes them."""
    readings = []
    while True:
        reading, place = _row(pattern, place, inside)
        readings.append(reading)
        if place >= len(pattern) or pattern[place] != "|":
            break
        place += 1
    ways = sum(reading.ways for reading in readings)
    if ways > MOST_WAYS:
        raise _too_many(pattern)
    return _Reading(
        "|".join(reading.out for reading in readings),
        min(reading.least for reading in readings),
        max(reading.most for reading in readings),
        ways,
    ), place


def _row(pattern: str, place: int, inside: bool) -> tuple[_Reading, int]:
    """Atoms and groups one after the other."""
    row = _Reading()
    while place < len(pattern):
        piece = _PIECE.match(pattern, place)
        if piece is None or (piece["open"] and inside):
            raise _refused(pattern, place)
        if piece["bar"] or piece["close"]:
            if piece["close"] and not inside:
                raise _refused(pattern, place)
            break
        if piece["open"]:
            part, place = _group(pattern, piece.end())
        else:
            part, place = _atom(pattern, piece)
        row.out += part.out
        row.least, row.most = row.least + part.least, row.most + part.most
        row.ways *= part.ways
        if row.ways > MOST_WAYS:
            raise _too_many(pattern)
    return row, place


def _group(pattern: str, place: int) -> tuple[_Reading, int]:
    part, place = _branches(pattern, place, inside=True)
    if pattern[place : place + 1] != ")":
        raise _refused(pattern, place)
    place += 1
    part.out = f"(?:{part.out})"
    if pattern[place : place + 1] == "?":
        part.out, part.least, part.ways, place = f"{part.out}?", 0, part.ways + 1, place + 1
    return part, place


def _atom(pattern: str, piece: re.Match[str]) -> tuple[_Reading, int]:
    """One character, perhaps repeated; digits in a row may stand apart."""
    atom, place = piece["atom"], piece.end()
    count = _COUNT.match(pattern, place)
    if count is None:
        return _Reading(atom, 1, 1), place
    if count[0] == "?":
        return _Reading(f"{atom}?", 0, 1, 2), count.end()
    least = int(count[1])
    most = int(count[2] or count[1])
    if not 0 <= least <= most <= MOST_WIDTH or most == 0:
        raise _refused(pattern, place)
    out = f"{atom}{{{least},{most}}}"
    if atom == r"\d" and least > 0:
        out = rf"\d(?:[ \-]?\d){{{least - 1},{most - 1}}}"
    return _Reading(out, least, most, most - least + 1), count.end()


def _refused(pattern: str, place: int) -> ConfigError:
    return ConfigError(
        f"The pattern {pattern!r} cannot be used from character {place + 1} on: use letters,"
        r" digits, \d, [A-Z], ?, {n}, {n,m} and (A|B) without a group inside a group."
    )


def _too_many(pattern: str) -> ConfigError:
    return ConfigError(
        f"The pattern {pattern!r} can be read in too many ways: use fewer ?, {{n,m}} and |,"
        " or write several patterns."
    )


_POSTS = (
    "AT|AU|BE|BG|CA|CH|CN|CZ|DE|DK|EE|ES|FI|FR|GB|GR|HK|HR|HU|IE|IT|JP|LT|LU|LV|NL|NO|PL|PT|RO"
    "|RS|SE|SG|SI|SK|TR|UA|US"
)

DEFAULT_PATTERNS: tuple[CustomPattern, ...] = (
    CustomPattern(PersonalKind.parcel, r"LP[ -]?\d{10}"),
    CustomPattern(PersonalKind.order, r"PK[ -]?\d{6}"),
    # Universal Postal Union, S10: service, eight digits and a check digit, country.
    CustomPattern(PersonalKind.parcel, rf"[ACELMQRUV][A-Z] ?\d{{9}} ?({_POSTS})"),
)
"""Parcel and order numbers of the demo company, and those of postal services."""
