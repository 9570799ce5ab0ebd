"""What gives a language away in a few words: function words, chat words, letters.

All words folded; words of several languages are shared out among them.
"""

from __future__ import annotations

from kb.text.fold import fold
from kb.text.stopwords import QUESTION_WORDS, STOP_WORDS

_MORE: dict[str, str] = {
    "en": """not no yes cant wont isnt wasnt hello good morning evening who which than then now
        still yet any some all more about after before back again only where get got want need
        when parcel order delivery help sorry okay""",
    "pl": """nie tak dzien wieczor dobranoc hej jestem jesteście sa bylem bylam bedę bede chce chcę
        chciałbym chciałabym mogę moge może można trzeba tylko gdy kiedy która ktora którego
        dlatego między miedzy według podczas jednak więcej wszystko nic nikt zawsze nigdy teraz
        dzisiaj wczoraj jutro paczka paczki paczkę przesyłka przesyłki gdzie dostałem dostałam
        został została zostało proszę pomoc numer zamówienie wciąż nadal ich jego jej nas was
        której których przed przeciw aż""",
    "cs": """ne ano neni není jeste když kdyz jen jenom takže takze chci chtěl chtela můžu muzu
        mohu může muze lze bylo byly byli budu budou kde kdy který ktera které proč proc jak kolik
        dnes včera vcera zítra zitra zásilka zasilka zásilku zasilku balík balik balíček dostal
        dostala nepřišla neprisla prišel nebo však vsak podle mezi během behem více vice pouze
        všechny vsechny někdo nikdo nic něco neco vždy vzdy nikdy teď ted děkuji zdravím zdravim
        tento tato této těchto jeho jejich její uvedl řekl""",
    "sl": """ne ja ni nisem niste niso nismo bi bilo bila bili bodo bomo bom lahko hočem hocem
        želim zelim rad rada moram kje kdaj kateri katera kako koliko danes včeraj jutri pošiljka
        posiljka pošiljko posiljko paket paketa dobil dobila prišel prispel prispela vendar med
        več vec samo vse nekdo nihče nihce nič nic nekaj vedno nikoli zdaj sedaj kjer ko saj ter
        tako zaradi njegov njihov njen svoje svoj tudi glede zato kljub naš nas prek pred proti
        bolj smo ste sta bosta lep pozdrav""",
    "hu": """nem igen sem nincs nincsenek vagyok volt voltak lesz lett lehet kell tud tudom
        szeretném szeretnem akarok hol mikor miért miert hogyan mennyi melyik tegnap holnap ma
        csomag csomagom csomagot küldemény kuldemeny rendelés rendelesem megjött érkezett
        erkezett kaptam köszönöm koszonom segítség segitseg aki ami amely ahol amikor azonban
        szerint között kozott után utan előtt elott több tobb minden senki semmi mindig soha most
        annak ennek ezzel azzal által altal után reggelt estét estet kívánok volna illetve hanem
        mint miatt alatt""",
}


def _words(language: str) -> frozenset[str]:
    known = STOP_WORDS[language] | QUESTION_WORDS[language]
    return known | frozenset(fold(word) for word in _MORE[language].split())


CUE_WORDS: dict[str, frozenset[str]] = {language: _words(language) for language in _MORE}
"""Base language -> folded words that are frequent in it."""

CUE_LETTERS: dict[str, str] = {
    "pl": "ąćęłńśźżó",
    "cs": "áčďéěíňóřšťúůýž",
    "sl": "čšž",
    "hu": "áéíóöőúüű",
}
"""Base language -> the letters with diacritics it uses; English uses none."""

ANYWHERE: frozenset[str] = frozenset(
    ["ok", "okay", "oki", "hello", "halo", "super", "hmm", "haha", "pin", "sms", "email", "mail"]
)
"""Words that people type in any language: they say nothing of it."""
