"""Any SentenceTransformer to one ONNX file with pooling and normalisation inside, in int8.

Needs torch: run it in a process of its own (`kb.encoders.build`).
"""

import importlib.metadata
import logging
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kb.encoders.manifest import MODEL_FILE, TOKENIZER_FILE, Manifest, checksums, write_manifest
from kb.encoders.prompts import prompts_for
from kb.encoders.quantise import QUANTISATION, quantise
from kb.errors import EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_INPUTS = ("input_ids", "attention_mask")
_OUTPUT = "vectors"
_VERSIONS = ("torch", "onnx", "onnxruntime", "sentence-transformers", "transformers", "tokenizers")


def export_onnx(model: "SentenceTransformer", model_id: str, folder: Path) -> Manifest:
    """Write model, tokenizer and manifest into the empty `folder`.

    The graph takes `input_ids` and `attention_mask`, int64 (batch, tokens), and gives `vectors`,
    float32 (batch, dim), of length 1. Raises EncoderError for models without a fast tokenizer.
    """
    tokenizer = model.tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise EncoderError(f"{model_id} has no fast tokenizer: run it with encoder_runtime=torch.")
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
    plain = folder / "float32"
    plain.mkdir()
    trace_graph(model, plain / MODEL_FILE)
    quantise(plain / MODEL_FILE, folder / MODEL_FILE)
    shutil.rmtree(plain)
    manifest = Manifest(
        model_id=model_id,
        dim=cast(int, model.get_embedding_dimension()),
        max_tokens=int(model.max_seq_length or 512),
        pad_id=int(tokenizer.pad_token_id or 0),
        prompts=prompts_for(model_id, model.prompts),
        inputs=_INPUTS,
        quantisation=QUANTISATION,
        files=checksums(folder),
        versions={name: importlib.metadata.version(name) for name in _VERSIONS},
    )
    write_manifest(folder, manifest)
    return manifest


def trace_graph(model: "SentenceTransformer", path: Path) -> None:
    """Export in float32, batch and tokens dynamic."""
    import torch

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            for module in self.model:
                features = module(features)
            vectors = features["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=-1)

    ids = torch.full((2, 9), 5)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    axes = {0: torch.export.Dim("batch", min=1), 1: torch.export.Dim("tokens", min=2)}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        torch.onnx.export(
            Graph().eval(),
            (ids, mask),
            str(path),
            input_names=list(_INPUTS),
            output_names=[_OUTPUT],
            dynamic_shapes={name: axes for name in _INPUTS},
            external_data=True,
            verbose=False,
        )
