"""What is kept of a suggestion holds nothing personal."""

from __future__ import annotations

import json
from pathlib import Path

from kb.assist.record import suggestion_record
from kb.assist.types import (
    DialogQuery,
    Message,
    Reply,
    ReplySentence,
    SuggestionResult,
    SuggestRequest,
)
from kb.config import Settings
from kb.queries.redactions import hide, hide_again, redaction_rules
from kb.secret_key import Marks

MAIL = "zuzana.hrubkova@example.com"
SAID = f"Where is my parcel? My mail is {MAIL}."


def record(tmp_path: Path, *, generated: bool = False, customer: str | None = None) -> str:
    reply = Reply(
        "en", "en", f"Hello {MAIL}", (ReplySentence(f"Hello {MAIL}", None),), (), generated
    )
    result = SuggestionResult(
        "", "en", 1.0, DialogQuery(SAID, SAID, "en", 1.0, 1.0, {}), (), (), reply, None, {},
        {"total": 1.0},
    )  # fmt: skip
    request = SuggestRequest(
        (Message("customer", SAID),), facets={"contact": [MAIL]}, customer_ref=customer
    )
    settings = Settings(home=tmp_path, _env_file=None)
    made = suggestion_record(request, result, settings)
    if customer:
        assert made.customer_mark == Marks.of(settings).customer(customer)
    return json.dumps([made.query, made.request, made.response])


def test_nothing_of_the_conversation_and_no_customer(tmp_path: Path) -> None:
    kept = record(tmp_path, generated=True, customer="cust-778899")
    assert MAIL not in kept
    assert "778899" not in kept
    assert kept.count("My mail is [e-mail].") == 3  # message, query, focus


def test_a_reply_taken_from_articles_is_kept_as_it_was(tmp_path: Path) -> None:
    assert f"Hello {MAIL}" in record(tmp_path)


def test_what_comes_again_is_masked_the_same(tmp_path: Path) -> None:
    rules = redaction_rules(None)
    for _ in range(2):
        assert hide_again(SAID, "en", rules) == hide(SAID, "en", rules)
    assert hide_again(SAID, "cs", rules) == hide(SAID, "cs", rules)
