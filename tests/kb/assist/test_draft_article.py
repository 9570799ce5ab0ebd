"""A draft says what its cases say, hides what is personal in them, and can be traced."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from kb.actions.cases import CaseInput, MessageInput, save_case
from kb.assist.draft_article import ArticleDraft, draft_from_case, with_links
from kb.assist.draft_cases import Corrections, DraftRedaction, load_draft_cases
from kb.assist.draft_generate import worded_draft
from kb.assist.draft_pieces import DraftCase
from kb.domain import CaseState, Channel, Outcome, Role
from kb.errors import GeneratorError, InvalidInput, NotFound
from kb.ports import Encoder
from kb.text.markdown import plain_text
from kb.text.redact import PersonalKind
from tests.kb.assist.test_rewrite import Model

PIN = CaseInput(
    "en-1",
    "en",
    Channel.chat,
    (
        MessageInput(Role.customer, "Hello! I did not get the PIN for locker LP4830077120."),
        MessageInput(Role.agent, "Please give me the postcode."),
        MessageInput(Role.customer, "Can you send it again to 07700 900123?"),
        MessageInput(Role.agent, "The PIN did not come because the number is a landline."),
        MessageInput(Role.customer, "got it, thank you"),
    ),
    subject="Re: locker PIN missing, LP4830077120",
    state=CaseState.resolved,
    facets={"product": ["locker"], "topic": ["lockers"], "country": ["GB"]},
    tried="Sent again twice.",
    resolution="Order matters: 1) check the number; 2) correct it; 3) send the PIN again.",
    outcome=Outcome.solved,
)


def cases(session: Session, *given: CaseInput, corrections: Corrections | None = None):  # type: ignore[no-untyped-def]
    for case in given:
        save_case(session, case, "tests")
    session.flush()
    ids = [case.id for case in given]
    return load_draft_cases(session, ids, {}, corrections or {}, "tests")


def drafted(session: Session, *given: CaseInput) -> ArticleDraft:
    return draft_from_case(cases(session, *given))[0]


def test_a_draft_has_the_sections_of_its_case(session: Session) -> None:
    draft = drafted(session, PIN)
    assert draft.title == "Locker PIN missing"
    assert draft.body.splitlines()[:4] == [
        "## What the customer says",
        "",
        "> I did not get the PIN for locker [parcel number].",
        ">",
    ]
    for part in (
        "- Country: United Kingdom",
        "- Channel: chat",
        "## Cause\n\nThe PIN did not come because the number is a landline.",
        "## What was tried\n\nSent again twice.",
        "Order matters:\n\n1. Check the number\n2. Correct it\n3. Send the PIN again.",
    ):
        assert part in draft.body
    assert "got it" not in draft.body
    assert draft.tags == ("lockers",)
    assert (draft.language, draft.cases, draft.audience) == ("en", ("en-1",), "internal")


def test_every_sentence_and_mask_has_its_place_in_the_case(session: Session) -> None:
    loaded = cases(session, PIN)
    draft, _ = draft_from_case(loaded)
    parts = loaded[0].redactions.parts
    for mask in draft.masks:
        assert draft.body[mask.start : mask.end].startswith("[")
        assert parts[mask.part][mask.raw_start : mask.raw_end] in ("LP4830077120", "07700 900123")
    assert {mask.kind for mask in draft.masks} == {"parcel", "phone"}
    assert len(draft.sources) >= 7
    for source in draft.sources:
        said, raw = draft.body[source.start : source.end], parts[source.part]
        if "[" not in said:
            assert said.lower() == raw[source.raw_start : source.raw_end].lower()


def test_redactions_are_corrected_for_the_draft_alone(session: Session) -> None:
    text = PIN.messages[0].text
    start = text.index("locker")
    hidden = DraftRedaction("message:0", start, start + 6, PersonalKind.name)
    loaded = cases(session, PIN, corrections={"en-1": [hidden]})
    draft, _ = draft_from_case(loaded)
    assert "I did not get the PIN for [name] LP4830077120." in draft.body
    assert "[parcel number]" in draft_from_case(cases(session, PIN))[0].body
    outside = replace(hidden, end=5000)
    with pytest.raises(InvalidInput, match="outside its texts"):
        cases(session, PIN, corrections={"en-1": [outside]})


def test_several_cases_make_one_draft_that_says_things_once(session: Session) -> None:
    other = replace(PIN, id="en-2", facets={"product": ["locker"], "country": ["PL"]})
    czech = replace(
        PIN,
        id="cs-1",
        language="cs",
        subject="nepřišel PIN",
        messages=(MessageInput(Role.customer, "PIN nepřišel."),),
        resolution="Zkontrolujte číslo.",
    )
    draft = drafted(session, PIN, other, czech)
    assert draft.body.count("Sent again twice.") == 1
    assert "- Country: United Kingdom, Poland, Czechia" not in draft.body
    assert "United Kingdom, Poland" in draft.body
    assert draft.facets == {"product": ["locker"]}
    assert draft.cases == ("en-1", "en-2", "cs-1")
    assert draft.left_out == ("cs-1",)
    assert "Zkontrolujte" not in draft.body
    in_czech = draft_from_case(cases(session, PIN, czech), "cs")[0]
    assert "## Řešení\n\nZkontrolujte číslo." in in_czech.body


def test_what_cannot_be_drafted_says_why(session: Session) -> None:
    unsolved = replace(PIN, id="en-3", state=CaseState.open, resolution="")
    with pytest.raises(InvalidInput, match="how it was solved"):
        drafted(session, unsolved)
    with pytest.raises(NotFound):
        load_draft_cases(session, ["never-was"], {}, {}, "tests")
    save_case(session, PIN, "tests")
    with pytest.raises(NotFound):
        load_draft_cases(session, ["en-1"], {"country": ["SI"]}, {}, "tests")


def test_what_was_asked_back_is_no_step(session: Session) -> None:
    said = "I have corrected the number and sent the PIN again. Where are you now?"
    body = drafted(session, replace(PIN, id="en-9", resolution=said)).body
    assert "sent the PIN again" in body
    assert "Where are you now" not in body


def test_markdown_in_a_case_stays_text(session: Session) -> None:
    marked = "<b>bold</b> [link](javascript:alert) *star* &amp; # no heading"
    case = replace(PIN, id="en-4", resolution=marked, messages=PIN.messages[:1])
    assert plain_text(drafted(session, case).body).endswith(f"Resolution\n{marked}")


def test_links_to_what_the_case_cites(session: Session) -> None:
    linked = with_links(drafted(session, PIN), [("locker-full", "The [full] locker")])
    assert linked.body.endswith("## See also\n\n- [The \\[full\\] locker](article:locker-full)\n")


def worded(session: Session, encoder: Encoder, model: Model) -> tuple[ArticleDraft, ArticleDraft]:
    loaded: list[DraftCase] = cases(session, PIN)
    draft, sections = draft_from_case(loaded)
    return draft, worded_draft(draft, sections, loaded, model, encoder)


def test_a_model_words_what_the_case_backs_and_nothing_else(
    session: Session, encoder: Encoder
) -> None:
    answer = (
        "TITLE [1] PIN for the locker not received\n"
        "CAUSE [3] The PIN did not come because the number is a landline.\n"
        "STEP [8] Then send the PIN again.\n"
        "STEP [7] Pay the customer 50 pounds at once.\n"
        "STEP [99] Check the number.\n"
    )
    before, after = worded(session, encoder, Model(answer))
    assert after.generated
    assert "3. Then send the PIN again." in after.body
    assert "50 pounds" not in after.body
    assert after.dropped == ("Pay the customer 50 pounds at once.", "Check the number.")
    assert "1. Check the number\n2. Correct it\n" in after.body  # not worded, not lost
    issue = before.body.partition("## Where")[0]
    assert after.body.startswith(issue)  # the customer's own words


def test_a_model_that_fails_changes_nothing(session: Session, encoder: Encoder) -> None:
    def fail(_prompt: str) -> str:
        raise GeneratorError("away")

    before, after = worded(session, encoder, Model(fail))
    assert after == before
    before, after = worded(session, encoder, Model("I cannot do this."))
    assert after == before


def test_the_model_sees_what_may_be_shown_only(session: Session, encoder: Encoder) -> None:
    model = Model("")
    worded(session, encoder, model)
    assert "[parcel number]" in model.prompts[0]
    assert "LP4830077120" not in model.prompts[0]
