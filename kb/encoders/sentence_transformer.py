"""The torch runtime: for a GPU, and to compare the served model with."""

import threading
from collections.abc import Sequence

import numpy as np

from kb.encoders.onnx import without_surrogates
from kb.encoders.prompts import prompts_for
from kb.errors import EncoderError
from kb.ports import TextKind, Vectors


class SentenceTransformerEncoder:
    """Any sentence-transformers model, float32; see `kb.ports.Encoder`. Threads may share it."""

    def __init__(self, source: str, model_id: str, threads: int = 1) -> None:
        """Load a path or a name, on the GPU if there is one. Raises EncoderError."""
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(threads)
        try:
            self._model = SentenceTransformer(source)
        except Exception as error:  # anything from a missing folder to a refused download
            raise EncoderError(f"The model {source} cannot be loaded: {error}") from error
        self._id = model_id
        self._prompts = prompts_for(model_id, self._model.prompts)
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        return self._id

    @property
    def dim(self) -> int:
        return int(self._model.get_embedding_dimension() or 0)

    @property
    def max_tokens(self) -> int:
        return int(self._model.max_seq_length or 512)

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        """Unit vectors, shape (len(texts), dim). What exceeds `max_tokens` is left out."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        prompt = self._prompts.get(kind, "")
        clean = [without_surrogates(text) for text in texts]
        with self._lock:
            vectors = self._model.encode(
                clean, prompt=prompt, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens per text, without prompt and special tokens."""
        return [len(self.token_offsets(text)) for text in texts]

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span [start, end) of each token of `text`."""
        with self._lock:
            encoding = self._model.tokenizer(
                without_surrogates(text),
                add_special_tokens=False,
                return_offsets_mapping=True,
                verbose=False,
            )
        return [(int(start), int(end)) for start, end in encoding["offset_mapping"]]
