"""Demo accounts, one for each role, and colleagues who solved the demo company's cases.

They are made by `potica demo` and by nothing else.

Their passwords are worked out from the installation's secret key: each installation has its own,
the same every time, and none is stored.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kb.cli.terminal import opened
from kb.config import Settings

if TYPE_CHECKING:
    from kb.actions.users import NewUser

DOMAIN = "lipa.example"
_WORDS = Path(__file__).with_name("demo_words.txt")
ROLES = (
    "customer",
    "agent",
    "contributor",
    "publisher",
    "domain_expert",
    "manager",
    "administrator",
)
COLLEAGUES = {
    "en": "agent-03",
    "pl": "agent-08",
    "cs": "agent-12",
    "sl": "agent-14",
    "hu": "agent-17",
}
"""Language -> what its demo cases call an agent: somebody to ask in the sidebar."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    role: str
    email: str
    password: str
    state: str


def demo_password(key: bytes, email: str) -> str:
    """`walnut-`, four words and nine digits: 61.9 bits of HMAC-SHA-256 of the e-mail."""
    known = _WORDS.read_text(encoding="ascii").split()  # 256 of them: eight bits each
    number = int.from_bytes(hmac.digest(key, email.encode(), hashlib.sha256), "big")
    words = []
    for _ in range(4):
        number, place = divmod(number, len(known))
        words.append(known[place])
    digits = f"{number % 10**9:09d}"
    return "-".join(["walnut", *words, digits[:3], digits[3:6], digits[6:]])


def ensure_demo_people(settings: Settings) -> list[DemoPerson]:
    """Every demo account, made where it is missing, its password set where it is another.

    One that was disabled stays so.
    """
    from kb.secret_key import derived_key, load_secret_key

    key = derived_key(load_secret_key(settings), "demo")
    return list(_each(settings, key))


def print_demo_people(people: list[DemoPerson], console: Console, address: str) -> None:
    """The table of who can sign in, and where."""
    table = Table("e-mail", box=None, title=f"Sign in at {escape(address)}/sign-in")
    table.add_column("password", no_wrap=True, min_width=50)  # never cut: it is to be copied
    for person in people:
        is_out = person.state == "disabled"
        table.add_row(person.email, "(disabled)" if is_out else person.password)
    console.print(table)


def _each(settings: Settings, key: bytes) -> Iterator[DemoPerson]:
    from kb.actions.users import add_user, set_password
    from kb.passwords import check_password, new_password
    from kb.queries.users import find_credentials

    with opened(settings) as sessions:
        for account in _accounts(settings.default_language):
            password = demo_password(key, account.email)
            with sessions() as session:
                found = find_credentials(session, account.email)
            state = str(found.user.state) if found else "active"
            if found is None or not check_password(password, found.password_hash).right:
                hashed = new_password(password, email="", name="")
                with sessions.begin() as session:
                    if found is None:
                        add_user(session, account, hashed, actor="demo")
                    else:
                        set_password(session, found.user.id, hashed, actor="demo")
            yield DemoPerson(account.roles[0], account.email, password, state)


def _accounts(language: str) -> Iterator[NewUser]:
    from kb.actions.users import NewUser

    for role in ROLES:
        email = f"{role.replace('_', '.')}@{DOMAIN}"
        yield NewUser(email, f"Demo {role.replace('_', ' ')}", (role,), language)
    for spoken, name in COLLEAGUES.items():
        yield NewUser(f"{name}@{DOMAIN}", f"Demo {name}", ("agent",), spoken)
