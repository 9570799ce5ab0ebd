"""Settings from the environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from kb.cli import main
from kb.config import Settings, get_settings
from kb.errors import ConfigError


@pytest.fixture(autouse=True)
def _read_again() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_permalinks_begin_with_the_port_that_is_served() -> None:
    assert Settings(port=8022, _env_file=None).resolved_public_url == "http://127.0.0.1:8022"
    named = Settings(port=8022, public_url="https://kb.example", _env_file=None)
    assert named.resolved_public_url == "https://kb.example"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("POTICA_PORT", "abc"),
        ("POTICA_ENCODER_RUNTIME", "tpu"),
        ("POTICA_GENERATOR_TIMEOUT", "-1"),
        ("POTICA_ENCODER_THREADS", "0"),
        ("POTICA_EMBED_ORIGINS", '["https://helpdesk.example/path"]'),
        ("POTICA_EMBED_ORIGINS", '["https://*.example"]'),
        ("POTICA_EMBED_ORIGINS", '["http://helpdesk.example"]'),
        ("POTICA_EMBED_ORIGINS", '["https://helpdesk.example:443"]'),
        ("POTICA_OIDC_ISSUER", "http://id.example"),
        ("POTICA_OIDC_ISSUER", "https://id.example/x?y"),
        ("POTICA_WEBHOOK_HOSTS", '["https://crm.intern"]'),
        ("POTICA_WEBHOOK_HOSTS", '["*.intern"]'),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        get_settings()
    assert variable in caught.value.message


def test_origins_and_issuers_as_they_are_written() -> None:
    origins = ("https://helpdesk.example", "https://crm.example:8443", "http://localhost:3000")
    for issuer in ("https://id.example", "https://id.example/realms/post/", "http://127.0.0.1:9"):
        settings = Settings(
            embed_origins=origins, oidc_issuer=issuer, oidc_client_id="potica", _env_file=None
        )
        assert (settings.embed_origins, settings.oidc_issuer) == (origins, issuer)


def test_hosts_that_webhooks_may_be_sent_to() -> None:
    hosts = ("crm.intern", "crm.intern:8443", "10.0.0.5:81", "::1", "[::1]:8443")
    assert Settings(webhook_hosts=hosts, _env_file=None).webhook_hosts == hosts


def test_a_provider_needs_a_client_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POTICA_OIDC_ISSUER", "https://id.example")
    with pytest.raises(ConfigError, match="POTICA_OIDC_CLIENT_ID"):
        get_settings()


def test_a_list_that_is_not_json_says_how_to_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POTICA_LANGUAGES", "en,pl")
    with pytest.raises(ConfigError, match=r'languages.*\["en","pl"\]'):
        get_settings()


@pytest.mark.parametrize(
    "command",
    [
        ["init"],
        ["demo", "--no-serve"],
        ["serve"],
        ["ask", "where is my parcel"],
        ["doctor"],
        ["content", "export", "out"],
        ["index", "status"],
        ["index", "verify"],
        ["index", "rebuild"],
    ],
)
def test_commands_end_with_a_message_when_a_variable_is_wrong(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("POTICA_PORT", "abc")
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert "POTICA_PORT" in result.output


def test_the_message_repeats_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POTICA_PORT", "sk-secret")
    with pytest.raises(ConfigError) as caught:
        get_settings()
    assert "sk-secret" not in caught.value.message
