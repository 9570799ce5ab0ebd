"""The text of a widget token: a signed JWT that lives for five minutes and can be renewed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict, Field

from kb.domain import utc_now
from kb.secret_key import derived_key

LIFE = 5 * 60  # seconds
TOTAL_LIFE = 12 * 3600  # seconds from the first token, however often it is renewed
LEEWAY = 10  # seconds that the clocks of servers may differ
AUDIENCE = "potica-widget"
KEPT = "potica-widget-kept"  # the audience of what a cookie keeps
ALGORITHMS = ("HS256",)
LATEST = 10**11  # seconds since 1970: a moment that can still be written down


@dataclass(frozen=True, slots=True)
class WidgetGrant:
    """For whom a token speaks. `session_id`, `key_id` or `helpdesk` names what is behind it.

    `user_id` is whose eyes it reads with; None when a key asked for no person in particular.
    `helpdesk` is the installation of a helpdesk whose signed request named the person.
    """

    origin: str
    session_id: str | None = None
    key_id: str | None = None
    user_id: str | None = None
    first_at: datetime | None = None  # of the first token; None: this is it
    helpdesk: str | None = None


@dataclass(frozen=True, slots=True)
class WidgetToken:
    text: str
    expires_at: datetime
    renewable_until: datetime


@dataclass(frozen=True, slots=True)
class WidgetSigner:
    """Makes and reads tokens; servers that share the secret key read each other's."""

    key: OctKey
    issuer: str

    @classmethod
    def of(cls, secret: bytes, issuer: str) -> WidgetSigner:
        """`secret` is the installation's; `issuer` its public address."""
        return cls(OctKey.import_key(derived_key(secret, "widget")), issuer)

    def sign(self, grant: WidgetGrant, now: datetime | None = None) -> WidgetToken | None:
        """A token for `grant`; None when its total life is over."""
        return self._sign(grant, AUDIENCE, LIFE, now)

    def sign_kept(self, grant: WidgetGrant, now: datetime | None = None) -> WidgetToken | None:
        """What a cookie keeps for the rest of a total life: no token, but good for new ones."""
        return self._sign(grant, KEPT, TOTAL_LIFE, now)

    def _sign(
        self, grant: WidgetGrant, audience: str, life: int, now: datetime | None
    ) -> WidgetToken | None:
        issued = int((now or utc_now()).timestamp())
        first = issued if grant.first_at is None else int(grant.first_at.timestamp())
        expires = min(issued + life, first + TOTAL_LIFE)
        if expires <= issued:
            return None
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "iat": issued,
            "exp": expires,
            "jti": secrets.token_hex(16),
            "first": first,
            "origin": grant.origin,
            "session": grant.session_id,
            "key": grant.key_id,
            "user": grant.user_id,
            "helpdesk": grant.helpdesk,
        }
        text = jwt.encode({"alg": ALGORITHMS[0]}, claims, self.key, algorithms=list(ALGORITHMS))
        return WidgetToken(text, _moment(expires), _moment(first + TOTAL_LIFE))

    def read(self, text: str, now: datetime | None = None) -> WidgetGrant | None:
        """What a token of ours says; None when it is not ours, altered, too old or too new."""
        return self._read(text, AUDIENCE, now)

    def read_kept(self, text: str, now: datetime | None = None) -> WidgetGrant | None:
        """The same of what a cookie kept; None for tokens."""
        return self._read(text, KEPT, now)

    def _read(self, text: str, audience: str, now: datetime | None) -> WidgetGrant | None:
        moment = int((now or utc_now()).timestamp())
        rules = jwt.JWTClaimsRegistry(
            now=moment,
            leeway=LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
        )
        try:
            claims = jwt.decode(text, self.key, algorithms=list(ALGORITHMS)).claims
            rules.validate(claims)
            said = _Said.model_validate(claims)
        except (JoseError, ValueError):
            return None
        first = _moment(said.first)
        return WidgetGrant(said.origin, said.session, said.key, said.user, first, said.helpdesk)


class _Said(BaseModel):
    """The claims of our own."""

    model_config = ConfigDict(strict=True)

    first: int = Field(ge=0, le=LATEST)
    origin: str
    session: str | None
    key: str | None
    user: str | None
    helpdesk: str | None = None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
