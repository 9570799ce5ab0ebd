"""People for tests of actions: accounts, and a password that is hashed once."""

from __future__ import annotations

import secrets
from functools import lru_cache

from sqlalchemy.orm import Session

from kb.actions.users import NewUser, add_user
from kb.passwords import NewPassword, new_password

PASSWORD = "river maple copper plum"


@lru_cache(maxsize=1)
def hashed() -> NewPassword:
    """`PASSWORD`, hashed once for all tests: it takes a third of a second."""
    return new_password(PASSWORD, email="x@lipa.example", name="")


def person(*roles: str, email: str = "", name: str = "Ana Kos", language: str = "en") -> NewUser:
    """Somebody to invite."""
    email = email or f"{secrets.token_hex(6)}@lipa.example"
    return NewUser(email, name, roles or ("agent",), language)


def add(session: Session, *roles: str, email: str = "", name: str = "Ana Kos") -> str:
    """An active account with `PASSWORD`; gives its id."""
    return add_user(session, person(*roles, email=email, name=name), hashed(), actor="test")
