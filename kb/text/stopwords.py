"""Function words and question words of five languages, hand-written and conservative.

Written as people write them; kept folded, both as written and as lemmas come out.
"""

from __future__ import annotations

from kb.text.fold import fold


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split())


STOP_WORDS: dict[str, frozenset[str]] = {
    "en": _folded(
        """a an the and or but if of to in on at by for from with as be is am are was were been
        being have has had do does did i me my you your he him his she her it its we us our they
        them their this that these those there here so too very just also please hello hi hey
        thanks thank will would shall should could can may might im ive dont doesnt didnt isnt
        its id ill youre"""
    ),
    "pl": _folded(
        """a i oraz ale lub albo w we z ze na do od po za o u przy dla bez przez pod nad się być
        jest są był była było będzie mieć mam masz ma mamy ja ty on ona ono my wy oni mnie mi mój
        moja moje twój pan pani pana państwo ten ta to te tego tej tym tam tu już jeszcze też
        także że żeby aby bo więc czy proszę dzień dobry cześć witam dziękuję bardzo no jako sobie
        swój"""
    ),
    "cs": _folded(
        """a i ale nebo anebo v ve z ze na do od po za o u s se si k ke pro bez přes při pod nad
        být je jsou jsem jsi jsme jste byl byla bylo bude mít mám máte má já ty on ona ono my vy
        oni mi mě mně můj moje moje váš ten ta to ty toho té tom tam tady tu už ještě také taky že
        aby protože tak prosím dobrý den ahoj děkuji díky velmi jako svůj ho mu jej by bych"""
    ),
    "sl": _folded(
        """in ter ali pa a ampak v na do od po za o pri pod nad s z k h iz ob brez čez biti je so
        sem si smo ste bil bila bilo bo bom imeti imam ima jaz ti on ona ono mi vi oni me moj moja
        moje vaš ta to te tega tem tam tu že še tudi da ker če prosim dober dan živjo pozdravljeni
        hvala zelo lepo kot svoj se ga mu bi naj"""
    ),
    "hu": _folded(
        """a az egy és vagy de ha is hogy meg van vannak volt lesz én te ő mi ti ők engem
        ez azt ezt ezek azok itt ott már még csak kérem szia sziasztok üdv üdvözlöm
        köszönöm köszi jó napot nagyon lenni mert így pedig"""
    ),
}
"""Base language -> folded function words, greetings and courtesies. Negations are not among
them: "not delivered" is another question than "delivered"."""

QUESTION_WORDS: dict[str, frozenset[str]] = {
    "en": _folded("what when where which who whom whose why how can could do does is are may"),
    "pl": _folded(
        "co kiedy gdzie który która które jaki jaka jakie kto dlaczego czemu jak ile czy"
    ),
    "cs": _folded("co kdy kde kam který která které jaký jaká jaké kdo proč jak kolik zda jestli"),
    "sl": _folded("kaj kdaj kje kam kateri katera katero kakšen kakšna kdo zakaj kako koliko ali"),
    "hu": _folded("mi mit mikor hol hova hová melyik milyen ki miért hogyan hogy mennyi hány"),
}
