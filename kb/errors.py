"""Every error Potica raises on purpose: a stable code, an HTTP status, and what to do next."""

from __future__ import annotations

from typing import ClassVar


class KbError(Exception):
    """Base of all expected errors.

    `message` tells the reader what is wrong and what to do next; `details` are JSON-able
    extras (never personal data, never secrets).
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(KbError):
    code, status, title = "invalid_input", 422, "The input is not valid"


class PasswordRefused(InvalidInput):
    """`reason`: short, long, common or personal."""

    code, status, title = "password_refused", 422, "This password is not taken"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message, reason=reason)
        self.reason = reason


class TooLarge(KbError):
    code, status, title = "too_large", 413, "The input is too large"


class TooSlow(KbError):
    code, status, title = "too_slow", 408, "The request came too slowly"


class TextRefused(TooLarge):
    """Markdown that cannot be made HTML: too large, too tangled, or out of time."""

    code, status, title = "text_refused", 422, "The text cannot be shown"


class NotFound(KbError):
    code, status, title = "not_found", 404, "Not found"


class LinkRefused(NotFound):
    """One message, whether the link never was, was used, was replaced or is too old."""

    code, status, title = "link_refused", 404, "This link is not good any more"

    def __init__(self) -> None:
        super().__init__("The link was used, was replaced or is too old: ask for a new one.")


class Conflict(KbError):
    code, status, title = "conflict", 409, "That does not go with what is there"


class SignInNeeded(KbError):
    code, status, title = "sign_in_needed", 401, "Sign in first"


class SignInFailed(SignInNeeded):
    """One message for whatever is wrong: an answer must not tell which accounts exist."""

    code, status, title = "sign_in_failed", 401, "Signing in failed"

    def __init__(self) -> None:
        super().__init__("The e-mail or the password is not right.")


class TokenSpent(SignInNeeded):
    """A signed token that may be used once was used before."""

    code, status, title = "token_spent", 401, "This was used before"


class Forbidden(KbError):
    code, status, title = "forbidden", 403, "Not allowed"


class CsrfRefused(Forbidden):
    code, status, title = "csrf", 403, "The form has no valid token"


class ConfigError(KbError):
    code, status, title = "config_error", 500, "The configuration is not valid"


class EncoderError(KbError):
    code, status, title = "encoder_error", 503, "The encoder is not available"


class SearchIndexError(KbError):
    code, status, title = "index_error", 503, "The index is not available"


class GeneratorError(KbError):
    code, status, title = "generator_error", 502, "The language model gave no usable answer"


class DatabaseError(KbError):
    code, status, title = "database_error", 503, "The database is not available"


class Busy(KbError):
    code, status, title = "busy", 503, "Too much is going on at once"


class OutOfTime(KbError):
    code, status, title = "out_of_time", 503, "It took too long"


class TooMany(KbError):
    """`retry_after`: whole seconds until it may be tried again."""

    code, status, title = "too_many_requests", 429, "Too many requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after


class FetchRefused(KbError):
    """An address that Potica does not ask: see `kb.net`."""

    code, status, title = "fetch_refused", 422, "This address is not asked"


class FetchFailed(KbError):
    """Another server gave no usable answer."""

    code, status, title = "fetch_failed", 502, "The other server gave no usable answer"
