"""Settings, read once from the environment (`POTICA_*`) and an optional `.env` file."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from kb.errors import ConfigError

EncoderRuntime = Literal["onnx", "torch"]

# As browsers write it: no path, no default port; without TLS on this machine alone.
ORIGIN = (
    r"(?:https://(?:[a-z0-9-]+\.)*[a-z0-9-]+|https?://(?:localhost|127\.0\.0\.1|\[::1\]))"
    r"(?::(?!443\b|80\b)[0-9]{1,5})?"
)
_HOST = r"[a-z0-9-]+(?:\.[a-z0-9-]+)*|[0-9a-f:]*:[0-9a-f:.]*"
_ISSUER = ORIGIN + r"(?:/[^\s?#]*)?"
_INSTALLATION = ORIGIN + r"/api/v2/apps/installations/[0-9]{1,20}\.json"
_PEM = r"-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\s]+\n-----END PUBLIC KEY-----"


class Settings(BaseSettings):
    """All that can be set. Every field can be given as `POTICA_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="POTICA_", env_file=".env", extra="ignore")

    home: Path = Path("var")
    database_url: str = ""  # empty: sqlite file in `home`
    content_dir: Path = Path("content")
    languages: tuple[str, ...] = ("en", "pl", "cs", "sl", "hu")
    default_language: str = "en"

    # Encoder: "packaged" (multilingual-e5-small with an adapter), "packaged-plain" (without it),
    # "st:<model>", "http:<model>"
    encoder: str = "packaged"
    encoder_runtime: EncoderRuntime = "onnx"
    encoder_threads: int = Field(default=2, ge=1, le=64)  # runs of the model for one call
    encoder_url: str = ""
    encoder_api_key: str = ""

    # Optional generator: any OpenAI-compatible endpoint
    generator_url: str = ""
    generator_model: str = ""
    generator_api_key: str = ""
    generator_timeout: float = Field(default=2.0, gt=0, le=30)  # seconds

    # Whoever reaches the server may read and write everything: for trying it out on one machine.
    open_access: bool = False
    secret_key: str = ""  # empty: made once and kept in `home`
    session_idle_hours: float = Field(default=12, gt=0, le=24 * 30)  # unused for so long: over
    session_days: float = Field(default=7, gt=0, le=90)  # over, used or not

    # Mail: one-time links are sent by it, else printed on the console
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_from: str = ""  # empty: potica@ and the name in `public_url`
    smtp_timeout: float = Field(default=10, gt=0, le=60)  # seconds

    # Hosts of the own network that webhooks may be sent to, such as crm.intern or crm.intern:8443
    webhook_hosts: tuple[str, ...] = ()

    # Origins whose pages may show the sidebar, such as https://helpdesk.example
    embed_origins: tuple[str, ...] = ()

    # Signed requests of a Zendesk app: its public key (PEM; line breaks may be written as \n) and
    # its installation, such as https://lipa.zendesk.com/api/v2/apps/installations/123.json
    zendesk_public_key: str = ""
    zendesk_audience: str = ""
    zendesk_api_user: str = ""  # an administrator's e-mail, to ask who a user is
    zendesk_api_token: str = ""

    # Sign-in through an OpenID Connect provider; off without an issuer and a client id
    oidc_issuer: str = ""
    oidc_client_id: str = Field(default="", validate_default=True)
    oidc_client_secret: str = ""  # empty: a public client, held by PKCE alone
    oidc_scopes: str = "openid email profile"
    oidc_roles_claim: str = ""  # dotted path, such as realm_access.roles; empty: roles stay ours
    oidc_role_map: dict[str, str] = Field(default_factory=dict)  # value of the claim -> role
    oidc_name_claim: str = "name"
    oidc_email_claim: str = "email"
    oidc_allow_new: bool = False  # make an account at the first sign-in
    oidc_label: str = ""  # what the button says; empty: the issuer's host name

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""  # empty: this machine's own address at `port`
    trusted_hosts: tuple[str, ...] = ()  # further names the server is addressed by
    # Whose X-Forwarded-For is believed, such as 10.0.0.5 or 10.1.0.0/16
    trusted_proxies: tuple[str, ...] = ()

    # Limits of the server; per minute those of one account, API key or address
    max_connections: int = Field(default=2_000, ge=10, le=100_000)
    max_streams: int = Field(default=1_000, ge=1, le=100_000)  # of live interactions
    live_threads: int = Field(default=2, ge=1, le=64)  # that suggest for live interactions
    request_seconds: float = Field(default=30.0, gt=0, le=600)  # to answer
    body_seconds: float = Field(default=15.0, gt=0, le=600)  # for a body to arrive
    import_megabytes: int = Field(default=64, ge=1, le=1_000)  # of a file sent to be imported
    import_seconds: float = Field(default=600.0, gt=0, le=24 * 3600)  # to send and import it
    rate_limits: bool = True
    rate_asks: int = Field(default=120, ge=1)  # suggestions and searches
    rate_writes: int = Field(default=120, ge=1)
    rate_reads: int = Field(default=600, ge=1)
    rate_hooks: int = Field(default=1200, ge=1)  # messages of one inbound webhook
    rate_strangers: int = Field(default=60, ge=1)  # asks and writes of who is not signed in

    # What else is personal in texts, kind -> patterns, such as {"order": ["ORD-[0-9]{6}"]}
    redaction_patterns: dict[str, list[str]] = Field(default_factory=dict)

    # Days that things are kept; 0: for ever
    retention_suggestions: int = Field(default=180, ge=0, le=36_500)
    retention_feedback: int = Field(default=365, ge=0, le=36_500)  # its texts; counts stay
    retention_gaps: int = Field(default=365, ge=0, le=36_500)  # after they were closed
    retention_searches: int = Field(default=180, ge=0, le=36_500)  # that nobody repeated
    retention_edits: int = Field(default=180, ge=0, le=36_500)  # begun and left
    retention_images: int = Field(default=30, ge=0, le=36_500)  # that no text shows
    retention_comments: int = Field(default=365, ge=0, le=36_500)  # after they were resolved
    retention_tasks: int = Field(default=365, ge=0, le=36_500)  # words, after they were done
    retention_interactions: int = Field(default=365, ge=0, le=36_500)  # texts, after the last word
    retention_deliveries: int = Field(default=30, ge=0, le=36_500)  # to webhooks
    retention_receipts: int = Field(default=1, ge=0, le=36_500)  # of messages from webhooks
    retention_sessions: int = Field(default=30, ge=0, le=36_500)  # after they were over
    retention_links: int = Field(default=30, ge=0, le=36_500)  # one-time links, likewise
    retention_raw_cases: int = Field(default=0, ge=0, le=36_500)  # then what may be shown stays
    retention_audit: int = Field(default=0, ge=0, le=36_500)

    log_level: str = "INFO"

    @field_validator("embed_origins")
    @classmethod
    def _origins(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [origin for origin in given if not re.fullmatch(ORIGIN, origin)]
        if wrong:
            raise ValueError("write origins only, as in https://helpdesk.example: no path, no *")
        return given

    @field_validator("zendesk_public_key")
    @classmethod
    def _pem(cls, given: str) -> str:
        text = given.replace("\\n", "\n").strip()
        if text and not re.fullmatch(_PEM, text):
            raise ValueError("give the app's public key as PEM, from BEGIN to END PUBLIC KEY")
        return text

    @field_validator("zendesk_audience")
    @classmethod
    def _installation(cls, given: str) -> str:
        if given and not re.fullmatch(_INSTALLATION, given):
            raise ValueError("write https://<name>.zendesk.com/api/v2/apps/installations/<id>.json")
        return given

    @field_validator("trusted_hosts")
    @classmethod
    def _names(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if any(not re.fullmatch(_HOST, name) for name in given):
            raise ValueError("write names only, as in kb.example or 10.0.0.5: no port, no *")
        return given

    @field_validator("webhook_hosts")
    @classmethod
    def _hosts(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if any(
            not re.fullmatch(rf"(?:{_HOST}|\[[0-9a-f:.]+\])(?::[0-9]{{1,5}})?", name)
            for name in given
        ):
            raise ValueError("write names only, as in crm.intern or crm.intern:8443: no *, no path")
        return given

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for address in given:
            if ip_network(address).prefixlen == 0:
                raise ValueError("the whole internet cannot be a trusted proxy: name its addresses")
        return given

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, given: str) -> str:
        if given and not re.fullmatch(_ISSUER, given):
            raise ValueError("write the issuer as the provider does, as in https://id.example/x")
        return given

    @field_validator("oidc_client_id")
    @classmethod
    def _client(cls, given: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not given:
            raise ValueError("give the id that the provider knows Potica by")
        return given

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'potica.db'}"

    @property
    def resolved_public_url(self) -> str:
        return self.public_url or f"http://127.0.0.1:{self.port}"

    @property
    def models_dir(self) -> Path:
        return self.home / "models"

    @property
    def index_dir(self) -> Path:
        return self.home / "index"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings; read once.

    Raises ConfigError, which names the variables but not their values: keys are among them.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"POTICA_{'_'.join(map(str, found['loc'])).upper()}: {found['msg']}"
            for found in error.errors(include_url=False, include_input=False)
        )
        raise ConfigError(f"Correct these variables: {wrong}.") from None
    except SettingsError as error:  # a list that is not JSON
        raise ConfigError(
            f'A variable cannot be read ({error}): write lists as JSON, such as ["en","pl"].'
        ) from None
