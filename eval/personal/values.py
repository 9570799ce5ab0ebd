"""Made-up identifiers in the many ways people write them: valid check digits, random otherwise.

British phone numbers come from the ranges that Ofcom keeps for drama; e-mail domains are
reserved names (RFC 2606). In shapes x or # is a digit and ^ a capital letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from stdnum import luhn
from stdnum.gb import nhs, utr
from stdnum.iso7064 import mod_97_10
from stdnum.pl import nip, pesel
from stdnum.si import ddv, emso

from kb.text.fold import fold

# The first list of shapes is for development; testing has both.
_PHONES: dict[str, tuple[str, str]] = {
    "sl": (
        """0xx xxx xxx|0xxxxxxxx|0xx/xxx-xxx|+386 xx xxx xxx|00386 xx xxxxxx|+386xxxxxxxx
        |0xx-xxx-xxx|(0xx) xxx xxx""",
        """0xx xx xx xx|+386 (0)xx xxx xxx|0xx / xxx xxx|0 xx xx xx xx|386 xx xxx xxx
        |0xx.xxx.xxx|0xx... xxx xxx""",
    ),
    "pl": (
        """xxx xxx xxx|xxxxxxxxx|xxx-xxx-xxx|+48 xxx xxx xxx|+48xxxxxxxxx|0048 xxx xxx xxx
        |(xx) xxx xx xx|xx xxx xx xx""",
        """xxx xx xx xx|48 xxx xxx xxx|xxx.xxx.xxx|xx/xxx-xx-xx|+48 (xx) xxx xx xx
        |xxx xxx... xxx""",
    ),
    "cs": (
        """xxx xxx xxx|xxxxxxxxx|+420 xxx xxx xxx|00420xxxxxxxxx|+420xxxxxxxxx|xxx-xxx-xxx""",
        """xxx xx xx xx|420 xxx xxx xxx|xxx/xxx xxx|xxx.xxx.xxx|+420-xxx-xxx-xxx
        |xxx ... xxx xxx""",
    ),
    "hu": (
        """06 xx xxx xxxx|06xxxxxxxxx|06-xx/xxx-xxxx|+36 xx xxx xxxx|+36xxxxxxxxx
        |06 1 xxx xxxx|06-1-xxx-xxxx""",
        """xx/xxx-xxxx|(06 xx) xxx xxxx|+36-xx-xxx-xx-xx|0036 xx xxxxxxx|06 xx xxx xx xx
        |36 xx xxx xxxx|06 xx... xxx xxxx""",
    ),
    "en": (
        """0xxxx xxxxxx|0xxxxxxxxxx|+44 xxxx xxxxxx|+44xxxxxxxxxx|(0xxx) xxx xxxx
        |0xx xxxx xxxx""",
        """0xxxx-xxx-xxx|+44 (0)xxxx xxx xxx|0xxxx xxx xxx|44 xxxx xxxxxx|0044 xxx xxxxxxx
        |(+44) xx xxxx xxxx|0xxxx... xxxxxx""",
    ),
}
_MOBILE = {
    "sl": "30 31 40 41 51 64 68 70 71",
    "pl": "50 51 53 57 60 66 69 72 73 78 79 88",
    "cs": "60 70 72 73 77",
    "hu": "20 30 70",
}
_DRAMA = {4: "7700900", 3: "1314960", 2: "2079460"}
_DOMAINS = ["example.com", "example.org", "mail.example.net", "posta.example", "firma-lan.example"]
_IBANS = {"sl": ("SI", 15), "pl": ("PL", 24), "cs": ("CZ", 20), "hu": ("HU", 24), "en": ("GB", 14)}


def digits(rng: Random, count: int, first: str = "123456789") -> str:
    """`count` random digits, the first one from `first`."""
    return rng.choice(first) + "".join(rng.choice("0123456789") for _ in range(count - 1))


def fit(rng: Random, shape: str) -> str:
    """A shape filled; the first digit of a group is not 0."""
    made = ""
    for char in shape:
        if char == "#":
            made += rng.choice("0123456789" if made[-1:].isdigit() else "123456789")
        else:
            made += rng.choice("ABDEFGHJLNPQRSTUWXYZ") if char == "^" else char
    return made


def phone(rng: Random, language: str, test: bool) -> str:
    """A phone number of the language's country, now and then of another."""
    country = language if rng.random() < 0.85 else rng.choice(sorted(_PHONES))
    usual, more = (shapes.replace("\n", "").split("|") for shapes in _PHONES[country])
    shape = rng.choice([*usual, *more] if test else usual).strip()
    number = iter(_number(rng, country, shape))
    return "".join(next(number) if char == "x" else char for char in shape)


def _number(rng: Random, country: str, shape: str) -> str:
    wanted = shape.count("x")
    if country == "en":
        first = len(re.findall("x+", shape)[0])
        return _DRAMA.get(first, _DRAMA[4]) + digits(rng, 3)
    start = rng.choice(_MOBILE[country].split())
    if country == "pl" and re.search(r"(?<!x)xx[ )/]+xxx", shape):
        start = rng.choice(["22", "12", "58"])
    if wanted == 7:  # after the area code of Budapest
        start = rng.choice("23456789")
    return start + digits(rng, wanted - len(start), "123456789")


def email(rng: Random, first: str, last: str, test: bool) -> str:
    """An address made of a name."""
    given, family = (re.sub(r"\W", "", fold(name)) for name in (first, last))
    plain = [f"{given}.{family}", f"{given}{family[:1]}", f"{family}{digits(rng, 2)}"]
    marked = [f"{given}_{family}", f"{given}-{family}", f"{given}.{family}+lipa"]
    local = rng.choice([*plain, *marked])
    at = rng.choice(["@"] * 9 + [" @ ", "(at)", " [at] "]) if test else "@"
    made = f"{local}{at}{rng.choice(_DOMAINS)}"
    return made.upper() if rng.random() < 0.04 else made


def card(rng: Random, test: bool) -> str:
    """A card number that passes Luhn's check."""
    amex = test and rng.random() < 0.15
    body = ("37" + digits(rng, 12)) if amex else rng.choice("45") + digits(rng, 14, "12345")
    number = body + luhn.calc_check_digit(body)
    if amex:
        return " ".join([number[:4], number[4:10], number[10:]])
    return rng.choice([" ", " ", "-", "", *([".", "  "] if test else [])]).join(fours(number))


def fours(number: str) -> list[str]:
    """Groups of four characters."""
    return [number[place : place + 4] for place in range(0, len(number), 4)]


def iban(rng: Random, language: str, test: bool) -> str:
    """An IBAN of the language's country."""
    country, count = _IBANS[language]
    body = ("LIPA" if country == "GB" else "") + digits(rng, count)
    check = mod_97_10.calc_check_digits(body + country)
    number = f"{country}{check}{body}"
    made = rng.choice([" ", " ", "", *(["-", ""] if test else [])]).join(fours(number))
    return made.lower() if rng.random() < 0.15 else made


def parcel(rng: Random, test: bool) -> str:
    """A parcel number of the demo company."""
    body = "48" + digits(rng, 8)
    shapes = [f"LP{body}"] * 4 + [f"lp{body}"]
    more = [f"LP {body}", f"LP {body[:4]} {body[4:7]} {body[7:]}", f"LP-{body}"]
    return rng.choice([*shapes, *more] if test else shapes)


def order(rng: Random, test: bool) -> str:
    """An order number of the demo company."""
    body = digits(rng, 6, "23")
    return rng.choice([f"PK-{body}"] * 3 + [f"pk-{body}"] + [f"PK{body}", f"PK {body}"] * test)


def postal(rng: Random, test: bool) -> str:
    """A number of the Universal Postal Union, S10 form; its check digit by S10's weights."""
    body = digits(rng, 8)
    rest = 11 - sum(int(d) * w for d, w in zip(body, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    check = {10: "0", 11: "5"}.get(rest, str(rest))
    service = rng.choice(["RR", "CP", "LX", "EE"])
    country = rng.choice(["SI", "PL", "CZ", "HU", "GB"])
    spaced = f"{service} {body[:3]} {body[3:6]} {body[6:]}{check} {country}"
    return rng.choice([f"{service}{body}{check}{country}"] * 2 + [spaced] * test)


def _born(rng: Random) -> tuple[int, int, int]:
    return rng.randint(1940, 2007), rng.randint(1, 12), rng.randint(1, 28)


def _pesel(rng: Random) -> str:
    year, month, day = _born(rng)
    body = f"{year % 100:02}{month + (20 if year >= 2000 else 0):02}{day:02}{digits(rng, 4)}"
    return body + pesel.calc_check_digit(body)


def _nip(rng: Random) -> str:
    while not nip.is_valid(number := digits(rng, 10)):
        pass
    dashed = f"{number[:3]}-{number[3:6]}-{number[6:8]}-{number[8:]}"
    return rng.choice([number, dashed, f"PL{number}"])


def _rodne(rng: Random) -> str:
    """The birth number of Act 133/2000: the whole number is divisible by 11 since 1954."""
    while True:
        year, month, day = rng.randint(1955, 2005), rng.randint(1, 12), rng.randint(1, 28)
        month += rng.choice([0, 50])
        body = f"{year % 100:02}{month:02}{day:02}{digits(rng, 3, '0123456789')}"
        if int(body) % 11 < 10:
            return rng.choice([f"{body[:6]}/", body[:6]]) + f"{body[6:]}{int(body) % 11}"


def _emso(rng: Random) -> str:
    while True:
        year, month, day = _born(rng)
        body = f"{day:02}{month:02}{year % 1000:03}50{digits(rng, 3, '05')}"
        if emso.is_valid(number := body + emso.calc_check_digit(body)):
            return number


def _davcna(rng: Random) -> str:
    while True:
        body = digits(rng, 7)
        if ddv.is_valid(number := body + ddv.calc_check_digit(body)):
            return rng.choice([number, f"SI{number}", f"SI {number}"])


def _szemelyi(rng: Random) -> str:
    """Personal number of Act XX of 1996: weights 1 to 10 until 1996, 10 to 1 since, mod 11."""
    while True:
        year, month, day = rng.randint(1940, 1996), rng.randint(1, 12), rng.randint(1, 28)
        body = f"{rng.choice('12')}{year % 100:02}{month:02}{day:02}{digits(rng, 3)}"
        check = sum(int(d) * w for d, w in zip(body, range(1, 11), strict=True)) % 11
        if check < 10:
            return rng.choice([f"{body[0]}-{body[1:7]}-{body[7:]}{check}", f"{body}{check}"])


def _taj(rng: Random) -> str:
    """Social security number: weights 3 and 7 in turn, mod 10 (Act XX of 1996, annex)."""
    body = digits(rng, 8, "0123")
    check = sum(int(d) * (7 if place % 2 else 3) for place, d in enumerate(body)) % 10
    number = f"{body}{check}"
    return rng.choice([number, f"{number[:3]} {number[3:6]} {number[6:]}"])


def _adoazonosito(rng: Random) -> str:
    """Personal tax id: 8, days since 1867-01-01, serial, weights 1 to 9 mod 11 (same Act)."""
    while True:
        body = f"8{rng.randint(26_000, 51_000)}{digits(rng, 3)}"
        check = sum(int(d) * w for d, w in zip(body, range(1, 10), strict=True)) % 11
        if check < 10:
            return f"{body}{check}"


def _adoszam(rng: Random) -> str:
    """Tax number of a firm: weights 9 7 3 1 9 7 3, mod 10 (stdnum.hu.anum)."""
    body = digits(rng, 7)
    weights = (9, 7, 3, 1, 9, 7, 3)
    check = -sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 10
    tail = f"-{rng.choice('12')}-{rng.choice(['41', '13', '06'])}"
    return rng.choice([f"{body}{check}{tail}", f"{body}{check}{tail.replace('-', '')}"])


def _dic(rng: Random) -> str:
    return "CZ" + _rodne(rng).replace("/", "")


def _ni(rng: Random) -> str:
    prefix = rng.choice("ABCEGHJKLMNPRSTWXYZ") + rng.choice("ABCEGHJKLMNPRSTWXYZ")
    if prefix in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}:
        prefix = "AB"
    pairs = [prefix, digits(rng, 2), digits(rng, 2), digits(rng, 2), rng.choice("ABCD")]
    return rng.choice(["", " "]).join(pairs)


def _nhs(rng: Random) -> str:
    while True:
        number = digits(rng, 10)
        if nhs.is_valid(number):
            return rng.choice([number, f"{number[:3]} {number[3:6]} {number[6:]}"])


def _utr(rng: Random) -> str:
    body = digits(rng, 9)
    return utr.calc_check_digit(body) + body


NATIONAL: dict[str, Callable[[Random], str]] = {
    "pesel": _pesel,
    "rc": _rodne,
    "emso": _emso,
    "szemelyi": _szemelyi,
    "taj": _taj,
    "ni": _ni,
    "nhs": _nhs,
}
TAX: dict[str, Callable[[Random], str]] = {
    "nip": _nip,
    "dic": _dic,
    "davcna": _davcna,
    "adoazonosito": _adoazonosito,
    "adoszam": _adoszam,
    "utr": _utr,
}


def mistyped(rng: Random, number: str) -> str:
    """The number with one digit of its second half another."""
    places = [place for place, char in enumerate(number) if char.isdigit()]
    place = rng.choice(places[len(places) // 2 :])
    other = (int(number[place]) + rng.randint(1, 9)) % 10
    return f"{number[:place]}{other}{number[place + 1 :]}"
