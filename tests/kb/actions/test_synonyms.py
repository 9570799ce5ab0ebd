"""Replacing the synonyms of a language."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from kb.actions.synonyms import replace_synonyms
from kb.errors import InvalidInput
from kb.queries.synonyms import load_synonyms
from tests.kb.builders import audited


def test_groups_replace_those_of_their_language_only(session: Session) -> None:
    replace_synonyms(session, "en", [["zip", "postcode"], ["locker", "box"]])
    replace_synonyms(session, "pl", [["paczkomat", "automat"]])
    replace_synonyms(session, "en", [[" zip ", "postcode", "zip"]], actor="eva")
    assert load_synonyms(session) == {
        "en": (("zip", "postcode"),),
        "pl": (("paczkomat", "automat"),),
    }
    assert audited(session) == [("replace", "en"), ("replace", "pl"), ("replace", "en")]


@pytest.mark.parametrize("groups", [[["alone"]], [["same", "same"]], [["a", " "]], [["a", "\0"]]])
def test_groups_that_say_nothing_are_refused(session: Session, groups: list[list[str]]) -> None:
    replace_synonyms(session, "en", [["zip", "postcode"]])
    with pytest.raises(InvalidInput):
        replace_synonyms(session, "en", groups)
    assert load_synonyms(session)["en"] == (("zip", "postcode"),)
