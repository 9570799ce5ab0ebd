"""Languages of the interface: gettext catalogues, read once, straight from the .po files.

Each surface has a file of its own; a text that several use is in one of them.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "potica"
COOKIE = "potica_ui"
NAMES = {
    "en": "English",
    "pl": "Polski",
    "cs": "Čeština",
    "sl": "Slovenščina",
    "hu": "Magyar",
}


@lru_cache(maxsize=len(NAMES))
def translations(language: str) -> Translations:
    """The catalogue of one of `NAMES`. No compiled files: they could be older than their source."""
    found: Translations | None = None
    for path in catalogues(language):
        compiled = io.BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language, domain=path.stem))
        compiled.seek(0)
        read = Translations(compiled, domain=path.stem)
        found = read if found is None else found.merge(read)
    assert found is not None
    return found


def catalogues(language: str) -> list[Path]:
    """The .po files of a language, the most general one first, so that its plural rule holds."""
    paths = (LOCALE / language / "LC_MESSAGES").glob("*.po")
    return sorted(paths, key=lambda path: (path.stem != DOMAIN, path.stem))


def plural_samples(language: str) -> dict[str, int]:
    """Names of the plural forms of a language (CLDR) -> the first whole number of each.

    With them a page can hold every form of a counted text, for a script to pick from.
    """
    form = Locale.parse(language).plural_form
    found: dict[str, int] = {}
    for number in range(1, 200):
        found.setdefault(form(number), number)
    return found


def choose(*wishes: str | None, default: str = "en") -> str:
    """The first wish that can be met; a wish is a tag or an Accept-Language header."""
    return wished(*wishes) or (default if default in NAMES else "en")


def wished(*wishes: str | None) -> str | None:
    """The same; None when none of them can be met."""
    for wish in wishes:
        for language in _ranked(wish or ""):
            if language in NAMES:
                return language
    return None


def _ranked(header: str) -> list[str]:
    """Base languages of a header, the most wanted first."""
    found = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            value = float(weight or 1)
        except ValueError:
            value = 0.0
        found.append((-value, place, tag.split("-")[0].lower()))
    return [language for _, _, language in sorted(found)]
