"""An OpenID Connect provider: where it is asked, with which keys it signs, what it says.

OpenID Connect Core 1.0 (authorization code flow), Discovery 1.0, RFC 7636 (PKCE), RFC 9207.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, JWKRegistry, Key
from pydantic import BaseModel, ValidationError

from api.auth.oidc_http import call, check_status, read_json
from kb.config import Settings
from kb.errors import FetchFailed, FetchRefused
from kb.net import Fetched

KEY_TYPES = {"RS256": "RSA", "ES256": "EC"}
"""The signatures that are taken, and the keys they need. Never none, never a shared secret."""
CACHED = 3600.0  # seconds that discovery and keys are kept
REFRESHED_EVERY = 30.0  # seconds between two looks for a key that is not known
PAUSE = 5.0  # seconds that nobody asks, after discovery or keys could not be had
LEEWAY = 60  # seconds that the provider's clock may differ

_CODE = re.compile(r"[A-Za-z_]{1,60}")
Model = TypeVar("Model", bound=BaseModel)


class ProviderFailed(Exception):
    """The provider gave no answer that can be used. `reason` is for the log: no texts of its."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Metadata(BaseModel):
    """What of the discovery document matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False


class Tokens(BaseModel):
    """The answer of the token endpoint."""

    id_token: str
    access_token: str | None = None


class KeyList(BaseModel):
    keys: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser is sent with, and what its answer is held against."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


class Provider:
    """One provider, as set. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer
        self.client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._scopes = settings.oidc_scopes
        self._lock = threading.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, list[Key]] | None = None
        self._refreshed = self._away_until = float("-inf")

    @classmethod
    def of(cls, settings: Settings) -> Provider | None:
        """None when no provider is set."""
        is_set = settings.oidc_issuer and settings.oidc_client_id
        return cls(settings) if is_set else None

    def metadata(self) -> Metadata:
        """The discovery document, kept for an hour. Raises ProviderFailed."""
        with self._lock:
            if self._metadata is None or time.monotonic() - self._metadata[0] > CACHED:
                found = self._load(get_well_known_url(self.issuer, external=True), Metadata)
                self._check(found)
                self._metadata = time.monotonic(), found
            return self._metadata[1]

    def address(self, begun: Begun) -> str:
        """Where the browser goes to sign in. Raises ProviderFailed."""
        client = self._client(begun)
        url: str
        url, _ = client.create_authorization_url(
            self.metadata().authorization_endpoint,
            state=begun.state,
            code_verifier=begun.verifier,
            nonce=begun.nonce,
        )
        return url

    def check_issuer(self, said: str | None) -> None:
        """The issuer that came back with the code (RFC 9207). Raises ProviderFailed."""
        needed = self.metadata().authorization_response_iss_parameter_supported
        if said != self.issuer and (said is not None or needed):
            raise ProviderFailed("issuer_of_answer")

    def redeem(self, code: str, begun: Begun) -> Tokens:
        """Tokens for a code; a code works once. Raises ProviderFailed."""
        client = self._client(begun)
        try:
            found = client.fetch_token(
                self.metadata().token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=begun.verifier,
            )
            return Tokens.model_validate(dict(found))
        except (AuthlibBaseError, FetchFailed, FetchRefused, ValueError) as error:
            raise ProviderFailed(f"token_endpoint:{_kind(error)}") from error

    def claims(self, tokens: Tokens, begun: Begun) -> dict[str, Any]:
        """The claims of a checked ID token. Raises ProviderFailed.

        Signature, algorithm, issuer, audience, authorized party, times, nonce and the access
        token's hash are checked (Core 1.0, 3.1.3.7).
        """
        try:
            token = jwt.decode(tokens.id_token, self._key_of, algorithms=list(KEY_TYPES))
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self.client_id},
                    "sub": {"essential": True},
                },
                params={
                    "nonce": begun.nonce,
                    "client_id": self.client_id,
                    "access_token": tokens.access_token,
                },
            )
            claims.validate(leeway=LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise ProviderFailed(f"id_token:{_kind(error)}") from error
        return dict(claims)

    def userinfo(self, tokens: Tokens, subject: str) -> dict[str, Any]:
        """More claims about the same person; none where the provider offers none.

        Raises ProviderFailed, also when they are about somebody else (Core 1.0, 5.3.2).
        """
        endpoint = self.metadata().userinfo_endpoint
        if endpoint is None or tokens.access_token is None:
            return {}
        try:
            bearer = {"authorization": f"Bearer {tokens.access_token}"}
            found = read_json(check_status(call(self.issuer, endpoint, headers=bearer)))
        except (FetchFailed, FetchRefused) as error:
            raise ProviderFailed(f"userinfo:{_kind(error)}") from error
        if found.get("sub") != subject:
            raise ProviderFailed("userinfo:other_subject")
        return found

    def _client(self, begun: Begun) -> OAuth2Client:
        methods = self.metadata().token_endpoint_auth_methods_supported
        method = "client_secret_basic"
        if methods is not None and method not in methods:
            method = "client_secret_post"
        return OAuth2Client(
            session=_Session(self.issuer),
            client_id=self.client_id,
            client_secret=self._secret or None,
            token_endpoint_auth_method=method if self._secret else "none",
            scope=self._scopes,
            redirect_uri=begun.redirect_uri,
            code_challenge_method="S256",
        )

    def _check(self, found: Metadata) -> None:
        if found.issuer != self.issuer:
            raise ProviderFailed("discovery:other_issuer")
        asked = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        is_local = self.issuer.startswith("http:")  # settings allow that on this machine alone
        for url in (*asked, found.userinfo_endpoint or self.issuer):
            if not (url.startswith("https://") or (is_local and url.startswith("http://"))):
                raise ProviderFailed("discovery:endpoint_without_tls")

    def _key_of(self, token: GuestProtocol) -> Key:
        """The key that a token names; looked for once more when it is new."""
        header = token.headers()
        for look_again in (False, True):
            found = [key for key in self._known_keys(look_again) if _fits(key, header)]
            if found and (header.get("kid") is not None or len(found) == 1):
                return found[0]
        raise ProviderFailed("id_token:unknown_key")

    def _known_keys(self, look_again: bool) -> list[Key]:
        uri = self.metadata().jwks_uri
        with self._lock:
            now = time.monotonic()
            is_due = self._keys is None or now - self._keys[0] > CACHED
            if look_again and not is_due and now - self._refreshed > REFRESHED_EVERY:
                self._refreshed, is_due = now, True
            if is_due or self._keys is None:
                self._keys = now, _usable(self._load(uri, KeyList).keys)
            return self._keys[1]

    def _load(self, url: str, model: type[Model]) -> Model:
        """What is kept for long. A provider that is away is not asked by everybody at once."""
        what = model.__name__.lower()
        if time.monotonic() < self._away_until:
            raise ProviderFailed(f"{what}:away")
        try:
            return model.model_validate(read_json(check_status(call(self.issuer, url))))
        except (FetchFailed, FetchRefused, ValidationError) as error:
            self._away_until = time.monotonic() + PAUSE
            raise ProviderFailed(f"{what}:{_kind(error)}") from error


class _Session:
    """What authlib's client sends requests with."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def post(
        self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any
    ) -> _Answer:
        url, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _Answer(call(self.issuer, url, method="POST", headers=sent, body=body.encode()))


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer as authlib's client reads it."""

    found: Fetched

    @property
    def status_code(self) -> int:
        return self.found.status

    def json(self) -> dict[str, Any]:
        return read_json(self.found)

    def raise_for_status(self) -> None:
        check_status(self.found)


def _fits(key: Key, header: Mapping[str, Any]) -> bool:
    algorithm = header.get("alg")
    named = header.get("kid") in (None, key.kid)
    right = key.key_type == KEY_TYPES.get(str(algorithm)) and key.get("alg") in (None, algorithm)
    return named and right and key.get("use") in (None, "sig")


def _usable(keys: list[dict[str, Any]]) -> list[Key]:
    """Those of kinds that are known; a provider may publish others beside them."""
    found = []
    for key in keys:
        if key.get("kty") not in KEY_TYPES.values():
            continue
        try:
            found.append(JWKRegistry.import_key(key))
        except (JoseError, ValueError):
            continue
    return found


def _kind(error: BaseException) -> str:
    """The kind of an error, with the claim it is about or the code of OAuth, but no values."""
    code = getattr(error, "claim", None)
    if isinstance(error, AuthlibBaseError):
        code = error.error
    is_plain = isinstance(code, str) and _CODE.fullmatch(code)
    return type(error).__name__ + (f":{code}" if is_plain else "")
