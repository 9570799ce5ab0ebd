"""The words of redaction: kinds of personal data and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PersonalKind(StrEnum):
    """What sort of personal data a span holds."""

    email = "email"
    phone = "phone"
    card = "card"
    iban = "iban"
    parcel = "parcel"
    order = "order"
    address = "address"
    birth_date = "birth_date"
    national_id = "national_id"
    tax_id = "tax_id"
    name = "name"


@dataclass(frozen=True, slots=True)
class PersonalSpan:
    """The characters [start, end) of a text hold personal data of this kind."""

    start: int
    end: int
    kind: PersonalKind
