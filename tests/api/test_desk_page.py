"""The editors' pages: lists, bulk changes with undo, languages, tasks, groups, questions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.ui import i18n
from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.actions.articles import save_article
from kb.actions.comments import CommentInput, add_comment
from kb.actions.searches import UnansweredSearch, record_search
from kb.actions.tasks import NewTask, open_task
from kb.domain import Article, ArticleState, Audience, TaskKind, TaskState, User
from kb.queries.life import TaskFilters, list_tasks
from tests.api.calls import search
from tests.api.people import make_user, services_in, signed_in

PAGES = (
    "/editor",
    "/editor/articles",
    "/editor/articles?list=flagged&q=nothing-like-this",
    "/editor/board?status=missing&lang=pl",
    "/editor/tasks",
    "/editor/groups?answered=true",
    "/editor/gaps?kind=search",
    "/editor/duplicates",
)


@pytest.fixture
def nina(visitor: TestClient) -> User:
    """A publisher."""
    return make_user(services_in(visitor).engine.session_factory, "publisher")


@pytest.fixture
def desk(visitor: TestClient, nina: User) -> Iterator[TestClient]:
    """Her browser."""
    visitor.headers["x-csrf-token"] = signed_in(visitor, nina)["x-csrf-token"]
    visitor.headers["accept"] = "text/html"
    yield visitor
    del visitor.headers["x-csrf-token"]
    visitor.headers["accept"] = "*/*"


def write(client: TestClient, key: str, owner: str | None = None, **fields: object) -> None:
    """An article of that key in English, a draft unless its state is given."""
    given = {"audience": Audience.public, "owner": owner} | fields
    state = given.pop("state", ArticleState.draft)
    text = TranslationInput("en", f"About {key}", f"The zq{key} is in the hall.")
    with services_in(client).engine.session_factory.begin() as session:
        fields_ = ArticleFields("en", **given)  # type: ignore[arg-type]
        save_article(session, ArticleInput(key, [text], fields_, state), "test")  # type: ignore[arg-type]


def titles(page: str) -> list[str]:
    return re.findall(r'name="article" value="([^"]+)"', page)


def owner_of(client: TestClient, key: str) -> str | None:
    with services_in(client).readers() as session:
        return session.get_one(Article, key).owner


@pytest.mark.parametrize("language", i18n.NAMES)
def test_every_page_is_there_in_every_language(desk: TestClient, language: str) -> None:
    for path in PAGES:
        answer = desk.get(f"{path}{'&' if '?' in path else '?'}ui={language}")
        assert answer.status_code == 200, path
        text = answer.text
        assert f'<html lang="{language}">' in text
        assert text.count("<h1") == 1
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text), path
        assert re.search(r'<a href="/editor[^"]*" aria-current=', text), path


def test_customers_have_no_desk(visitor: TestClient) -> None:
    signed_in(visitor, make_user(services_in(visitor).engine.session_factory, "customer"))
    assert visitor.get("/editor", headers={"accept": "text/html"}).status_code == 403
    assert "/editor" not in visitor.get("/", headers={"accept": "text/html"}).text


def test_a_manager_looks_and_changes_nothing(visitor: TestClient) -> None:
    write(visitor, "desk-look")
    headers = signed_in(visitor, make_user(services_in(visitor).engine.session_factory, "manager"))
    page = visitor.get("/editor/articles?q=desk-look").text
    assert "About desk-look" in page
    assert titles(page) == []
    given = {"action": "owner", "article": ["desk-look"]}
    refused = visitor.post("/editor/articles/preview", data=given, headers=headers)
    assert refused.status_code == 403


def test_a_list_is_what_its_address_says(desk: TestClient, nina: User) -> None:
    write(desk, "desk-one", nina.id, tags=["zqtag"])
    write(desk, "desk-two", None, tags=["zqtag"])
    write(desk, "desk-three", None, tags=["zqtag"], state=ArticleState.published)
    found = desk.get("/editor/articles?tag=zqtag&order=key").text
    assert titles(found) == ["desk-one", "desk-three", "desk-two"]
    assert titles(desk.get("/editor/articles?tag=zqtag&state=published").text) == ["desk-three"]
    assert titles(desk.get("/editor/articles?tag=zqtag&owner=me").text) == ["desk-one"]
    assert "desk-two" in titles(desk.get("/editor/articles?q=two+ABOUT&owner=nobody").text)
    unused = titles(desk.get("/editor/articles?tag=zqtag&list=unused").text)
    assert unused == ["desk-three"]
    odd = desk.get("/editor/articles?state=never&audience=%22%3E&order=x&list=%3Cb%3E&lang=zz")
    assert odd.status_code == 200
    assert "<b>" not in odd.text


def test_many_at_once_are_looked_at_first_and_undone(desk: TestClient, nina: User) -> None:
    for key in ("many-a", "many-b"):
        write(desk, key)
    write(desk, "many-c", nina.id)
    given = {"action": "owner", "owner": nina.id, "back": "q=many-&order=key"}
    shown = desk.post(
        "/editor/articles/preview", data=given | {"article": ["many-a", "many-b", "many-c"]}
    ).text
    assert re.search(r'name="articles" value="many-a many-b"', shown)
    assert "1 article is like this already." in shown
    assert owner_of(desk, "many-a") is None
    asked = {"action": "owner", "value": nina.id, "articles": "many-a many-b", "note": "on leave"}
    done = desk.post("/editor/articles/bulk", data=asked | {"back": given["back"]})
    assert str(done.url).endswith(f"done={done.url.params['done']}")
    assert done.url.params["q"] == "many-"
    assert "2 articles are changed." in done.text
    assert owner_of(desk, "many-b") == nina.id
    with services_in(desk).engine.session_factory.begin() as session:
        save_article(
            session,
            ArticleInput("many-b", [TranslationInput("en", "About many-b", "Another text.")]),
            "somebody",
        )
    undone = desk.post(
        "/editor/articles/undo", data={"bulk": done.url.params["done"], "back": given["back"]}
    )
    assert "It is undone." in undone.text
    assert "What somebody changed since stays as it is." in undone.text
    assert (owner_of(desk, "many-a"), owner_of(desk, "many-b")) == (None, nina.id)
    again = desk.post("/editor/articles/undo", data={"bulk": done.url.params["done"]})
    assert again.status_code == 200


def test_all_that_a_list_finds_is_changed_at_once(desk: TestClient) -> None:
    for key in ("whole-a", "whole-b"):
        write(desk, key)
    given = {"action": "add_tag", "tag": "zqall", "everything": "1", "back": "q=whole-"}
    shown = desk.post("/editor/articles/preview", data=given).text
    assert 'value="whole-a whole-b"' in shown
    asked = {"action": "add_tag", "value": "zqall", "articles": "whole-a whole-b"}
    desk.post("/editor/articles/bulk", data=asked)
    assert len(titles(desk.get("/editor/articles?tag=zqall").text)) == 2
    nothing = desk.post("/editor/articles/preview", data={"action": "archive", "back": "q=whole-"})
    assert "No article is selected." in nothing.text
    unsaid = {"action": "add_tag", "tag": " ", "article": ["whole-a"]}
    assert "Say what to write" in desk.post("/editor/articles/preview", data=unsaid).text
    odd = {"action": "archive", "article": ["\x00", "../..", "whole-a"], "back": "\x00&&&="}
    assert desk.post("/editor/articles/preview", data=odd).status_code == 200


def test_what_awaits_somebody_stands_on_their_page(desk: TestClient, nina: User) -> None:
    assert "Nothing awaits you" in desk.get("/editor").text
    write(desk, "await-me", nina.id)
    with services_in(desk).engine.session_factory.begin() as session:
        new = NewTask(TaskKind.review_due, "article:await-me", "await", "age", nina.id)
        open_task(session, new, "system")
        said = CommentInput("Is that so in Celje?", mentions=[nina.id])
        comment = add_comment(session, "await-me", said, "test")
    page = desk.get("/editor").text
    assert "2 things await you" in page
    assert "Is that so in Celje?" in page
    assert "My drafts" in page
    after = desk.post("/editor/seen", data={"comment": str(comment)}).text
    assert "1 thing awaits you" in after
    assert "Celje" not in after


def test_a_task_is_taken_put_off_and_done(desk: TestClient, nina: User) -> None:
    write(desk, "task-of", None, state=ArticleState.published)
    with services_in(desk).engine.session_factory.begin() as session:
        open_task(session, NewTask(TaskKind.review_due, "article:task-of", "desk"), "system")

    def task() -> tuple[int, str | None, TaskState, str]:
        with services_in(desk).readers() as session:
            filters = TaskFilters(state=None, document="article:task-of")
            [found] = list_tasks(session, filters).items
        return found.id, found.owner, found.state, found.due_at.date().isoformat()

    number, _, _, due = task()
    assert "About task-of" in desk.get("/editor/tasks?owner=nobody").text
    taken = desk.post(f"/editor/tasks/{number}/change", data={"owner": "me"}).text
    assert "The task is changed." in taken
    assert task()[1:] == (nina.id, TaskState.open, due)
    desk.post(f"/editor/tasks/{number}/change", data={"days": "7"})
    assert task()[1] == nina.id
    assert task()[3] > due
    given = {"owner": "nobody", "due": "2099-01-31"}
    desk.post(f"/editor/tasks/{number}/change", data=given)
    assert task()[1:] == (None, TaskState.open, "2099-01-31")
    assert "About task-of" in desk.get(f"/editor/tasks/{number}").text
    desk.post(f"/editor/tasks/{number}/stands")
    assert task()[2] == TaskState.done
    late = desk.post(f"/editor/tasks/{number}/change", data={"owner": "me"})
    assert late.status_code == 409


def test_the_board_leads_to_what_is_to_be_done(desk: TestClient) -> None:
    write(desk, "board-of", state=ArticleState.published)
    with services_in(desk).engine.session_factory.begin() as session:
        translated = TranslationInput("sl", "O tem", "V avli.")
        save_article(session, ArticleInput("board-of", [translated]), "test")
        moved = TranslationInput("en", "About board-of", "It moved to the yard.")
        save_article(session, ArticleInput("board-of", [moved]), "test")
    page = desk.get("/editor/board?status=outdated&lang=sl").text
    assert 'href="/editor/articles/board-of/sl/source"' in page
    assert 'href="/editor/articles/board-of/hu"' in page
    assert "board-of" not in desk.get("/editor/board?status=outdated&lang=hu").text
    assert "board-of" in desk.get("/editor/board?status=missing&lang=hu").text
    assert "board-of" in desk.get("/editor/board?status=draft&lang=en").text


def test_a_question_becomes_a_draft_or_is_dismissed(desk: TestClient) -> None:
    with services_in(desk).engine.session_factory.begin() as session:
        for words in ("Zqballoon with helium", "zqzeppelin"):
            asked = UnansweredSearch(words, "en", Audience.public, "nothing_found")
            number = record_search(session, asked)
    page = desk.get("/editor/gaps?kind=search&lang=en").text
    assert "Zqballoon with helium" in page
    assert "Zqballoon" not in desk.get("/editor/gaps?kind=conversation").text
    [first] = re.findall(r'gaps/(\d+)/draft">(?:(?!gaps/).)*Zqballoon', page)
    begun = desk.post(f"/editor/gaps/{first}/draft", follow_redirects=False)
    assert begun.headers["location"] == "/editor/articles/zqballoon-with-helium/en"
    found = desk.get("/editor/articles?q=zqballoon").text
    assert "Zqballoon with helium" in found
    gone = desk.post(f"/editor/gaps/{number}/dismiss", data={"back": "kind=search"})
    assert gone.url.params["kind"] == "search"
    assert "zqzeppelin" not in gone.text
    assert gone.url.params["gap"] == str(number)
    undo = f'action="/editor/gaps/{number}/reopen"'
    assert undo in gone.text
    assert undo not in desk.get("/editor/gaps?kind=search").text
    away = desk.get("/editor/gaps?state=closed").text
    assert "zqzeppelin" in away
    assert undo in away
    back = desk.post(f"/editor/gaps/{number}/reopen", data={"back": "kind=search"})
    assert back.url.params["kind"] == "search"
    assert "It is back among the unanswered." in back.text
    assert "zqzeppelin" in back.text
    odd = desk.get("/editor/gaps?done=dismissed&gap=%22><b>")
    assert "/reopen" not in odd.text


def test_two_that_say_the_same_become_one(desk: TestClient) -> None:
    text = "Ask the depot in writing for the zqcrane fee of a pallet lift."
    for key in ("twin-a", "twin-b"):
        body = {
            "original_language": "en",
            "audience": "public",
            "state": "published",
            "translations": [{"language": "en", "title": "Pallet lift fee", "body": text}],
        }
        assert desk.put(f"/api/v1/articles/{key}", json=body).json()["indexed"]
    page = desk.get("/editor/duplicates").text
    assert page.index("twin-a") < page.index("twin-b")
    assert re.search(r'name="article" value="twin-b"><input type="hidden" name="into"', page)
    given = {"article": "twin-b", "into": "twin-a"}
    assert "They are one article now." in desk.post("/editor/duplicates/merge", data=given).text
    assert "twin-b" not in desk.get("/editor/duplicates").text
    found = search(desk, "zqcrane")
    assert "twin-a" in found
    assert "twin-b" not in found


def test_agents_find_the_two_pages_that_open_for_them(visitor: TestClient) -> None:
    ivo = make_user(services_in(visitor).engine.session_factory, "agent")
    signed_in(visitor, ivo)
    start = visitor.get("/try?ui=en", headers={"accept": "text/html"}).text
    assert 'href="/editor/groups">Editing</a>' in start
    assert 'href="/editor"' not in start
    for path in ("/editor/groups", "/editor/gaps"):
        page = visitor.get(f"{path}?ui=en", headers={"accept": "text/html"}).text
        entries = re.findall(r'<a href="(/editor/[a-z]+)"', page.split("<h1>")[0])
        assert set(entries) == {"/editor/groups", "/editor/gaps"}
        assert "begin a draft" not in page  # a key that would do nothing
    assert visitor.get("/editor", headers={"accept": "text/html"}).status_code == 403
