"""Reading cases."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from kb.actions.cases import MessageInput, archive_case, save_case
from kb.domain import CaseState, Role
from kb.errors import NotFound
from kb.queries.cases import get_case_view, iter_cases, load_resolved
from tests.kb.builders import case


def test_messages_keep_their_order(session: Session) -> None:
    texts = [f"message {number}" for number in range(12)]
    messages = [MessageInput(Role.customer, text) for text in texts]
    save_case(session, case("a", messages=messages), "i")
    save_case(session, case("b"), "i")
    assert [m.text for m in get_case_view(session, "a").messages] == texts
    with pytest.raises(NotFound, match="none"):
        get_case_view(session, "none")


def test_the_index_holds_resolved_cases_only(session: Session) -> None:
    for key in ("b", "a", "c"):
        save_case(session, case(key), "i")
    archive_case(session, "b", "i")
    states = {view.id: view.state for view in iter_cases(session)}
    assert list(states) == ["a", "b", "c"]
    assert states["b"] == CaseState.archived
    assert load_resolved(session, "b") is None
    assert load_resolved(session, "none") is None
    assert load_resolved(session, "a") is not None
