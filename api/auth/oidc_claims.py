"""From a provider's claims to what they mean here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kb.config import Settings
from kb.domain.provider import ProvidedIdentity

MAX_TEXT = 500  # characters of a claim that is kept


def identity_of(claims: Mapping[str, Any], settings: Settings, issuer: str) -> ProvidedIdentity:
    """The person that checked claims describe."""
    email = claims.get(settings.oidc_email_claim)
    name = _text(claims.get(settings.oidc_name_claim)) or _text(claims.get("preferred_username"))
    return ProvidedIdentity(
        subject=f"{issuer}|{claims['sub']}",
        email=email if isinstance(email, str) else None,
        is_verified=_vouched(claims, email),
        name=name,
        language=_language(_text(claims.get("locale")), settings),
        roles=_roles(claims, settings),
    )


def is_complete(claims: Mapping[str, Any], settings: Settings) -> bool:
    """Whether the ID token alone says all that is wanted."""
    path = settings.oidc_roles_claim
    has_roles = not path or claim_at(claims, path) is not None
    return has_roles and bool(claims.get(settings.oidc_email_claim))


def completed(claims: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The ID token's claims, and what it left out. Nobody vouches for another's address."""
    found = {**more, **claims}
    if "email" in more and "email" not in claims:
        found["email_verified"] = more.get("email_verified")
    return found


def claim_at(claims: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where there is none.

    Names may hold dots themselves ("https://post.example/roles"): the longest name that is there
    goes first.
    """
    if path in claims:
        return claims[path]
    parts = path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        inner = claims.get(".".join(parts[:end]))
        if isinstance(inner, Mapping):
            found = claim_at(inner, ".".join(parts[end:]))
            if found is not None:
                return found
    return None


def _roles(claims: Mapping[str, Any], settings: Settings) -> tuple[str, ...] | None:
    if not settings.oidc_roles_claim:
        return None
    value = claim_at(claims, settings.oidc_roles_claim)
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    mapped = (settings.oidc_role_map.get(one) for one in values if isinstance(one, str))
    return tuple(sorted({role for role in mapped if role}))


def _vouched(claims: Mapping[str, Any], email: object) -> bool | None:
    """Whether the provider vouches for the address; `email_verified` is about `email` alone.

    Some providers write booleans as text.
    """
    said = claims.get("email_verified")
    if said is None or claims.get("email") != email:
        return None
    return said is True or said == "true"


def _text(value: object) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def _language(locale: str, settings: Settings) -> str:
    base = locale.replace("_", "-").split("-")[0].lower()
    return base if base in settings.languages else settings.default_language
