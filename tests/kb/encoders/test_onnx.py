"""The serving runtime with the packaged model."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from eval.bench.encoder import own_sentences
from kb.encoders.manifest import read_manifest
from kb.encoders.onnx import OnnxEncoder
from kb.errors import EncoderError
from kb.ports import Encoder
from kb.search.centre import Means, packaged_means

SENTENCES = own_sentences()
EVERYTHING = [sentence for group in SENTENCES.values() for sentence in group]
WEIRD = [
    "",
    " ",
    "\n\t",
    "\x00",
    "\ud800",
    "a\udfffb",
    "👩‍👩‍👧‍👦",
    "\u200b\ufeff",
    "مرحبا",
    "<s></s><mask>",
]


def test_vectors_are_unit_float32_rows(encoder: Encoder) -> None:
    vectors = encoder.encode(EVERYTHING, "passage")

    assert vectors.shape == (len(EVERYTHING), encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("kind", ["query", "passage"])
def test_int8_stays_close_to_float32(
    encoder: Encoder, torch_encoder: Encoder, language: str, kind: str
) -> None:
    served = encoder.encode(SENTENCES[language], kind)
    reference = torch_encoder.encode(SENTENCES[language], kind)

    cosines = np.sum(served * reference, axis=1)
    assert cosines.mean() > 0.997
    assert cosines.min() > 0.99
    # What is ranked by: the language's mean, which both share, is off.
    means = Means(packaged_means(encoder.model_id))
    centred = [means.centred(rows, kind, language) for rows in (served, reference)]
    assert np.sum(centred[0] * centred[1], axis=1).mean() > 0.99


@pytest.mark.parametrize("language", ["pl", "cs", "sl", "hu"])
def test_finds_the_same_sentence_in_another_language(encoder: Encoder, language: str) -> None:
    queries = encoder.encode(SENTENCES["en"], "query")
    passages = encoder.encode(SENTENCES[language], "passage")

    best = np.argmax(queries @ passages.T, axis=1)
    assert np.mean(best == np.arange(len(best))) >= 0.9


def test_a_vector_does_not_depend_on_its_batch(encoder: Encoder) -> None:
    together = encoder.encode(EVERYTHING, "passage")
    alone = np.concatenate([encoder.encode([text], "passage") for text in EVERYTHING])

    # Rounding to int8 may tip over on a last bit; a scale per batch would give 0.99.
    assert np.sum(together * alone, axis=1).min() > 0.9999


def test_the_same_text_gives_the_same_vector_from_many_threads(encoder: Encoder) -> None:
    expected = encoder.encode(EVERYTHING[:8], "query")

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: encoder.encode(EVERYTHING[:8], "query"), range(12)))

    for vectors in results:
        np.testing.assert_array_equal(vectors, expected)


def test_queries_and_passages_are_told_apart(encoder: Encoder) -> None:
    query, passage = (encoder.encode(["delivery"], kind)[0] for kind in ("query", "passage"))

    assert query @ passage < 0.999


@pytest.mark.parametrize("text", WEIRD)
def test_any_text_has_a_vector_and_offsets(encoder: Encoder, text: str) -> None:
    vectors = encoder.encode([text, "x"], "query")

    assert np.isfinite(vectors).all()
    spans = encoder.token_offsets(text)
    assert len(spans) == encoder.count_tokens([text])[0]
    assert all(0 <= start <= end <= len(text) for start, end in spans)


def test_long_text_is_cut_at_the_limit(encoder: Encoder) -> None:
    text = "parcel " * 5000

    long, cut = encoder.encode([text, text[: len(text) // 2]], "passage")

    np.testing.assert_allclose(long, cut, atol=1e-5)
    assert encoder.count_tokens([text])[0] >= 5000


def test_nothing_gives_no_rows(encoder: Encoder) -> None:
    assert encoder.encode([], "query").shape == (0, encoder.dim)
    assert encoder.count_tokens([]) == []


def test_offsets_are_characters_of_the_given_text(encoder: Encoder) -> None:
    text = "Žluťoučký kůň  zażółć\ngęślą jaźń, 👋 čšž őű"

    spans = encoder.token_offsets(text)

    covered = {position for start, end in spans for position in range(start, end)}
    assert "".join(c for i, c in enumerate(text) if i in covered) == "".join(text.split())
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    assert text[spans[0][0] : spans[0][1]] == "Ž"


@pytest.mark.parametrize("language", SENTENCES)
def test_tokens_are_those_of_the_torch_runtime(
    encoder: Encoder, torch_encoder: Encoder, language: str
) -> None:
    for text in SENTENCES[language]:
        assert encoder.token_offsets(text) == torch_encoder.token_offsets(text)


def test_needs_no_torch_and_little_memory(onnx_folder: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from kb.encoders.onnx import OnnxEncoder\n"
        "OnnxEncoder(Path(sys.argv[1])).encode(['Kje je moj paket?'], 'query')\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'onnx'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) // 1024)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(onnx_folder)], capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < 500  # MB, most of it the 250,000 pieces of the tokenizer


@pytest.mark.parametrize("name", ["model.onnx", "model.onnx.data", "tokenizer.json"])
def test_a_changed_file_is_refused(onnx_folder: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "onnx"
    shutil.copytree(onnx_folder, folder)
    with (folder / name).open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))

    with pytest.raises(EncoderError, match=name):
        OnnxEncoder(folder)


def test_the_manifest_says_what_the_model_is(onnx_folder: Path) -> None:
    manifest = read_manifest(onnx_folder)

    assert (manifest.dim, manifest.max_tokens) == (384, 512)
    assert manifest.prompts == {"query": "query: ", "passage": "passage: "}
    assert set(manifest.files) == {"model.onnx", "model.onnx.data", "tokenizer.json"}
