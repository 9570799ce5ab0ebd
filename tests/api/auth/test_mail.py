"""One-time links by mail, to a mail server that speaks the protocol; devices by their name."""

from __future__ import annotations

import email
import email.policy
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from starlette.requests import Request
from structlog.testing import capture_logs

from api.auth.device import device_of
from api.auth.mail import deliver, tell_of_question
from api.ui import i18n
from kb.actions.links import IssuedLink
from kb.config import Settings
from kb.domain import LinkPurpose, UserState, utc_now
from kb.queries.users import UserView

TOKEN = "t" * 43


class Server:
    """Takes one message at a time, as RFC 5321 says; `refuses` recipients when told to."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.refuses = False
        self.own = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.own.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.own.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as lines:
                self._talk(lines)

    def _talk(self, lines) -> None:  # type: ignore[no-untyped-def]
        def say(text: str) -> None:
            lines.write(text.encode() + b"\r\n")
            lines.flush()

        say("220 ready")
        for line in lines:
            verb = line[:4].upper()
            if verb == b"EHLO":
                say("250-here\r\n250 8BITMIME")
            elif verb == b"RCPT" and self.refuses:
                say("550 no such person")
            elif verb == b"DATA":
                say("354 go on")
                text = b"".join(iter(lines.readline, b".\r\n"))
                self.taken.append(email.message_from_bytes(text, policy=email.policy.default))
                say("250 taken")
            elif verb == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.own.close()


def _settings(port: int, **more: object) -> Settings:
    known: dict[str, object] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "smtp_timeout": 5,
        "public_url": "https://kb.lipa.example",
    }
    return Settings(_env_file=None, **(known | more))  # type: ignore[arg-type]


def _link(
    purpose: LinkPurpose = LinkPurpose.invitation, language: str = "en", name: str = "Ana Kos"
) -> IssuedLink:
    until = utc_now() + timedelta(days=7)
    return IssuedLink(TOKEN, purpose, "usr_1", "ana@lipa.example", name, language, until)


@pytest.mark.parametrize("language", i18n.NAMES)
@pytest.mark.parametrize("purpose", LinkPurpose)
def test_a_link_is_mailed_in_the_language_of_the_account(
    server: Server, purpose: LinkPurpose, language: str
) -> None:
    with capture_logs() as logs:
        assert deliver(_settings(server.port), _link(purpose, language, "Łucja & <Žiga>"))
    message = server.taken[0]
    assert message["to"] == '"Łucja & <Žiga>" <ana@lipa.example>'
    assert message["from"] == "Potica <potica@kb.lipa.example>"
    assert "Poti" in message["subject"]
    lines = message.get_content().splitlines()
    assert f"https://kb.lipa.example/{purpose}/{TOKEN}" in lines
    assert "Łucja & <Žiga>" in lines[0]
    assert {"Date", "Message-ID", "Auto-Submitted"} <= set(message.keys())
    assert [line["event"] for line in logs] == ["mail_sent"]
    assert "lipa" not in str(logs)
    assert TOKEN not in str(logs)


def test_languages_differ(server: Server) -> None:
    for language in i18n.NAMES:
        deliver(_settings(server.port, smtp_from="kb@lipa.example"), _link(language=language))
    assert len({message["subject"] for message in server.taken}) == len(i18n.NAMES)
    assert {message["from"] for message in server.taken} == {"kb@lipa.example"}


def test_a_mail_server_that_refuses_or_is_away_leaves_a_line_in_the_log(server: Server) -> None:
    server.refuses = True
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
    for settings in (
        _settings(server.port),
        _settings(nobody),
        _settings(server.port, smtp_security="starttls"),  # which it cannot
    ):
        with capture_logs() as logs:
            assert not deliver(settings, _link())
        assert [(line["event"], line["user"]) for line in logs] == [("mail_failed", "usr_1")]
        assert TOKEN not in str(logs)
        assert "ana@" not in str(logs)
    assert server.taken == []


def test_passwords_are_sent_encrypted_to_a_server_whose_certificate_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    class Encrypted:
        def __init__(self, host: str, port: int, timeout: float, context: object = None) -> None:
            done.append(f"open {host}:{port}")
            if context is not None:
                self.check(context)

        def check(self, context: object) -> None:
            assert isinstance(context, ssl.SSLContext)
            assert context.check_hostname
            assert context.verify_mode == ssl.CERT_REQUIRED
            done.append("tls")

        def starttls(self, context: object) -> None:
            self.check(context)

        def login(self, user: str, password: str) -> None:
            done.append(f"login {user} {password}")

        def send_message(self, message: EmailMessage) -> None:
            done.append("send")

        def __enter__(self) -> Encrypted:
            return self

        def __exit__(self, *_: object) -> None:
            done.append("close")

    monkeypatch.setattr(smtplib, "SMTP", Encrypted)
    monkeypatch.setattr(smtplib, "SMTP_SSL", Encrypted)
    for security in ("starttls", "tls"):
        done.clear()
        settings = _settings(
            465, smtp_security=security, smtp_user="kb", smtp_password="secret-of-mail"
        )
        assert deliver(settings, _link())
        assert done == ["open 127.0.0.1:465", "tls", "login kb secret-of-mail", "send", "close"]


def test_without_a_mail_server_the_link_is_printed_and_not_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(_env_file=None, public_url="https://kb.lipa.example/")
    with capture_logs() as logs:
        assert not deliver(settings, _link())
    printed = capsys.readouterr()
    assert printed.out == (
        f"invitation for ana@lipa.example: https://kb.lipa.example/invitation/{TOKEN}\n"
    )
    assert (logs, printed.err) == ([], "")


@pytest.mark.parametrize(
    ("said", "label"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        ("<script>" * 200, ""),
        ("", ""),
    ],
)
def test_devices_are_named_in_two_words(said: str, label: str) -> None:
    scope = {
        "type": "http",
        "headers": [(b"user-agent", said.encode())],
        "client": ("10.0.0.7", 1),
    }
    device = device_of(Request(scope))
    assert (device.label, device.address) == (label, "10.0.0.7")


COLLEAGUE = UserView(
    id="usr_1",
    email="ana@lipa.example",
    name="Łucja & <Žiga>",
    language="sl",
    state=UserState.active,
    roles=("agent",),
    scope={},
    has_password=True,
    has_provider=False,
    created_at=utc_now(),
    signed_in_at=None,
    version=1,
)


@pytest.mark.parametrize("language", i18n.NAMES)
def test_a_question_is_told_of_without_its_words(server: Server, language: str) -> None:
    colleague = replace(COLLEAGUE, language=language)
    with capture_logs() as logs:
        assert tell_of_question(_settings(server.port), colleague, "que_7")
    message = server.taken[0]
    assert message["to"] == '"Łucja & <Žiga>" <ana@lipa.example>'
    lines = message.get_content().splitlines()
    assert "https://kb.lipa.example/questions#que_7" in lines
    assert "Łucja & <Žiga>" in lines[0]
    assert [line["event"] for line in logs] == ["mail_sent"]
    assert "lipa" not in str(logs)


def test_a_question_needs_no_mail_server(server: Server) -> None:
    with capture_logs() as logs:
        assert not tell_of_question(_settings(server.port, smtp_host=""), COLLEAGUE, "que_7")
        assert logs == []
        server.refuses = True
        assert not tell_of_question(_settings(server.port), COLLEAGUE, "que_7")
    [line] = logs
    assert (line["event"], line["purpose"]) == ("mail_failed", "question")
