"""Questions to click on /try: as people write them, a language each."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "en": (
        "my parcel went to the wrong town twice, the postcode was EH8 not EH9",
        "The locker is full. Where is my parcel now?",
        "i never got the PIN for the locker",
        "It says delivered but there is nothing here",
        "How much do you pay if you lose my parcel?",
    ),
    "pl": (
        "nie dostalem kodu PIN do paczkomatu",
        "Kurier był, a mnie nie było w domu. Co teraz?",
        "Paczka przyszła zgnieciona, jak złożyć reklamację?",
        "status doręczona, a paczki nie ma",
        "Czy mogę zapłacić kurierowi kartą przy odbiorze?",
    ),
    "cs": (
        "zásilka má špatné PSČ, už podruhé šla jinam",
        "Kdy mi vrátíte peníze za vrácené krabice?",
        "box je plny, kde mam balik",
        "Přišla mi SMS, že mám zaplatit celní poplatek. Je to podvod?",
        "Jak dlouho na mě balík počká na výdejním místě?",
    ),
    "sl": (
        "PIN za paketnik ni prišel, kaj naj naredim?",
        "Ali lahko spremenim naslov dostave?",
        "paket je poskodovan, kje ga reklamiram",
        "Kako naj vrnem stvari, ki sem jih kupil v spletni trgovini?",
        "Kje dobim račun za svoje naročilo?",
    ),
    "hu": (
        "Nem kaptam meg a csomagautomata PIN-kódját",
        "kezbesitve van irva de nem jott meg a csomag",
        "Sérülten érkezett a csomagom, mit tegyek?",
        "Rossz irányítószámot adtam meg, mi lesz most?",
        "Meddig tart, amíg visszakapom a pénzem?",
    ),
}
