"""Facet values named in a text."""

from __future__ import annotations

import pytest

from kb.ports import PassageLabels
from kb.search.named import FacetNames, without_names


def label(*values: str) -> PassageLabels:
    return PassageLabels("article", "en", "public", (("hotel", values),) if values else ())


def test_a_value_is_named_by_most_of_its_words() -> None:
    names = FacetNames.of([label("UNIVERSITY ARMS HOTEL"), label("CITYROOMZ HOTEL"), label()])
    assert set(names.named_in("is the University Arms open")) == {
        ("hotel", "UNIVERSITY ARMS HOTEL")
    }
    assert names.named_in("a hotel please") == {}
    assert names.named_in("") == {}


def test_rare_values_tell_more() -> None:
    names = FacetNames.of([label("locker"), *[label("parcel")] * 9, label()])
    locker, parcel = (names.scores(names.named_in(text)) for text in ("locker", "parcel"))
    assert locker.tolist() == [1.0] + [0.0] * 10
    assert 0 < parcel[1] < 0.1


def test_a_few_new_pages_are_judged_as_part_of_the_whole() -> None:
    old = [label("parcel"), label("parcel"), label("parcel box"), label("locker")]
    new = [label("parcel"), label("pallet")]
    whole = FacetNames.of([*old, *new])
    side = FacetNames.of(new, FacetNames.of(old))
    for text in ("my parcel", "my pallet", "parcel box", "nothing"):
        expected = whole.scores(whole.named_in(text))[len(old) :]
        assert side.scores(side.named_in(text)).tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize(
    ("text", "values", "left"),
    [
        ("is the Grand Hotel open", ["grand hotel"], "is the open"),
        ("start my parcel", ["art"], "start my parcel"),
        ("the application fails", ["app"], "the application fails"),
        ("my pačka is lost", ["Packa"], "my is lost"),
        ("to is it", ["is"], "to is it"),
        ("what (b+c) costs", ["b+c"], "what ( ) costs"),
        ("nothing here", [], "nothing here"),
    ],
)
def test_names_are_taken_out_as_whole_words(text: str, values: list[str], left: str) -> None:
    assert without_names(text, values) == left
