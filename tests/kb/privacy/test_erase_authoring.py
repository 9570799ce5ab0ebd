"""Erasing a customer: nothing of theirs is left in drafts, texts begun, comments and notes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.article_input import ArticleFields, TranslationInput
from kb.actions.articles import publish, save_article, unpublish
from kb.actions.cases import MessageInput, save_case
from kb.actions.comments import CommentInput, add_comment
from kb.actions.drafts import DraftInput, create_draft
from kb.actions.edits import EditInput, keep_edit
from kb.actions.redirects import rename
from kb.actions.reviews import ask_changes, submit
from kb.actions.schedules import plan
from kb.actions.searches import UnansweredSearch, record_search
from kb.actions.suggestions import SuggestionRecord, record_suggestion
from kb.actions.tasks import NewTask, close_task, open_task
from kb.actions.texts import save_text
from kb.domain import (
    Audience,
    Comment,
    Edit,
    Flag,
    FlagKind,
    Gap,
    Role,
    ScheduledAction,
    Task,
    TaskKind,
    utc_now,
)
from kb.errors import Conflict
from kb.privacy.erase import Whom, apply_ledger, clean, erase_customer
from kb.privacy.export import export_customer
from kb.queries.articles import load_article
from kb.secret_key import Marks
from tests.kb.builders import article, case
from tests.kb.privacy.site import ALSO, OTHERS, REF, Site, index, leftovers, rows_with

NUMBER = "LP4830012957"
SHORT = "zqshortqz"  # anybody may say so little: it counts where the article is made of the case
WHOM = Whom(REF)


def _told(site: Site) -> tuple[str, str, str]:
    """A case of the customer's: what the customer and a colleague wrote, and the number."""
    theirs = f"The courier left it with {site.planted('neighbour')} in the yard again"
    ours = f"Rang the depot and had {site.planted('note')} relabelled by hand"
    with site.sessions.begin() as session:
        said = [
            MessageInput(Role.customer, f"Hello. {theirs}! My parcel is {NUMBER}. Mad {SHORT}."),
            MessageInput(Role.agent, "We are sorry to hear that."),
        ]
        told = case("en-7", subject="", customer_ref=REF, messages=said, resolution=f"{ours}.")
        save_case(session, told, "i")
    site.planted.words += [NUMBER, SHORT]
    return theirs, ours, NUMBER


def _draft(session: Session, body: str, key: str = "left-with-neighbour") -> None:
    text = TranslationInput("en", "Left with a neighbour", body, note="from a case")
    create_draft(session, DraftInput(["en-7"], text, ArticleFields("en"), key), "usr_eva")


def _edit(body: str, after: int = 0, key: str = "to-come") -> EditInput:
    return EditInput(key, "en", "Something new", body=body, after=after)


def test_nothing_is_left_in_any_table_of_authoring(site: Site) -> None:
    theirs, ours, number = _told(site)
    with site.sessions.begin() as session:
        _draft(
            session,
            f"## Issue\n\n> {theirs}\n> Mad {SHORT}.\n\n## Resolution\n\n1. {ours.lower()}\n",
        )
        second = _second(theirs, ours)
        save_text(session, "left-with-neighbour", second, "usr_eva", base_number=1)
        keep_edit(session, _edit(f"- {theirs};\n- ask about **{number}** – {OTHERS}"), "usr_eva")
        add_comment(session, "wrong-postcode", CommentInput(f"As in {number}?", quote=ours), "e")
        add_comment(session, "wrong-postcode", CommentInput(f"{REF} says: {theirs}"), "e")
        submit(session, "left-with-neighbour", "usr_eva", note=f"{ours}, is it right?")
        ask_changes(session, "left-with-neighbour", "usr_jan", note=f"not for {number}")
        _plans(session, theirs, ours)
    with site.sessions() as session:
        held = rows_with(site)
        assert {"edit", "comment", "review", "article_change", "task", "schedule", "redirect"} <= {
            found.partition(":")[0] for found in held
        }
        assert session.scalars(select(col(Comment.id))).all()
    index(site)
    report = erase_customer(site.settings, site.engine, WHOM, "ann")
    index(site)
    assert rows_with(site) == []
    assert leftovers(site) == {}
    assert report.left == ()
    with site.sessions() as session:
        view = load_article(session, "left-with-neighbour")
        assert view.translations[0].body == "## Issue\n\n> […]\n\nWhat comes next.\n"
        (edit,) = session.scalars(select(Edit))
        assert edit.body == f"- […];\n- ask about **[name]** – {OTHERS}"
        said = session.scalars(select(Comment).order_by(col(Comment.id))).all()
        assert [(row.text, row.quote) for row in said] == [
            ("As in [name]?", "[…]"),
            ("[name] says: […]", ""),
        ]


def _second(theirs: str, ours: str) -> TranslationInput:
    body = f"## Issue\n\n> {theirs}\n\nWhat comes next.\n"
    return TranslationInput("en", "Left with a neighbour", body, keywords=[theirs], note=ours)


def _plans(session: Session, theirs: str, ours: str) -> None:
    save_article(session, article("renamed", {"en": "About it."}), "e")
    rename(session, "renamed", "renamed-now", "usr_eva", note=ours)
    later = utc_now() + timedelta(days=3)
    plan(session, "wrong-postcode", ScheduledAction.archive, later, "usr_eva", note=theirs)
    open_task(session, NewTask(TaskKind.review_due, "article:wrong-postcode", "k-1"), "usr_eva")
    task = session.scalars(select(Task).where(col(Task.key) == "k-1")).one()
    close_task(session, task.id or 0, "usr_eva", note=f"it was as in: {theirs}")
    values = {"id": "flg_own", "document": "article:wrong-postcode", "language": "en"}
    values |= {"kind": FlagKind.stale, "text": f"{ours}, so it is old", "actor": "usr_eva"}
    session.add(Flag.model_validate(values))


def test_a_tab_that_is_open_cannot_put_it_back(site: Site) -> None:
    theirs, _, _ = _told(site)
    with site.sessions.begin() as session:
        kept = keep_edit(session, _edit(f"{theirs}. {OTHERS}"), "usr_eva")
    erase_customer(site.settings, site.engine, WHOM, "ann")
    with site.sessions() as session, pytest.raises(Conflict) as told:
        keep_edit(session, _edit(f"{theirs}. {OTHERS} more", kept.sequence), "usr_eva")
    assert told.value.details["saved"]["body"] == f"[…]. {OTHERS}"


def test_what_readers_see_stays_but_the_customers_own_words(site: Site) -> None:
    theirs, ours, _ = _told(site)
    with site.sessions.begin() as session:
        _draft(session, f"> {theirs}\n\n{ours}.\n")
        publish(session, "left-with-neighbour", ["en"], "usr_jan")
    site.planted.words[:] = [word for word in site.planted.words if word not in ours]
    report = erase_customer(site.settings, site.engine, WHOM, "ann")
    index(site)
    assert rows_with(site) == []
    assert report.left == ("the article left-with-neighbour, which was made of an erased case",)
    with site.sessions.begin() as session:
        body = load_article(session, "left-with-neighbour").translations[0].body
        assert body == f"> […]\n\n{ours}.\n"


def test_an_article_that_the_customer_quoted_stays(site: Site) -> None:
    line = f"You can send it back within fourteen days, {OTHERS} knows"
    with site.sessions.begin() as session:
        save_article(session, article("returns", {"en": f"{line}."}), "e")
        said = [MessageInput(Role.customer, f"Your page says: {line}!")]
        late = case("en-7", customer_ref=REF, messages=said, opened_at=utc_now())
        save_case(session, late, "i")
    report = erase_customer(site.settings, site.engine, WHOM, "ann")
    assert report.left == ()  # it said so before
    with site.sessions.begin() as session:
        assert load_article(session, "returns").translations[0].body == f"{line}."
        early = case("en-7", customer_ref=REF, messages=said,
                     opened_at=utc_now() - timedelta(days=900))  # fmt: skip
        save_case(session, early, "i")
    report = erase_customer(site.settings, site.engine, WHOM, "ann")
    assert report.left == ("words of the customer in the article returns",)
    with site.sessions.begin() as session:
        assert load_article(session, "returns").translations[0].body == f"{line}."
        save_case(session, early, "i")
        unpublish(session, "returns", "usr_jan")
    erase_customer(site.settings, site.engine, WHOM, "ann")
    with site.sessions() as session:
        assert load_article(session, "returns").translations[0].body == "[…]."


def test_what_others_said_too_is_no_trace(site: Site) -> None:
    same = "Where is my parcel, it should have come"
    with site.sessions.begin() as session:
        for key, ref in (("en-7", REF), ("en-8", "cust-8")):
            said = [MessageInput(Role.customer, f"{same}?")]
            save_case(session, case(key, customer_ref=ref, messages=said), "i")
        add_comment(session, "wrong-postcode", CommentInput(f"They ask: {same}"), "e")
    erase_customer(site.settings, site.engine, WHOM, "ann")
    with site.sessions() as session:
        assert session.scalars(select(col(Comment.text))).all() == [f"They ask: {same}"]


def test_a_copy_put_back_with_other_texts_is_erased_again(site: Site) -> None:
    theirs, _, _ = _told(site)
    erase_customer(site.settings, site.engine, WHOM, "ann")
    with site.sessions.begin() as session:  # an older state, from before the erasure
        old = case("en-7", customer_ref=REF, messages=[MessageInput(Role.customer, f"{theirs}!")])
        save_case(session, old, "i")
        keep_edit(session, _edit(f"Older: {theirs}"), "usr_eva")
        _backdate(session)
    assert apply_ledger(site.settings, site.engine)
    clean(site.settings)
    assert rows_with(site) == []
    assert leftovers(site) == {}


def _backdate(session: Session) -> None:
    from sqlalchemy import update

    from kb.domain import Case

    session.execute(
        update(Case).where(col(Case.id) == "en-7").values(updated_at=utc_now() - timedelta(days=9))
    )


def test_searches_and_drafts_of_what_was_asked_go(site: Site) -> None:
    asked = f"Is {site.planted('asked')} allowed in a parcel to Poland"
    with site.sessions.begin() as session:
        record_suggestion(
            session,
            SuggestionRecord(
                "en", "public", asked, {"messages": [{"role": "customer", "text": asked}]}, {},
                customer_mark=Marks.of(site.settings).customer(REF),
            ),
        )  # fmt: skip
        kept = record_search(session, UnansweredSearch(OTHERS, "en", Audience.public, "not_sure"))
        keep_edit(session, _edit(f"> {asked}?"), "usr_eva")
    theirs, _, _ = _told(site)
    with site.sessions.begin() as session:
        said = f"Hello. {theirs}! My parcel is {NUMBER}."
        record_search(session, UnansweredSearch(said, "en", Audience.internal, "not_sure"))
    erase_customer(site.settings, site.engine, WHOM, "ann")
    assert rows_with(site) == []
    with site.sessions() as session:
        searches = session.scalars(select(Gap).where(col(Gap.suggestion_id).is_(None)))
        assert [row.id for row in searches] == [kept]


def test_what_is_named_besides_is_masked_in_authoring_too(site: Site) -> None:
    with site.sessions.begin() as session:
        keep_edit(session, _edit(f"Write to {ALSO}, not to {OTHERS}"), "usr_eva")
        add_comment(session, "wrong-postcode", CommentInput(f"{ALSO}?"), "e")
        submit_note = f"asked by {ALSO}"
        save_article(session, article("asked", {"en": "About it."}, state=None), "e")
        submit(session, "asked", "usr_eva", note=submit_note)
    report = erase_customer(site.settings, site.engine, Whom(REF, (ALSO,)), "ann")
    assert rows_with(site) == []
    assert report.erased.masked == 4  # the history has the note, too
    with site.sessions() as session:
        assert session.scalars(select(col(Edit.body))).all() == [
            f"Write to [name], not to {OTHERS}"
        ]


def test_an_export_tells_where_it_is_quoted(site: Site) -> None:
    theirs, _, _ = _told(site)
    with site.sessions.begin() as session:
        keep_edit(session, _edit(f"{theirs}. {OTHERS}"), "usr_eva")
    held = export_customer(site.settings, site.engine, WHOM, "ann")
    (found,) = held["mentions"]
    assert found["place"].startswith("edit ")
    assert theirs in found["text"]
