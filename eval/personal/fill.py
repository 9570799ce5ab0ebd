"""Texts with known personal data: hand-written templates filled with made-up values.

Slots: `phone email card iban parcel s10 order birth` and the national and tax numbers of
`values`; `street street_in town address` (street and town); `customer agent name`, whole or
`.first` or `.last`, in a grammatical form (`.gen`, `.dat`, ...). The customer and the agent are
known to the case, `name` is not. `price date time qty bare_town outward` are not personal.
`!` after a number asks for a mistyped one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from eval.personal import values
from eval.personal.noise import Piece, untidy
from kb.text.redact import PersonalKind, PersonalSpan

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "pl", "cs", "sl", "hu")
SEED = 20_261_122
COPIES = 4  # texts from each template
_SLOT = re.compile(r"\{([a-z0-9_]+)((?:\.[a-z]+)*)(!?)\}")
_PEOPLE = ("customer", "agent", "name")


@dataclass(frozen=True, slots=True)
class Truth:
    """What a text holds: a span, and whether it is a name that the case knows."""

    span: PersonalSpan
    known: bool


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the set; `template` is the place of the one it was made of."""

    language: str
    template: int
    channel: str
    text: str
    names: tuple[str, ...]
    truths: tuple[Truth, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Forms of a given name and a surname, by the name of the form."""

    first: dict[str, str]
    last: dict[str, str]
    surname_first: bool

    def form(self, wanted: tuple[str, ...]) -> str:
        """The name, or a part of it, in a form; Hungarian bends the last word only."""
        case = next((word for word in wanted if word not in ("first", "last")), "nom")
        if "first" in wanted:
            return self.first[case]
        if "last" in wanted:
            return self.last[case]
        if self.surname_first:
            return f"{self.last['nom']} {self.first[case]}"
        if case not in self.first:
            case = "nom"
        first = self.first["nom"] if len(self.first) == 2 else self.first[case]
        return f"{first} {self.last[case]}"


@dataclass(frozen=True, slots=True)
class Source:
    """The data file of one language, one half of it."""

    people: list[Person]
    places: dict[str, list[str]]
    months: list[str]
    dates: list[str]
    birth_dates: list[str]


def make_texts(language: str, half: str, copies: int = COPIES, seed: int = SEED) -> list[Text]:
    """The texts of one language; `half` is "dev" or "test". The same seed gives the same."""
    templates: list[str] = _read(f"templates/{language}.yaml")[half]
    made = []
    for place, template in enumerate(templates):
        channel, _, body = template.partition("| ")
        for copy in range(copies):
            rng = Random(f"{seed} {language} {half} {place} {copy}")
            made.append(_fill(language, half, place, channel, body, rng))
    return made


def _fill(lang: str, half: str, place: int, channel: str, body: str, rng: Random) -> Text:
    filler = _Filler(lang, half, rng)
    pieces, known, at = [], [], 0
    for slot in _SLOT.finditer(body):
        pieces.append(Piece(body[at : slot.start()]))
        pieces.append(filler.fill(slot[1], tuple(slot[2].split(".")[1:]), bool(slot[3])))
        known.append(len(pieces) - 1 if slot[1] in ("customer", "agent") else -1)
        at = slot.end()
    pieces = untidy([*pieces, Piece(body[at:])], channel, rng)
    truths, text = [], ""
    for number, piece in enumerate(pieces):
        if piece.kind is not None:
            span = PersonalSpan(len(text), len(text) + len(piece.text), piece.kind)
            truths.append(Truth(span, number in known))
        text += piece.text
    return Text(lang, place, channel, text, filler.known_names(), tuple(truths))


class _Filler:
    """The values of one text; its customer and agent stay the same throughout."""

    def __init__(self, language: str, half: str, rng: Random) -> None:
        self.language, self.rng, self.test = language, rng, half == "test"
        self.source: Source = load_source(language, half)
        self.people: list[Person] = rng.sample(self.source.people, len(self.source.people))

    def known_names(self) -> tuple[str, ...]:
        return self.people[0].form(()), self.people[1].form(())

    def fill(self, slot: str, wanted: tuple[str, ...], wrong: bool) -> Piece:
        if slot in _PEOPLE:
            place = _PEOPLE.index(slot)
            if slot == "name":  # several of them in a text are several people
                place = 2 + self.rng.randrange(len(self.people) - 2) if "." not in slot else place
            return Piece(self.people[place].form(wanted), PersonalKind.name)
        if (plain := _PLAIN.get(slot)) is not None:
            return Piece(plain(self))
        kind, make = _PERSONAL[slot]
        made = make(self)
        return Piece(values.mistyped(self.rng, made) if wrong else made, kind)

    def pick(self, place: str) -> str:
        return values.fit(self.rng, self.rng.choice(self.source.places[place]))

    def address(self) -> str:
        if self.language == "hu":
            return f"{self.pick('towns')}, {self.pick('streets')}"
        return f"{self.pick('streets')}, {self.pick('towns')}"

    def date(self, shapes: list[str], first: int, last: int) -> str:
        day, month, year = self.rng.randint(1, 28), self.rng.randint(1, 12), 0
        year = self.rng.randint(first, last)
        return self.rng.choice(shapes).format(
            d=day, dd=f"{day:02}", m=month, mm=f"{month:02}", y=year, yy=f"{year % 100:02}",
            month=self.source.months[month - 1],
        )  # fmt: skip


_Value = Callable[[_Filler], str]
_PLAIN: dict[str, _Value] = {
    "price": lambda f: f.rng.choice(f.source.places["prices"]).format(n=values.digits(f.rng, 2)),
    "date": lambda f: f.date(f.source.dates, 2026, 2026),
    "time": lambda f: f"{f.rng.randint(7, 20)}:{f.rng.choice(['00', '15', '30', '40', '55'])}",
    "qty": lambda f: str(f.rng.choice([2, 5, 12, 25, 100, 250, 1000])),
    "bare_town": lambda f: f.rng.choice(f.source.places["bare_towns"]),
    "outward": lambda f: f.rng.choice(f.source.places["outward"]),
}
_PERSONAL: dict[str, tuple[PersonalKind, _Value]] = {
    "phone": (PersonalKind.phone, lambda f: values.phone(f.rng, f.language, f.test)),
    "email": (
        PersonalKind.email,
        lambda f: values.email(
            f.rng, f.people[0].form(("first",)), f.people[0].form(("last",)), f.test
        ),
    ),
    "card": (PersonalKind.card, lambda f: values.card(f.rng, f.test)),
    "iban": (PersonalKind.iban, lambda f: values.iban(f.rng, f.language, f.test)),
    "parcel": (PersonalKind.parcel, lambda f: values.parcel(f.rng, f.test)),
    "s10": (PersonalKind.parcel, lambda f: values.postal(f.rng, f.test)),
    "order": (PersonalKind.order, lambda f: values.order(f.rng, f.test)),
    "birth": (PersonalKind.birth_date, lambda f: f.date(f.source.birth_dates, 1940, 2007)),
    "street": (PersonalKind.address, lambda f: f.pick("streets")),
    "street_in": (PersonalKind.address, lambda f: f.pick("streets_in")),
    "town": (PersonalKind.address, lambda f: f.pick("towns")),
    "address": (PersonalKind.address, _Filler.address),
}


def _number(make: Callable[[Random], str]) -> _Value:
    return lambda filler: make(filler.rng)


_PERSONAL |= {slot: (PersonalKind.national_id, _number(m)) for slot, m in values.NATIONAL.items()}
_PERSONAL |= {slot: (PersonalKind.tax_id, _number(make)) for slot, make in values.TAX.items()}


@lru_cache(maxsize=16)
def load_source(language: str, half: str) -> Source:
    """The people, places and dates of one half of a language's data file."""
    raw = _read(f"data/{language}.yaml")
    places = {name: raw[name][half] for name in ("streets", "streets_in", "towns")}
    places |= {name: raw.get(name, []) for name in ("prices", "bare_towns", "outward")}
    shapes = raw["dates"] + (raw["more_dates"] if half == "test" else [])
    people = [_person(line, raw["forms"], language == "hu") for line in raw["people"][half]]
    return Source(people, places, raw["months"], raw["dates"], shapes)


def _person(line: str, forms: list[str], surname_first: bool) -> Person:
    first, last = (part.split() for part in line.split("|"))
    return Person(
        dict(zip(forms, first, strict=True)), dict(zip(forms, last, strict=True)), surname_first
    )


@lru_cache(maxsize=16)
def _read(path: str) -> dict[str, Any]:  # read-only
    raw: dict[str, Any] = yaml.safe_load((FOLDER / path).read_text("utf-8"))
    return raw
