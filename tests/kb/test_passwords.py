"""Passwords: which are taken, and how they are kept and compared."""

from __future__ import annotations

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from kb import passwords
from kb.errors import Busy, PasswordRefused
from kb.passwords import check_new, check_password, new_password
from tests.kb.people import PASSWORD, hashed


def weakly_hashed() -> str:
    """`PASSWORD` as an installation of old might have kept it."""
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)).hash(PASSWORD)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "short"),
        ("elevenchars", "short"),
        ("x" * 201, "long"),
        ("password1234", "common"),
        ("Password2026!", "common"),
        ("Qwertyuiop12", "common"),
        ("123456789012", "common"),
        ("210987654321", "common"),
        ("abcdefghijklm", "common"),
        ("abcabcabcabc", "common"),
        ("aaaaaaaaaaaaa", "common"),
        ("Hasło1234567", "common"),
        ("potica-potica-potica", "common"),
        ("Zagórska says hello", "personal"),
        ("my mail is ewa.zag@lipa", "personal"),
    ],
)
def test_passwords_that_are_not_taken(password: str, reason: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        check_new(password, email="ewa.zag@lipa.example", name="Ewa Zagorska")
    assert refused.value.reason == reason
    assert password not in refused.value.message


@pytest.mark.parametrize(
    "password", [PASSWORD, "twelve chars", "x7#pQ9!mZ2$v", "žluťoučký kůň úpěl"]
)
def test_passwords_that_are_taken(password: str) -> None:
    check_new(password, email="ana@kb.example", name="Ana Li")


def test_a_password_is_kept_as_argon2id_and_recognised() -> None:
    kept = hashed().hash
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert check_password(PASSWORD, kept) == passwords.Checked(True)
    assert not check_password(PASSWORD + " ", kept).right
    assert not check_password(PASSWORD, None).right


def test_keyboards_that_write_a_letter_differently_agree() -> None:
    composed, decomposed = (
        "k\u016f\u0148 a \u017elu\u0165 da",
        "ku\u030an\u030c a z\u030clut\u030c da",
    )
    kept = new_password(composed, email="a@b", name="").hash
    assert check_password(decomposed, kept).right


def test_what_is_too_long_is_not_cut_to_fit() -> None:
    kept = new_password("ab cd ef gh " * 16 + "ij kl mn", email="a@b", name="").hash
    assert not check_password("ab cd ef gh " * 16 + "ij kl mn" + "x", kept).right


def test_older_parameters_are_renewed() -> None:
    weak = weakly_hashed()
    checked = check_password(PASSWORD, weak)
    assert checked.right
    assert checked.rehashed is not None
    assert checked.rehashed.hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert check_password("not this one at all", weak).rehashed is None


def test_so_many_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    for _ in range(passwords.AT_ONCE):
        passwords._turns.acquire()
    try:
        with pytest.raises(Busy):
            check_password(PASSWORD, None)
    finally:
        for _ in range(passwords.AT_ONCE):
            passwords._turns.release()
    assert not check_password(PASSWORD, None).right
