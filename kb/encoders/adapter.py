"""The adapter: what an encoder learned about customer service, merged into its weights.

A low-rank change of the attention weights (LoRA, Hu et al. 2021): W + up @ down, rank 16, float16.
How it was learned and what it gains: docs/decisions/0009. `eval.adapter` learns it anew.
"""

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FILE = Path(__file__).parent / "weights" / "adapter-service.npz"

# What numpy raises for files that are not there, cut short, changed, or no archive of arrays.
_UNREADABLE = (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error)


def merge_adapter(model: "SentenceTransformer", file: Path = FILE) -> None:
    """Add the adapter's changes to the model's weights, in place.

    The file holds pairs `<layer>.<linear>.down` of shape (rank, in) and `.up` of (out, rank).
    Raises EncoderError, and changes nothing, when it is not there or does not fit the model.
    """
    import torch

    bert: Any = model[0].auto_model
    weights = {
        name: module.weight.data
        for name, module in bert.encoder.layer.named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    changes = _read_changes(file)
    for name, change in changes.items():
        if name not in weights or weights[name].shape != change.shape:
            raise _misfit(file)
    for name, change in changes.items():
        weights[name] += torch.from_numpy(change)


def _read_changes(file: Path) -> dict[str, NDArray[np.float32]]:
    """up @ down by the name of its linear layer; at least one."""
    try:
        with file.open("rb") as opened, np.load(opened) as stored:
            parts = {name: stored[name].astype(np.float32) for name in stored}
        names = sorted({name.rpartition(".")[0] for name in parts})
        found = {name: parts[f"{name}.up"] @ parts[f"{name}.down"] for name in names}
    except _UNREADABLE as error:
        raise _misfit(file) from error
    # A file with anything besides the pairs is of another kind.
    if not found or len(parts) != 2 * len(found):
        raise _misfit(file)
    if not all(np.isfinite(change).all() for change in found.values()):
        raise _misfit(file)
    return found


def _misfit(file: Path) -> EncoderError:
    return EncoderError(
        f"The adapter {file.name} is missing or does not fit the model: install Potica again,"
        " or learn the adapter anew with python -m eval.adapter."
    )
