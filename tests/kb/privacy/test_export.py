"""What a customer is given: all that an erasure would take."""

from __future__ import annotations

import io
import json
import zipfile

from kb.db import session_factory
from kb.privacy.erase import Whom
from kb.privacy.export import GIVEN, WITHIN, as_json, as_markdown, as_zip, export_customer
from kb.queries.audit import AuditFilter, list_audit
from tests.kb.privacy.site import OTHERS, REF, Site


def test_everything_of_theirs_and_nothing_of_others(site: Site) -> None:
    held = export_customer(site.settings, site.engine, Whom(REF), "ann")
    told = as_json(held).decode()
    # Words of versions that were replaced, of an error and of a case's index are no longer held.
    gone = [word for word in site.planted.words if word not in told]
    assert all("first" in word or "error" in word for word in gone)
    assert any("asked" in word for word in site.planted.words if word in told)
    assert f"{OTHERS} edited" not in told
    assert f"question of {OTHERS}" not in told
    own, *others = [case["id"] for case in held["cases"]]
    assert (own[:2], others) == ("c-", ["en-1", "en-2", "en-3"])
    counts = {name: len(held[name]) for name in (*GIVEN, "interactions")}
    assert counts == {"flags": 1, "contributions": 1, "questions": 1, "interactions": 2}
    solved = next(row for row in held["interactions"] if row["state"] == "resolved")
    assert {name: len(solved[name]) for name in WITHIN} == {
        "messages": 3,
        "events": 5,
        "deliveries": 4,
        "receipts": 0,
    }
    assert "text_hashes" not in told
    assert "customer_mark" not in told
    with session_factory(site.engine)() as session:
        (noted,) = list_audit(session, AuditFilter(action="export")).items
    assert noted.details["cases"] == 4
    assert REF not in str(noted)


def test_the_forms_it_comes_in(site: Site) -> None:
    held = export_customer(site.settings, site.engine, Whom(REF), "ann")
    assert json.loads(as_json(held)) == held
    words = as_markdown(held).decode()
    assert f"# What is held about {REF}" in words
    assert "## Case en-2" in words
    assert "## Conversation int_" in words
    with zipfile.ZipFile(io.BytesIO(as_zip(held))) as archive:
        assert archive.namelist() == ["data.json", "summary.md"]
        assert archive.read("summary.md") == as_markdown(held)


def test_of_somebody_unknown_nothing_is_held(site: Site) -> None:
    held = export_customer(site.settings, site.engine, Whom("nobody"), "ann")
    assert not any(
        held[name] for name in ("cases", "interactions", "suggestions", "gaps", "mentions", *GIVEN)
    )
