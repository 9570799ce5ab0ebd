"""Embeddings from a server with OpenAI's `/v1/embeddings`."""

import re
import threading
import time
from collections.abc import Sequence
from typing import Annotated

import httpx
import numpy as np
from pydantic import BaseModel, Field, ValidationError

from kb.encoders.onnx import without_surrogates
from kb.encoders.prompts import prompts_for
from kb.errors import ConfigError, EncoderError
from kb.ports import TextKind, Vectors

BATCH = 64  # texts in one request
MAX_TOKENS = 512
_TIMEOUT = httpx.Timeout(30.0, connect=3.0)  # seconds
_ATTEMPTS = 3
_FIRST_PAUSE = 0.2  # seconds, doubled each time
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_PIECES = re.compile(r"\w{1,4}|[^\w\s]")


class _Embedding(BaseModel):
    index: int
    embedding: Annotated[list[float], Field(min_length=1)]


class _Reply(BaseModel):
    data: list[_Embedding]


class HttpEncoder:
    """A model served elsewhere; see `kb.ports.Encoder`. Safe to share by threads.

    The server's tokenizer is out of reach: tokens are guessed as pieces of up to four letters,
    which is rather too many than too few.
    """

    max_tokens = MAX_TOKENS

    def __init__(self, url: str, model: str, api_key: str = "") -> None:
        """`url` with or without `/v1/embeddings`. Connects at the first use. Raises ConfigError."""
        if not url.startswith(("http://", "https://")):
            raise ConfigError("Set encoder_url to the http(s) address of the embedding server.")
        base = url.rstrip("/").removesuffix("/embeddings").removesuffix("/v1")
        self._url = f"{base}/v1/embeddings"
        self._model = model
        self._prompts = prompts_for(model)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(timeout=_TIMEOUT, headers=headers)
        self._dim = 0
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        return self._model

    @property
    def dim(self) -> int:
        """Asks the server once. Raises EncoderError."""
        with self._lock:
            if not self._dim:
                self._dim = self._embed(["x"]).shape[1]
        return self._dim

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        """Unit vectors, shape (len(texts), dim). Raises EncoderError when the server fails."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        prompt = self._prompts.get(kind, "")
        # An empty input is an error to many servers.
        clean = [prompt + (without_surrogates(text).strip() or "-") for text in texts]
        starts = range(0, len(clean), BATCH)
        return np.concatenate([self._embed(clean[start : start + BATCH]) for start in starts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Guessed tokens per text."""
        return [len(self.token_offsets(text)) for text in texts]

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span [start, end) of each guessed token."""
        return [match.span() for match in _PIECES.finditer(text)]

    def _embed(self, texts: list[str]) -> Vectors:
        response = self._post({"model": self._model, "input": texts, "encoding_format": "float"})
        try:
            reply = _Reply.model_validate_json(response.content)
            rows = {row.index: row.embedding for row in reply.data}
            vectors = np.array([rows[index] for index in range(len(texts))], np.float32)
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        except (ValidationError, KeyError, ValueError) as error:
            raise EncoderError(f"{self._url} did not answer with one vector per text.") from error
        if not np.isfinite(norms).all() or not norms.all():
            raise EncoderError(f"{self._url} answered with a vector of no length.")
        return np.asarray(vectors / norms, np.float32)

    def _post(self, body: dict[str, object]) -> httpx.Response:
        reason = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_FIRST_PAUSE * 2 ** (attempt - 1))
            try:
                response = self._client.post(self._url, json=body)
            except httpx.TransportError as error:
                reason = f"{type(error).__name__}: {error}"
                continue
            if response.is_success:
                return response
            reason = f"status {response.status_code}"
            if response.status_code not in _RETRIED:
                break
        raise EncoderError(
            f"The embedding server {self._url} failed ({reason}). Check encoder_url, "
            "encoder_api_key and that the server knows the model."
        )
