"""The optional language model: any OpenAI-compatible endpoint, never waited for too long.

llama-index is imported here only, and only when an endpoint is configured.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from kb.config import Settings
from kb.errors import ConfigError, GeneratorError
from kb.ports import Generator

if TYPE_CHECKING:
    import httpx

MODEL_SHARE = 0.9  # of the time there is; the rest is for checking what the model said
MAX_TOKENS = 400  # of an answer
MAX_BYTES = 256_000  # of an answer on the wire
CONTEXT_TOKENS = 4_096
AT_ONCE = 4  # calls in flight; more would pile up behind a slow endpoint
FAILURES = 3  # in a row, and the endpoint is left alone for a while
PAUSE = 30.0  # seconds; doubled with every further failure, up to
LONGEST_PAUSE = 600.0


def create_generator(settings: Settings) -> Generator | None:
    """The model of the settings; None without `POTICA_GENERATOR_URL`.

    Raises ConfigError when the endpoint cannot be used at all.
    """
    if not settings.generator_url:
        return None
    if not settings.generator_url.startswith(("http://", "https://")):
        raise ConfigError("POTICA_GENERATOR_URL must begin with http:// or https://.")
    try:
        return EndpointGenerator(
            settings.generator_url,
            settings.generator_model or "default",
            settings.generator_api_key,
            settings.generator_timeout * MODEL_SHARE,
        )
    except ImportError as error:
        raise ConfigError(
            "A generator needs llama-index: pip install 'potica[llm]',"
            " or leave POTICA_GENERATOR_URL empty."
        ) from error


class EndpointGenerator:
    """A `kb.ports.Generator` on an OpenAI-compatible endpoint. Safe to share by threads."""

    def __init__(
        self,
        url: str,
        model: str,
        api_key: str = "",
        timeout: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout`: seconds an answer may take in all. Raises ImportError without llama-index."""
        import httpx  # noqa: F401  # both are slow to import: here rather than at the first call
        from llama_index.llms.openai_like import OpenAILike

        self._make = OpenAILike
        self._url, self._model, self._key = url, model, api_key or "none"
        self._timeout = timeout
        self._certificates = ssl.create_default_context()
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._breaker = Breaker(clock)

    @property
    def model(self) -> str:
        return self._model

    def generate(self, prompt: str) -> str:
        """The answer; GeneratorError after `timeout` seconds at the latest, whatever happens."""
        self._breaker.check()
        if not self._free.acquire(blocking=False):
            raise GeneratorError("The language model is busy: the reply is left as it is.")
        deadline = time.monotonic() + self._timeout
        box: SimpleQueue[str | BaseException] = SimpleQueue()
        client = self._client(deadline)
        # No time-out of a client holds against an endpoint that sends a byte now and then,
        # so the call runs in a thread of its own, and only its result is waited for.
        threading.Thread(
            target=self._ask, args=(prompt, client, box), name="generator", daemon=True
        ).start()
        try:
            outcome = box.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            outcome = TimeoutError()
            client.close()  # what is still being read ends with an error
        return self._answer(outcome)

    def _answer(self, outcome: str | BaseException) -> str:
        if isinstance(outcome, str) and outcome.strip():
            self._breaker.succeeded()
            return outcome
        self._breaker.failed()
        raise GeneratorError(
            "The language model gave no usable answer: check POTICA_GENERATOR_URL and its server.",
            reason=type(outcome).__name__,
        )

    def _ask(
        self, prompt: str, client: httpx.Client, box: SimpleQueue[str | BaseException]
    ) -> None:
        try:
            model: Any = self._make(
                model=self._model,
                api_base=self._url,
                api_key=self._key,
                is_chat_model=True,
                context_window=CONTEXT_TOKENS,
                max_tokens=MAX_TOKENS,
                temperature=0.0,
                max_retries=0,
                timeout=self._timeout,
                http_client=client,
            )
            box.put(str(model.complete(prompt).text))
        except BaseException as error:  # whatever a hostile endpoint provokes, in any library
            box.put(error)
        finally:
            self._free.release()
            client.close()

    def _client(self, deadline: float) -> httpx.Client:
        import httpx

        transport = _bounded_transport(deadline, self._certificates)
        return httpx.Client(transport=transport, timeout=self._timeout, follow_redirects=False)


class Breaker:
    """Leaves an endpoint alone that failed several times in a row."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0

    def check(self) -> None:
        """Raises GeneratorError during a pause; lets one call try when a pause is over."""
        with self._lock:
            if self._failures < FAILURES:
                return
            now = self._clock()
            if now < self._closed_until:
                raise GeneratorError(
                    "The language model failed several times and is left alone for a while."
                )
            self._closed_until = now + PAUSE  # the others wait for this trial

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            beyond = min(max(0, self._failures - FAILURES), 10)
            self._closed_until = self._clock() + min(PAUSE * 2**beyond, LONGEST_PAUSE)


def _bounded_transport(deadline: float, certificates: ssl.SSLContext) -> httpx.BaseTransport:
    """HTTP that gives up at the deadline and above MAX_BYTES, between any two chunks."""
    import httpx

    class Stream(httpx.SyncByteStream):
        def __init__(self, stream: httpx.SyncByteStream) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in self._stream:
                size += len(chunk)
                if size > MAX_BYTES or time.monotonic() > deadline:
                    raise httpx.ReadError("The answer is too long or too slow.")
                yield chunk

        def close(self) -> None:
            self._stream.close()

    class Transport(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            assert isinstance(response.stream, httpx.SyncByteStream)
            response.stream = Stream(response.stream)
            return response

    return Transport(verify=certificates, retries=0)
