"""A low-rank change beside the attention's linear layers (LoRA, Hu et al. 2021). Needs torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch.nn import Linear, Module, Parameter
from torch.nn.functional import linear

LINEARS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
)


class Adapter:
    """Adds (up @ down) x to what each linear layer gives; the layers' own weights stay.

    down: (rank, in), random; up: (out, rank), zero at first, so that nothing changes yet.
    """

    def __init__(self, model: SentenceTransformer, rank: int, seed: int) -> None:
        source = torch.Generator().manual_seed(seed)
        self._asleep = False
        self._parts: dict[str, tuple[Parameter, Parameter]] = {}
        self._hooks = []
        for name, layer in _linears(model).items():
            down = torch.randn(rank, layer.in_features, generator=source)
            part = (
                Parameter(down / math.sqrt(layer.in_features)),
                Parameter(torch.zeros(layer.out_features, rank)),
            )
            self._parts[name] = part
            self._hooks.append(layer.register_forward_hook(self._hook(*part)))

    @property
    def parameters(self) -> list[Parameter]:
        """All that is learned: of each layer down, then up."""
        return [parameter for part in self._parts.values() for parameter in part]

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Inside, the model gives what it gave before it had an adapter."""
        self._asleep = True
        try:
            yield
        finally:
            self._asleep = False

    def remove(self) -> None:
        """Take it off the model."""
        for hook in self._hooks:
            hook.remove()

    def changes(self) -> dict[str, NDArray[np.float32]]:
        """`<layer>.<linear>.down` and `.up`, as `kb.encoders.adapter` reads them."""
        found = {}
        for name, (down, up) in self._parts.items():
            found[f"{name}.down"] = down.detach().numpy().copy()
            found[f"{name}.up"] = up.detach().numpy().copy()
        return found

    def _hook(self, down: Parameter, up: Parameter) -> Any:
        def add(_: Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
            return output if self._asleep else output + linear(linear(inputs[0], down), up)

        return add


def write_adapter(changes: Mapping[str, NDArray[np.float32]], file: Path, strength: float) -> None:
    """Write `strength` times the changes for `kb.encoders.adapter`: float16, strength in `up`."""
    stored: dict[str, Any] = {
        name: (part * strength if name.endswith(".up") else part).astype(np.float16)
        for name, part in changes.items()
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, **stored)


def _linears(model: SentenceTransformer) -> dict[str, Linear]:
    bert: Any = model[0].auto_model
    return {
        f"{index}.{name}": layer.get_submodule(name)
        for index, layer in enumerate(bert.encoder.layer)
        for name in LINEARS
    }
