"""The serving runtime: ONNX Runtime and `tokenizers`, nothing heavier.

Neither torch nor transformers nor sentence_transformers may be imported here: they cost seconds at
start and hundreds of megabytes.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.encoders.large_pages import use_large_pages
from kb.encoders.manifest import MODEL_FILE, TOKENIZER_FILE, read_manifest
from kb.errors import EncoderError
from kb.ports import TextKind, Vectors

if TYPE_CHECKING:
    from tokenizers import Encoding

# On CPUs this fused kernel takes 30 % longer than the two it replaces.
_SLOW_FUSIONS = ["SkipLayerNormFusion"]
ALIKE = 1.1  # times the length of the shortest that a text in the same run may have
BATCH_TOKENS = 512  # padded tokens in one run: more leaves the processor's cache and is slower
_CHARS_PER_TOKEN = 64  # far above any real text; what lies beyond cannot reach the model


class OnnxEncoder:
    """An exported model, read from its folder; see `kb.ports.Encoder`. Safe to share by threads."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Load `folder`; at most `threads` runs at the same time for one call with queries.

        Runs side by side share a call better than threads inside a run do: two queries take 16 ms
        so, 30 ms with two threads in one run, 38 ms with one. Raises EncoderError when the folder
        is damaged.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        self._manifest = read_manifest(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / MODEL_FILE),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=_SLOW_FUSIONS,
            )
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        except Exception as error:  # both libraries raise types of their own
            raise EncoderError(f"The model in {folder} cannot be loaded: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._threads = threads
        self._helpers = ThreadPoolExecutor(max(1, threads - 1), "encode")
        self._helpers.submit(use_large_pages)  # takes a second that nobody need wait for
        self._content = self.max_tokens - self._tokenizer.num_special_tokens_to_add(False)

    @property
    def model_id(self) -> str:
        return self._manifest.model_id

    @property
    def dim(self) -> int:
        return self._manifest.dim

    @property
    def max_tokens(self) -> int:
        return self._manifest.max_tokens

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        """Unit vectors, shape (len(texts), dim). What exceeds `max_tokens` is left out."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        if not texts:
            return vectors
        prompt = self._manifest.prompts.get(kind, "")
        limit = self.max_tokens * _CHARS_PER_TOKEN
        ids = [self._model_ids(e) for e in self._tokenize([prompt + t[:limit] for t in texts])]
        # Passages can wait, and leave the other cores to those who ask meanwhile.
        at_once = self._threads if kind == "query" else 1
        batches = list(_batches(ids, at_once))
        sequences = [[ids[row] for row in rows] for rows in batches]
        for rows, found in zip(batches, self._run_all(sequences, at_once), strict=True):
            vectors[rows] = found
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens per text, without prompt and special tokens."""
        return [len(encoding) for encoding in self._tokenize(texts)]

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Character span [start, end) of each token of `text`."""
        return list(self._tokenize([text])[0].offsets)

    def _tokenize(self, texts: Sequence[str]) -> "list[Encoding]":
        clean = [without_surrogates(text) for text in texts]
        return self._tokenizer.encode_batch(clean, add_special_tokens=False)

    def _model_ids(self, encoding: "Encoding") -> list[int]:
        encoding.truncate(self._content)
        return list(self._tokenizer.post_process(encoding).ids)

    def _run_all(self, batches: Sequence[list[list[int]]], at_once: int) -> Iterator[Vectors]:
        """The vectors of each batch. Helpers take what is not begun; who calls waits for nobody."""
        for start in range(0, len(batches), at_once):
            mine, *others = batches[start : start + at_once]
            given = [self._helpers.submit(self._run, other) for other in others]
            yield self._run(mine)
            for other, future in zip(others, given, strict=True):
                # A helper at work for somebody else has not begun with it.
                yield self._run(other) if future.cancel() else future.result()

    def _run(self, ids: list[list[int]]) -> Vectors:
        width = max(map(len, ids))
        tokens = np.full((len(ids), width), self._manifest.pad_id, np.int64)
        mask = np.zeros((len(ids), width), np.int64)
        for row, sequence in enumerate(ids):
            tokens[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        feeds: dict[str, NDArray[np.int64]] = {"input_ids": tokens, "attention_mask": mask}
        try:
            vectors: Vectors = self._session.run(None, feeds)[0]
        except Exception as error:  # onnxruntime raises types of its own
            raise EncoderError(f"The encoder failed: {error}") from error
        return vectors


def _batches(ids: list[list[int]], threads: int) -> Iterator[list[int]]:
    """Rows of like length together, so that little is padded, at most BATCH_TOKENS a batch, and
    a part of the work for each thread."""
    most = min(BATCH_TOKENS, -(-sum(map(len, ids)) // threads))
    batch: list[int] = []
    for row in sorted(range(len(ids)), key=lambda row: len(ids[row])):
        size = len(ids[row])
        is_full = (len(batch) + 1) * size > most
        # Padding costs as much as words do: a longer text goes alone.
        if batch and (is_full or size > ALIKE * len(ids[batch[0]]) + 2):
            yield batch
            batch = []
        batch.append(row)
    yield batch


def without_surrogates(text: str) -> str:
    """The text with each lone surrogate replaced by one character: spans stay right."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
