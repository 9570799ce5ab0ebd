"""What an identity provider says of a person, and why somebody is not let in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Refusal(StrEnum):
    """Why a sign-in through a provider ends without a session."""

    interrupted = "interrupted"  # not begun in this browser, or too long ago
    cancelled = "cancelled"  # by the person, at the provider
    failed = "failed"  # the provider's answer cannot be used
    no_email = "no_email"
    unverified = "unverified"  # the provider does not vouch for the e-mail
    taken = "taken"  # the e-mail belongs to an account that is not this person's
    no_account = "no_account"
    no_role = "no_role"
    disabled = "disabled"


@dataclass(frozen=True, slots=True)
class ProvidedIdentity:
    """One person, as a provider's checked token describes them.

    `subject` is `<issuer>|<sub>`. `is_verified` is None where the provider says nothing of it.
    `roles` are ours, after mapping; None where roles are not the provider's business.
    """

    subject: str
    email: str | None
    is_verified: bool | None
    name: str
    language: str
    roles: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Admission:
    """Whose account it is, or why there is none to sign in to. One of both is None."""

    user_id: str | None = None
    refusal: Refusal | None = None
