"""The real encoder, and hits made of Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kb.assist.types import Message, SuggestRequest
from kb.config import Settings
from kb.encoders.factory import create_encoder
from kb.ports import Encoder
from kb.search.types import Hit, Why
from tests.models import CachedModels

TEXTS = {
    "wrong-postcode": {
        "en": "The sorting machine reads the postcode. If the postcode on the label is wrong, ask"
        " us to relabel the parcel. Relabelling is free.",
        "pl": "Maszyna sortująca czyta kod pocztowy. Jeśli kod pocztowy na etykiecie jest błędny,"
        " poproś nas o nową etykietę. Nowa etykieta jest bezpłatna.",
    },
    "locker-pin": {
        "en": "The locker PIN has six digits. If the PIN did not come, send it again from the"
        " tracking page.",
    },
    "goodwill": {"en": "Agents may give a goodwill credit of up to €15 without approval."},
}


@pytest.fixture(scope="session")
def settings() -> Settings:
    return CachedModels(_env_file=None)


@pytest.fixture(scope="session")
def encoder(settings: Settings) -> Encoder:
    return create_encoder(settings)


def dialog(*said: str, **changes: Any) -> SuggestRequest:
    """A "c: ..." is the customer's, an "a: ..." the agent's."""
    roles = {"c": "customer", "a": "agent", "s": "system"}
    messages = tuple(Message(roles[text[0]], text[2:].strip()) for text in said)
    return SuggestRequest(messages, **changes)


def hit(text: str, **changes: Any) -> Hit:
    """An article's passage that starts at character 100 of its body."""
    values: dict[str, Any] = {
        "pool": "article",
        "document_id": "wrong-postcode",
        "language": "en",
        "title": "My postcode is wrong",
        "summary": "",
        "revision_id": 1,
        "revision_number": 1,
        "passage_id": 7,
        "part": "body",
        "heading": "",
        "text": text,
        "start": 100,
        "end": 100 + len(text),
        "highlights": (),
        "audience": "public",
        "trust": "validated",
        "facets": {},
        "tags": (),
        "updated_at": None,
        "outcome": None,
        "other_languages": (),
        "score": 1.0,
        "confidence": 0.9,
        "why": Why(1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    }
    return Hit(**{**values, **changes})


def said_by(sentences: Sequence[Any]) -> list[str]:
    """The cited sentences of a reply."""
    return [sentence.text for sentence in sentences if sentence.citation is not None]
