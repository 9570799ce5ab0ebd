"""Which incidents touch a conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import import_incidents, import_synonyms
from kb.actions.incidents import IncidentInput, save_incident
from kb.actions.passages import replace_passages
from kb.db import create_engine_for, session_factory
from kb.domain import IncidentState, Pool, Severity
from kb.queries.incidents import IncidentNotice, iter_incidents, touching
from kb.text.terms import terms
from tests.kb.builders import passage

CONTENT = Path(__file__).parents[3] / "content"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FLOOD = IncidentInput(
    "flood",
    IncidentState.active,
    Severity.medium,
    texts={
        "en": {
            "title": "Flood in Leeds",
            "statement": "The depot in Leeds is under water. Parcels wait in Hull.",
            "what_to_say": "Your parcel is dry.",
        },
        "pl": {
            "title": "Powódź w Leeds",
            "statement": "Magazyn w Leeds jest zalany.",
            "what_to_say": "Państwa paczka jest sucha.",
        },
    },
    starts_at=NOW - timedelta(days=1),
    ends_at=NOW + timedelta(days=1),
    countries=["GB"],
    products=["home"],
    match={"en": ["Leeds flood", "under water"], "pl": ["powódź Leeds"]},
)


def _touching(session: Session, *texts: str, **changes: Any) -> tuple[IncidentNotice, ...]:
    given: dict[str, Any] = {
        "facets": {},
        "language": "en",
        "reader_language": "en",
        "now": NOW,
    } | changes
    return touching(session, texts=texts, **given)


def _because(session: Session, *texts: str, **changes: Any) -> list[str]:
    return [notice.because for notice in _touching(session, *texts, **changes)]


def test_words_touch_wherever_the_customer_is(session: Session) -> None:
    save_incident(session, FLOOD, "eva")
    assert _because(session, "hello", "is it the floods in Leeds?") == ["words"]
    assert _because(session, "Leeds flood", facets={"country": ["PL"]}) == ["words"]
    assert _because(session, "where is my parcel") == []
    assert _because(session, "flood", "in Hull") == []
    assert _because(session) == _because(session, " ") == []


def test_only_incidents_under_way_touch(session: Session) -> None:
    for changes, touches in (
        ({"state": IncidentState.planned}, False),
        ({"state": IncidentState.over}, False),
        ({"starts_at": NOW + timedelta(seconds=1), "ends_at": None}, False),
        ({"ends_at": NOW}, False),
        ({"ends_at": None}, True),
        ({}, True),
    ):
        save_incident(session, replace(FLOOD, **changes), "eva")
        assert bool(_because(session, "Leeds flood")) == touches, changes


def test_a_changed_incident_is_looked_for_by_its_new_words(session: Session) -> None:
    save_incident(session, FLOOD, "eva")
    assert _because(session, "Leeds flood")
    save_incident(session, replace(FLOOD, match={"en": ["burst dam"]}), "eva")
    assert _because(session, "the dam has burst") == ["words"]
    assert not _because(session, "under water")


def test_a_place_touches_only_with_its_country_and_matter(session: Session) -> None:
    save_incident(session, replace(FLOOD, match={}), "eva")
    here = {"facets": {"country": ["GB"]}}
    late = "my parcel should come through Hull and is late"
    assert _because(session, late, **here) == ["place"]
    assert _because(session, late) == []
    assert _because(session, late, facets={"country": ["PL"]}) == []
    assert _because(session, late, facets={"country": ["GB"], "product": ["locker"]}) == []
    assert _because(session, late, facets={"country": ["GB"], "product": ["home"]}) == ["place"]
    assert _because(session, "I live in Hull and want an invoice", **here) == []
    assert _because(session, "how much is a parcel to Hull, I wait", **here) == []
    assert _because(session, "my parcel is late", **here) == []
    everywhere = replace(FLOOD, match={}, countries=[], products=[])
    save_incident(session, everywhere, "eva")
    assert _because(session, late, **here) == ["place"]


def test_texts_come_in_the_readers_and_the_customers_language(session: Session) -> None:
    save_incident(session, FLOOD, "eva")
    [notice] = _touching(session, "ta powódź w Leeds", language="pl-PL", reader_language="en")
    assert (notice.language, notice.title) == ("en", "Flood in Leeds")
    assert (notice.what_to_say_language, notice.what_to_say[:7]) == ("pl", "Państwa")
    [notice] = _touching(session, "Leeds flood", language="sl", reader_language="hu")
    assert (notice.language, notice.what_to_say_language) == ("en", "en")
    [notice] = _touching(session, "Leeds flood", language="pl", reader_language="hu")
    assert (notice.language, notice.what_to_say_language) == ("pl", "pl")
    save_incident(session, replace(FLOOD, texts={"pl": FLOOD.texts["pl"]}), "eva")
    [notice] = _touching(session, "Leeds flood", language="sl", reader_language="hu")
    assert notice.title == "Powódź w Leeds"


def test_words_come_before_place_and_high_before_low(session: Session) -> None:
    near = replace(FLOOD, id="near", severity=Severity.high, match={})
    low = replace(FLOOD, id="a-low", severity=Severity.low)
    for incident in (near, low, replace(FLOOD, severity=Severity.high)):
        save_incident(session, incident, "eva")
    said = "Leeds flood: my parcel waits at the depot in Hull"
    found = _touching(session, said, facets={"country": ["GB"]})
    assert [(notice.id, notice.because) for notice in found] == [
        ("flood", "words"),
        ("a-low", "words"),
        ("near", "place"),
    ]


def test_words_far_apart_are_no_phrase(session: Session) -> None:
    save_incident(session, replace(FLOOD, texts={"en": FLOOD.texts["en"]}), "eva")
    between = "and then we talked about something else entirely for a long time " * 5
    assert _because(session, f"There was a flood {between} my sister is from Leeds") == []
    assert _because(session, f"{between} the Leeds flood {between}") == ["words"]


def test_incidents_are_listed_whole(session: Session) -> None:
    save_incident(session, replace(FLOOD, more={"status_page": True}), "eva")
    [view] = iter_incidents(session)
    assert (view.id, view.countries, view.more) == ("flood", ("GB",), {"status_page": True})
    assert view.texts["pl"]["title"] == "Powódź w Leeds"


@pytest.fixture(scope="module")
def demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The demo's incidents and synonyms, with the paragraphs of its articles as passages."""
    path = tmp_path_factory.mktemp("incidents") / "potica.db"
    path.write_bytes(sqlite_template.read_bytes())
    engine = create_engine_for(f"sqlite:///{path}")
    sessions: sessionmaker[Session] = session_factory(engine)
    assert import_synonyms(sessions, CONTENT / "synonyms").ok
    assert import_incidents(sessions, CONTENT / "incidents").ok
    with sessions() as session:
        for file in sorted(CONTENT.glob("??/*.md")):
            language = file.parent.name
            paragraphs = file.read_text(encoding="utf-8").split("\n\n")[1:]
            rows = [
                passage(
                    Pool.article,
                    f"{file.stem}-{language}",
                    text,
                    language=language,
                    terms=" ".join(terms(text, language)),
                )
                for text in paragraphs
            ]
            replace_passages(session, Pool.article, f"{file.stem}-{language}", rows)
        yield session
    engine.dispose()


def test_turns_in_five_languages(demo: Session) -> None:
    """Each turn of incident_turns.yaml against both incidents of the demo."""
    figures = {name: _figures(demo, name) for name in ("learned", "tuned", "held_out")}
    for name, (precision, recall) in figures.items():
        assert precision >= 0.9, (name, figures)
        assert recall >= 0.75, (name, figures)


def _figures(demo: Session, name: str) -> tuple[float, float]:
    right = shown = wanted = 0
    for turn in _turns(name):
        facets = {"country": [turn["country"]]} if "country" in turn else {}
        found = _touching(demo, *turn["texts"], facets=facets, language=turn["language"])
        shown += len(found)
        wanted += "incident" in turn
        right += turn.get("incident") in [notice.id for notice in found]
    return round(right / shown, 3), round(right / wanted, 3)


def _turns(name: str) -> Sequence[dict[str, Any]]:
    text = Path(__file__).with_name("incident_turns.yaml").read_text(encoding="utf-8")
    return [turn for turn in yaml.safe_load(text) if turn["set"] == name]
