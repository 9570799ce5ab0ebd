"""An encoder that remembers on disk what it has encoded, so that runs can be repeated fast."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kb.ports import Encoder, TextKind, Vectors

PROBE = "Kde je moja pošiljka? Where is my parcel? Gdzie jest moja paczka?"
ASKED_AT_ONCE = 500


class CachedEncoder:
    """An `Encoder` before another one; equal texts give the very vectors they gave before.

    The file is named after the model and after the vector it gives of one text: another
    quantisation of the same model starts a new file.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._lock = threading.Lock()
        mark = hashlib.sha256(encoder.encode([PROBE], "query").tobytes()).hexdigest()[:12]
        name = re.sub(r"[^\w.-]+", "-", encoder.model_id)
        folder.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(folder / f"{name}-{mark}.db", check_same_thread=False)
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, numbers BLOB NOT NULL)"
            " WITHOUT ROWID"
        )

    @property
    def model_id(self) -> str:
        return self._encoder.model_id

    @property
    def dim(self) -> int:
        return self._encoder.dim

    @property
    def max_tokens(self) -> int:
        return self._encoder.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens per text, special tokens not counted."""
        return self._encoder.count_tokens(texts)

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span [start, end) of each token of `text`."""
        return self._encoder.token_offsets(text)

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        """Shape (len(texts), dim), float32, L2-normalised rows. Raises EncoderError."""
        keys = [hashlib.sha256(f"{kind}\0{text}".encode()).digest() for text in texts]
        with self._lock:
            held = self._held(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in held}
        if missing:
            made = self._encoder.encode(list(missing.values()), kind)
            held |= dict(zip(missing, made, strict=True))
            rows = [(key, held[key].astype("<f4").tobytes()) for key in missing]
            with self._lock, self._file:
                self._file.executemany("INSERT OR IGNORE INTO vector VALUES (?, ?)", rows)
        if not keys:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.stack([held[key] for key in keys])

    def close(self) -> None:
        """Close the file; the encoder is of no more use."""
        with self._lock:
            self._file.close()

    def _held(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        found: dict[bytes, Vectors] = {}
        for start in range(0, len(keys), ASKED_AT_ONCE):
            some = keys[start : start + ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._file.execute(f"SELECT * FROM vector WHERE key IN ({marks})", some)
            found.update((key, np.frombuffer(numbers, dtype="<f4")) for key, numbers in rows)
        return found
