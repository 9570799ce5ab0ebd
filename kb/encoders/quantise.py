"""Float32 ONNX graph to int8, a text's vector not depending on its neighbours in a batch.

ONNX Runtime's own dynamic quantisation takes one scale for all activations of a run: one outlier
token costs every token precision, and the same text gets another vector in other company. Here each
token has its own scale, found while running, each output channel of a weight its own, fixed:

    y[t, n] = scale[t] * scale[n] * sum_k(q[t, k] * w[k, n]),   scale[t] = max_k |x[t, k]| / 127

Weights keep to 7 bits. On processors without VNNI two products of 8 by 8 bits overflow the 16 bits
they are added in, silently; with 7 they cannot, and every machine computes the same.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

QUANTISATION = "int8: activations per token, weights per channel (7 bits), embeddings per row"
WEIGHT_LEVELS = 63
_LEVELS = 127
_TABLE_ROWS = 1000  # smaller tables (positions, token types) stay float32
_CONTRIB = "com.microsoft"  # ONNX Runtime's own operators
_SHARED: dict[str, NDArray[Any]] = {
    "int8.last_axis": np.array([-1], np.int64),
    "int8.levels": np.array(_LEVELS, np.float32),
    "int8.one": np.array(1, np.float32),
    "int8.smallest": np.array(1e-12, np.float32),
    "int8.zero_point": np.array(128, np.uint8),
    "int8.offset": np.array(128.5, np.float32),  # zero point, and a half so that cutting off rounds
}


def quantise(source: Path, target: Path) -> None:
    """Rewrite `source`; weights go beside `target`, into a file that is mapped, not read."""
    import onnx

    model = onnx.load(source)
    _Rewriter(model).rewrite()
    onnx.save(
        model,
        target,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=f"{target.name}.data",
        size_threshold=1024,
    )


class _Rewriter:
    """Replaces the nodes of one graph in place."""

    def __init__(self, model: "ModelProto") -> None:
        from onnx import helper

        if all(opset.domain != _CONTRIB for opset in model.opset_import):
            model.opset_import.append(helper.make_opsetid(_CONTRIB, 1))
        self._graph = model.graph
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._nodes: list[NodeProto] = []

    def rewrite(self) -> None:
        for name, value in _SHARED.items():
            self._add_constant(name, value)
        nodes = list(self._graph.node)
        linear: dict[str, list[tuple[NodeProto, NDArray[np.float32]]]] = {}
        for node in nodes:
            weight = self._weight_of(node)
            if weight is not None and node.op_type == "MatMul":
                linear.setdefault(node.input[0], []).append((node, weight))
        for node in nodes:
            weight = self._weight_of(node)
            if weight is None:
                self._nodes.append(node)
            elif node.op_type == "Gather":
                self._rewrite_gather(node, weight)
            elif node.input[0] in linear:  # query, key and value at once
                self._rewrite_matmuls(node.input[0], linear.pop(node.input[0]))
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)
        self._drop_unused()

    def _weight_of(self, node: "NodeProto") -> NDArray[np.float32] | None:
        """The constant matrix of an embedding or a linear layer; None for any other node."""
        from onnx import numpy_helper

        name = {"Gather": 0, "MatMul": 1}.get(node.op_type)
        tensor = None if name is None else self._constants.get(node.input[name])
        if tensor is None or len(tensor.dims) != 2:
            return None
        weight: NDArray[np.float32] = numpy_helper.to_array(tensor)
        if weight.dtype != np.float32 or (node.op_type == "Gather" and len(weight) < _TABLE_ROWS):
            return None
        return weight

    def _rewrite_gather(self, node: "NodeProto", table: NDArray[np.float32]) -> None:
        rows, scale = _to_int8(table, axis=1, levels=_LEVELS)
        name, indices, out = node.input[0], node.input[1], node.output[0]
        self._add_constant(f"{name}.int8", rows)
        self._add_constant(f"{name}.scale", scale)
        self._add("Gather", [f"{name}.int8", indices], [f"{out}.rows"], axis=0)
        self._add("Gather", [f"{name}.scale", indices], [f"{out}.scale"], axis=0)
        self._add("Cast", [f"{out}.rows"], [f"{out}.float"], to=1)
        self._add("Mul", [f"{out}.float", f"{out}.scale"], [out])

    def _rewrite_matmuls(
        self, x: str, layers: "list[tuple[NodeProto, NDArray[np.float32]]]"
    ) -> None:
        """One product for all linear layers that read `x`, split up again if there are several."""
        weights = [weight for _, weight in layers]
        outputs = [node.output[0] for node, _ in layers]
        columns, scale = _to_int8(np.concatenate(weights, axis=1), axis=0, levels=WEIGHT_LEVELS)
        self._add_constant(f"{x}.weight", columns)
        self._add_constant(f"{x}.weight.scale", scale.reshape(-1) / np.float32(_LEVELS))
        self._quantise_activation(x)
        inputs = [f"{x}.uint8", f"{x}.weight", "int8.one", f"{x}.weight.scale", "int8.zero_point"]
        self._add("MatMulIntegerToFloat", inputs, [f"{x}.product"], domain=_CONTRIB)
        whole = outputs[0] if len(outputs) == 1 else f"{x}.linear"
        self._add("Mul", [f"{x}.product", f"{x}.largest"], [whole])
        if len(outputs) > 1:
            widths = np.array([weight.shape[1] for weight in weights], np.int64)
            self._add_constant(f"{x}.widths", widths)
            self._add("Split", [whole, f"{x}.widths"], outputs, axis=-1)

    def _quantise_activation(self, x: str) -> None:
        self._add("Abs", [x], [f"{x}.abs"])
        self._add("ReduceMax", [f"{x}.abs", "int8.last_axis"], [f"{x}.max"], keepdims=1)
        self._add("Max", [f"{x}.max", "int8.smallest"], [f"{x}.largest"])
        self._add("Div", ["int8.levels", f"{x}.largest"], [f"{x}.factor"])
        self._add("Mul", [x, f"{x}.factor"], [f"{x}.scaled"])
        self._add("Add", [f"{x}.scaled", "int8.offset"], [f"{x}.shifted"])
        self._add("Cast", [f"{x}.shifted"], [f"{x}.uint8"], to=2)

    def _add(
        self,
        operator: str,
        inputs: list[str],
        outputs: list[str],
        domain: str = "",
        **attributes: int,
    ) -> None:
        from onnx import helper

        self._nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))

    def _add_constant(self, name: str, value: NDArray[Any]) -> None:
        from onnx import numpy_helper

        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)

    def _drop_unused(self) -> None:
        used = {name for node in self._graph.node for name in node.input}
        kept = [tensor for name, tensor in self._constants.items() if name in used]
        del self._graph.initializer[:]
        self._graph.initializer.extend(kept)


def _to_int8(
    weight: NDArray[np.float32], axis: int, levels: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric: weight is about integers * scale; one scale for all along `axis`."""
    scale = np.abs(weight).max(axis=axis, keepdims=True) / np.float32(levels)
    scale[scale == 0] = 1.0
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float32)
