"""`potica users` and the accounts of the demo, on databases of their own."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from kb.actions.articles import save_article
from kb.cli import main
from kb.cli.demo_people import COLLEAGUES, ROLES, demo_password, ensure_demo_people
from kb.cli.demo_work import ABOUT, TO_REVIEW, ensure_demo_work
from kb.cli.doctor import Finding, examine
from kb.config import Settings, get_settings
from kb.db import create_engine_for, session_factory
from kb.domain import DEFAULT_ROLES, Gap, LinkPurpose, Principal, PrincipalKind
from kb.passwords import check_password
from kb.queries.home import load_home
from kb.queries.users import UserView, find_credentials, find_user, link_owner
from tests.kb import builders
from tests.kb.people import add

runner = CliRunner()


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> Settings:
    """A home whose database is set up."""
    return Settings(home=tmp_path, database_url=sqlite_url, _env_file=None)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run `potica users …`; gives exit code, standard output and standard error."""
    monkeypatch.setenv("POTICA_HOME", str(settings.home))
    monkeypatch.setenv("POTICA_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("POTICA_PUBLIC_URL", "https://kb.lipa.example/")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*args: str) -> tuple[int, str, str]:
        get_settings.cache_clear()
        result = runner.invoke(main, ["users", *args])
        get_settings.cache_clear()
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, " ".join(result.stderr.split())

    return run


def _user(settings: Settings, email: str) -> UserView:
    engine = create_engine_for(settings)
    with session_factory(engine)() as session:
        found = find_user(session, email)
    engine.dispose()
    assert found is not None
    return found


def _people(settings: Settings) -> Finding:
    return next(finding for finding in examine(settings) if finding.name == "People")


def test_a_person_is_added_with_a_link_and_changed(run, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    code, out, told = run(
        "add", "Ana@lipa.example", "--name", "Ana [Kos]", "--role", "agent", "--role", "manager",
        "--language", "sl",
    )  # fmt: skip
    assert code == 0, told
    assert out.startswith("https://kb.lipa.example/invitation/")
    assert "POTICA_SMTP_HOST" in told
    token = out.strip().rpartition("/")[2]
    user = _user(settings, "ana@lipa.example")
    assert (user.roles, user.language, user.state) == (("agent", "manager"), "sl", "invited")
    engine = create_engine_for(settings)
    with session_factory(engine)() as session:
        owner = link_owner(session, token, LinkPurpose.invitation)
    engine.dispose()
    assert owner == user

    code, out, _ = run("list", "kos")
    assert code == 0
    for shown in ("Ana [Kos]", "ana@lipa.example", "invited", "agent, manager", "never"):
        assert shown in out
    assert "Nobody fits" in run("list", "nobody")[1]

    assert run("roles", "ana@lipa.example", "--role", "publisher")[0] == 0
    assert _user(settings, "ana@lipa.example").roles == ("publisher",)
    assert run("disable", "ana@lipa.example")[0] == 0
    assert _user(settings, "ana@lipa.example").state == "disabled"
    code, _, told = run("reset", "ana@lipa.example")
    assert (code, "enable" in told) == (1, True)
    assert run("enable", "ana@lipa.example")[0] == 0
    code, out, _ = run("reset", "ana@lipa.example")
    assert (code, "/invitation/" in out) == (0, True)
    assert token not in out


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("add", "no-mail", "--name", "A", "--role", "agent"), "name@company.example"),
        (("add", "a@b.example", "--name", "A", "--role", "king"), "administrator"),
        (("add", "a@b.example", "--name", "A"), "--role"),
        (("add", "a@b.example", "--name", "A", "--role", "agent", "--language", "xx"), "en, pl"),
        (("reset", "nobody@lipa.example"), "potica users list"),
        (("roles", "nobody@lipa.example", "--role", "agent"), "potica users list"),
        (("disable", "nobody@lipa.example"), "potica users list"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(run, args: tuple[str, ...], hint: str) -> None:  # type: ignore[no-untyped-def]
    code, _, told = run(*args)
    assert code == 2
    assert hint in told


def test_the_only_administrator_cannot_be_shut_out(run, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    assert "no administrator" in _people(settings).told
    assert _people(settings).mend == ""
    engine = create_engine_for(settings)
    with session_factory(engine).begin() as session:
        add(session, "administrator", email="first@lipa.example")
    engine.dispose()
    code, _, told = run("disable", "first@lipa.example")
    assert (code, "only administrator" in told) == (1, True)
    assert _people(settings).told.startswith("1 ")


def test_something_waits_for_the_demo_editors_once(run, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    people = {person.role: person for person in ensure_demo_people(settings)}
    engine = create_engine_for(settings)
    with session_factory(engine).begin() as session:
        for key in (ABOUT, TO_REVIEW):
            save_article(session, builders.article(key), "tests")
    assert [ensure_demo_work(settings) for _ in range(2)] == [True, False]
    with session_factory(engine)() as session:
        publisher = find_credentials(session, people["publisher"].email)
        assert publisher is not None
        who = Principal(PrincipalKind.session, publisher.user.id, DEFAULT_ROLES["publisher"])
        home = load_home(session, replace(who, user_id=publisher.user.id))
        assert (home.tasks.total, home.mentions.total) == (1, 1)
        assert session.scalar(select(func.count()).select_from(Gap)) == 6
    engine.dispose()


def test_demo_accounts_are_the_same_every_time(run, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    people = ensure_demo_people(settings)
    assert {person.role for person in people} == set(ROLES) == set(DEFAULT_ROLES) - {"anonymous"}
    assert len(people) == len(ROLES) + len(COLLEAGUES)
    assert len({person.password for person in people}) == len(people)
    engine = create_engine_for(settings)
    with session_factory(engine)() as session:
        hashes = [find_credentials(session, person.email) for person in people]
    for person, found in zip(people[:2], hashes, strict=False):
        assert found is not None
        assert check_password(person.password, found.password_hash).right
        assert found.user.scope == {}
    assert run("disable", people[0].email)[0] == 0
    again = ensure_demo_people(settings)
    assert [person.password for person in again] == [person.password for person in people]
    assert [person.state for person in again] == ["disabled", *["active"] * (len(people) - 1)]
    with session_factory(engine)() as session:
        after = [find_credentials(session, person.email) for person in people]
    engine.dispose()
    assert [f and f.password_hash for f in after] == [f and f.password_hash for f in hashes]


def test_demo_passwords_belong_to_one_installation() -> None:
    one, other = (demo_password(key * 32, "agent@lipa.example") for key in (b"a", b"b"))
    assert one != other
    words = one.split("-")
    assert words[0] == "walnut"
    assert [len(part) for part in words[5:]] == [3, 3, 3]
    assert 4 * math.log2(256) + 9 * math.log2(10) > 60
