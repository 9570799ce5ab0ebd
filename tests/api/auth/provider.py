"""A small OpenID provider on 127.0.0.1: real keys, real redirects, and switches to misbehave."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "potica", "a-secret-of-the-client"
Claims = dict[str, Any]


@dataclass
class Behaviour:
    """How the next sign-in goes. Fresh, everything is as it should be."""

    person: Claims = field(default_factory=dict)
    userinfo: Claims | None = None
    algorithm: str = "RS256"  # or ES256, none, HS256: signed with the public key as a secret
    change: Callable[[Claims], Claims] = lambda claims: claims  # the ID token's last touch
    header: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)  # of discovery
    state: str | None = None  # sent back instead of the right one
    iss: str | None = None  # sent back beside the code
    error: str | None = None  # instead of a code
    token_answer: tuple[int, bytes] | None = None
    sends_id_token: bool = True
    is_down: bool = False


class OpenIdProvider:
    """Where codes, tokens and keys come from. `asked` counts requests by path."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.behaviour = Behaviour()
        self.asked: Counter[str] = Counter()
        self.granted: dict[str, dict[str, str]] = {}  # code -> the request it answers
        self.client_auth: list[str] = []
        self.ec = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
        self.number = 0
        self.rotate()

    def rotate(self) -> None:
        """A new RSA key under a new id; the old one is published no more."""
        self.number += 1
        parameters = {"kid": f"rsa-{self.number}", "use": "sig", "alg": "RS256"}
        self.rsa = RSAKey.generate_key(2048, parameters)  # type: ignore[arg-type]

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            **self.behaviour.document,
        }

    def jwks(self) -> dict[str, Any]:
        strange = {"kty": "AKP", "alg": "ML-DSA-44", "kid": "new-kind", "pub": "x"}
        broken = {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"}
        own = [key.as_dict(private=False) for key in (self.rsa, self.ec)]
        return {"keys": [strange, broken, *own]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        assert len(asked["state"]) >= 43
        assert len(asked["nonce"]) >= 43
        answer = {"state": self.behaviour.state or asked["state"]}
        if self.behaviour.iss is not None:
            answer["iss"] = self.behaviour.iss
        if self.behaviour.error is not None:
            answer["error"] = self.behaviour.error
        else:
            answer["code"] = secrets.token_urlsafe(24)
            self.granted[answer["code"]] = asked
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, bytes]:
        if self.behaviour.token_answer is not None:
            return self.behaviour.token_answer
        asked = self.granted.pop(form.get("code", ""), None)  # a code works once
        if asked is None:
            return _json({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        same_browser = _base64(digest) == asked["code_challenge"]
        same_place = form.get("redirect_uri") == asked["redirect_uri"]
        if not (same_browser and same_place and form.get("grant_type") == "authorization_code"):
            return _json({"error": "invalid_grant"}, 400)
        if not self._is_client(form, authorization):
            return _json({"error": "invalid_client"}, 401)
        access = secrets.token_urlsafe(16)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 300}
        if self.behaviour.sends_id_token:
            answer["id_token"] = self._id_token(asked, access)
        return _json(answer)

    def _is_client(self, form: dict[str, str], authorization: str) -> bool:
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization == f"Basic {basic}":
            self.client_auth.append("client_secret_basic")
        elif form.get("client_secret") == CLIENT_SECRET:
            self.client_auth.append("client_secret_post")
        elif form.get("client_id") == CLIENT_ID:
            self.client_auth.append("none")
        else:
            return False
        return True

    def _id_token(self, asked: dict[str, str], access: str) -> str:
        now = int(time.time())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "at_hash": _base64(half),
            **self.behaviour.person,
        }
        return self.sign(self.behaviour.change(claims))

    def sign(self, claims: Claims) -> str:
        """An ID token, signed as the behaviour says."""
        algorithm = self.behaviour.algorithm
        key = self.ec if algorithm == "ES256" else self.rsa
        header = {"alg": algorithm, "kid": key.kid, **self.behaviour.header}
        header = {name: value for name, value in header.items() if value is not None}
        if algorithm in ("RS256", "ES256", "PS256"):
            return jwt.encode(header, claims, key, algorithms=[algorithm])
        head, body = (_base64(json.dumps(part).encode()) for part in (header, claims))
        text = f"{head}.{body}"
        if algorithm == "none":
            return f"{text}."
        public = self.rsa.as_pem(private=False)
        return f"{text}.{_base64(hmac.digest(public, text.encode(), hashlib.sha256))}"


@contextmanager
def served() -> Iterator[OpenIdProvider]:
    """A running provider."""
    provider = OpenIdProvider()
    thread = threading.Thread(target=provider.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()


def _handler(provider: OpenIdProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            provider.asked[parts.path] += 1
            behaviour = provider.behaviour
            if behaviour.is_down:
                self._answer(503, b"down")
            elif parts.path == "/.well-known/openid-configuration":
                self._answer(*_json(provider.discovery()))
            elif parts.path == "/jwks":
                self._answer(*_json(provider.jwks()))
            elif parts.path == "/authorize":
                self._answer(302, b"", provider.authorize(asked))
            elif parts.path == "/userinfo":
                assert self.headers["authorization"].startswith("Bearer ")
                nothing_more = {"sub": behaviour.person.get("sub")}
                self._answer(*_json(behaviour.userinfo or nothing_more))
            else:
                self._answer(404, b"")

        def do_POST(self) -> None:
            provider.asked[self.path] += 1
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.token(form, self.headers.get("authorization", "")))

        def _answer(self, status: int, body: bytes, location: str | None = None) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            if location is not None:
                self.send_header("location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Not on the tests' output."""

    return Handler


def _json(value: object, status: int = 200) -> tuple[int, bytes]:
    return status, json.dumps(value).encode()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
