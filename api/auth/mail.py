"""What is sent by mail: one-time links, on the console where no mail is set up, and notices."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import urlsplit

import structlog

from api.ui import i18n
from kb.actions.links import IssuedLink
from kb.config import Settings
from kb.queries.users import UserView

log = structlog.get_logger("potica.mail")


def address_of(settings: Settings, link: IssuedLink) -> str:
    """What its owner opens."""
    return settings.resolved_public_url.rstrip("/") + link.path


def deliver(settings: Settings, link: IssuedLink) -> bool:
    """Send a link to its owner; whether a mail server took it.

    Without a mail server it is printed on standard output. Neither the link nor the e-mail is ever
    logged; a mail server that refuses or is away leaves one line in the log, and nothing is tried
    again: ask for a new link.
    """
    if not settings.smtp_host:
        print(f"{link.purpose} for {link.email}: {address_of(settings, link)}", flush=True)
        return False
    try:
        _send(settings, _message(settings, link))
    except (OSError, smtplib.SMTPException, ValueError) as error:
        log.error("mail_failed", purpose=str(link.purpose), user=link.user_id, kind=_kind(error))
        return False
    log.info("mail_sent", purpose=str(link.purpose), user=link.user_id)
    return True


def tell_of_question(settings: Settings, colleague: UserView, question_id: str) -> bool:
    """Mail somebody that a question waits for them, with a link to it and none of its words.

    Nothing is sent without a mail server: the question is listed anyway.
    """
    if not settings.smtp_host:
        return False
    address = f"{settings.resolved_public_url.rstrip('/')}/questions#{question_id}"
    try:
        values = {"name": colleague.name, "address": address}
        text = _rendered(settings, colleague.language, "mail_question.html", **values)
        _send(settings, _addressed(settings, colleague.name, colleague.email, text))
    except (OSError, smtplib.SMTPException, ValueError) as error:
        log.error("mail_failed", purpose="question", user=colleague.id, kind=_kind(error))
        return False
    log.info("mail_sent", purpose="question", user=colleague.id)
    return True


def _message(settings: Settings, link: IssuedLink) -> EmailMessage:
    address = address_of(settings, link)
    text = _rendered(settings, link.language, "mail_link.html", link=link, address=address)
    return _addressed(settings, link.name, link.email, text)


def _rendered(settings: Settings, language: str, template: str, **values: object) -> str:
    """In the language of the account."""
    from api.ui.render import environment  # brings the whole server along

    chosen = i18n.choose(language, default=settings.default_language)
    return environment(chosen).get_template(template).render(values)


def _addressed(settings: Settings, name: str, email: str, text: str) -> EmailMessage:
    """The message to somebody; the first line of the text is the subject."""
    subject, _, body = text.strip().partition("\n")
    host = urlsplit(settings.resolved_public_url).hostname or "localhost"
    message = EmailMessage()
    message["Subject"] = subject.strip()
    message["From"] = settings.smtp_from or f"Potica <potica@{host}>"
    local, _, domain = email.rpartition("@")
    message["To"] = Address(name, local, domain)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=host)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.strip() + "\n")
    return message


def _send(settings: Settings, message: EmailMessage) -> None:
    trust = ssl.create_default_context()
    host, port, patience = settings.smtp_host, settings.smtp_port, settings.smtp_timeout
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=patience, context=trust)
    else:
        server = smtplib.SMTP(host, port, timeout=patience)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=trust)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(message)


def _kind(error: Exception) -> str:
    code = getattr(error, "smtp_code", "")
    return f"{type(error).__name__} {code}".strip()
