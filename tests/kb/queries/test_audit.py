"""Reading the audit."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb.actions.articles import archive, save_article, set_trust
from kb.domain import Trust
from kb.queries.audit import list_audit
from kb.queries.paging import Paging
from tests.kb.builders import article


def test_the_newest_comes_first_and_one_thing_can_be_asked_for(session: Session) -> None:
    save_article(session, article("a"), "eva")
    save_article(session, article("b"), "importer")
    set_trust(session, "a", Trust.validated, "jan")
    archive(session, "a", "jan")
    page = list_audit(session, entity="article", entity_id="a")
    assert [(e.action, e.actor) for e in page.items] == [
        ("archive", "jan"),
        ("set_trust", "jan"),
        ("create", "eva"),
    ]
    assert page.items[1].details["new"] == "validated"
    assert page.items[0].at >= page.items[2].at
    last = list_audit(session, paging=Paging(offset=3, limit=1))
    assert (last.items[0].action, last.total) == ("create", 4)
    assert list_audit(session, entity="case").items == ()
