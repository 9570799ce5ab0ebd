"""The adapter's training on made-up sets: what is read, what is learned, what is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eval.adapter.learn import Plan, contrast, learn
from eval.adapter.lora import LINEARS, write_adapter
from eval.adapter.material import LANGUAGES, Material
from eval.adapter.sources import (
    chunks,
    is_held_out_article,
    is_held_out_entity,
    read_material,
)
from eval.adapter.tasks import WEIGHTS, Sampler
from eval.progress import Progress
from eval.splits import Split
from kb.encoders.adapter import merge_adapter
from kb.errors import EncoderError, InvalidInput, NotFound
from tests.eval.test_folders import write
from tests.tiny import HIDDEN, LAYERS, tiny_model

SECRET = "zzz"  # stands in every text that must not be learned from
PLAN = Plan(steps=40, rank=4, rate=0.02, temperature=0.1)


def half(row_id: str) -> str:
    return SECRET if Split.test.has(row_id) else "open"


def public_sets(data: Path) -> Path:
    snippets, dialogs, procedures = [], [], []
    for entity in range(12):
        name = f"inn {entity}"
        mark = SECRET if is_held_out_entity(f"hotel|{name}") else "open"
        for topic in ("wifi", "pets", "parking", "breakfast"):
            key = f"{entity}-{topic}"
            row = {"_id": key, "domain": "hotel", "entity": name}
            title = f"is there {topic} {mark}"
            snippets.append(row | {"title": title, "text": f"yes we have {topic}"})
            mine = mark if mark == SECRET else half(f"d{key}")
            text = f"do they have {topic} at {name} {mine}?"
            dialogs.append({"_id": f"d{key}", "text": text, "relevant": [key]})
    write(data / "dstc9_val" / "corpus.jsonl", snippets)
    write(data / "dstc9_val" / "queries.jsonl", dialogs)
    for number in range(6):
        text = "\n".join(f"step {step} of procedure {number}" for step in range(40))
        procedures.append({"_id": f"p{number}", "title": f"how to do {number}", "text": text})
    write(data / "tau_banking" / "corpus.jsonl", procedures)
    write(data / "tau_banking" / "tasks.jsonl", [{"_id": "t", "instructions": SECRET}])
    help_pages(data / "libreoffice_help")
    for name in ("banking77", "clinc150"):
        rows = [
            {"_id": f"{name}{intent}.{n}", "intent": intent, "text": f"{intent} wish {n}"}
            for intent in ("card", "loan", "oos")
            for n in range(12)
        ]
        if name == "banking77":
            rows = [row | {"text": f"{row['text']} {half(row['_id'])}"} for row in rows]
        write(data / name / "train.jsonl", rows)
        write(data / name / "test.jsonl", [{"_id": "x", "intent": "card", "text": SECRET}])
    for domain in ("airline", "finance", "insurance"):
        ids = [f"{domain}{n}" for n in range(8)]
        texts = [{"_id": i, "turns": [{"text": f"my {domain} question {half(i)}"}]} for i in ids]
        write(data / "multidogo" / f"{domain}.jsonl", texts)
    return data


def help_pages(folder: Path) -> None:
    for tag in LANGUAGES:
        pages, terms = [], []
        for number in range(8):
            key = f"h{number}"
            lines = [f"line {n} about thing {number} in words of {tag} {half(key)}" for n in (1, 2)]
            title = f"{tag} thing {number} {half(key)}"
            pages.append({"_id": key, "title": title, "text": "\n".join(lines)})
            terms.append({"_id": key, "text": f"{tag} use,{tag} thing {number} {half(key)}"})
        write(folder / f"corpus.{tag}.jsonl", pages)
        write(folder / f"queries.{tag}.jsonl", terms)


def own_knowledge(root: Path) -> tuple[Path, Path]:
    content, calibration = root / "content", root / "calibration"
    for tag in LANGUAGES:
        questions = []
        for number in range(8):
            key = f"a{number}"
            mark = SECRET if is_held_out_article(key) else "open"
            matter = {
                "article": key,
                "language": tag,
                "title": f"{tag} parcel {number} {mark}",
                "summary": f"{tag} about parcel {number}",
                "keywords": [f"{tag} box {number}", f"{tag} post {number}"],
            }
            if tag != "en":
                matter["translation_of"] = "en"
            head = "\n".join(f"{name}: {json.dumps(value)}" for name, value in matter.items())
            text = f"---\n{head}\n---\n\nparcel **{number}** in [{tag}](article:x)\n"
            path = content / tag / f"{key}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            asked = {"known": True, "relevant": [key]}
            questions.append(asked | {"text": f"where is {tag} {number} {mark}"})
        questions.append({"known": False, "relevant": [], "text": SECRET})
        write(calibration / f"questions.{tag}.jsonl", questions)
    return content, calibration


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    root = tmp_path_factory.mktemp("sets")
    return read_material(public_sets(root / "data"), *own_knowledge(root))


def test_only_development_halves_and_known_entities_and_articles_are_drawn(
    material: Material,
) -> None:
    sampler = Sampler(material, seed=3)
    drawn: dict[str, set[str]] = {}
    for _ in range(400):
        batch = sampler.batch()
        texts = drawn.setdefault(batch.task, set())
        texts |= {*batch.queries, *batch.candidates}
        drawn.setdefault("anchors", set()).update(sampler.anchors())

    assert drawn.keys() == {*WEIGHTS, "anchors"}
    assert all(
        text.startswith(("query: ", "passage: ")) for found in drawn.values() for text in found
    )
    assert not [text for found in drawn.values() for text in found if SECRET in text]
    # All languages take part, and the intent that stands for no intent does not.
    for tag in LANGUAGES:
        assert any(f"{tag} parcel" in text for text in drawn["content"])
        assert any(f"words of {tag}" in text for text in drawn["lines"])
    assert not any("oos" in text for text in drawn["intents"])


def test_a_batch_ignores_what_answers_as_well(material: Material) -> None:
    sampler = Sampler(material, seed=3, weights={"tau": 1})
    batch = sampler.batch()
    document = [text.split("how to do ")[-1] for text in batch.queries]

    assert batch.ignored is not None
    for row, column in np.ndindex(batch.ignored.shape):
        same = document[row] == document[column] and row != column
        assert batch.ignored[row, column] == same


def test_the_same_seed_draws_the_same(material: Material) -> None:
    first, second, other = (Sampler(material, seed) for seed in (3, 3, 4))
    told = [[sampler.batch().queries for _ in range(5)] for sampler in (first, second, other)]

    assert told[0] == told[1] != told[2]


def test_pieces_are_whole_lines_and_long_lines_end_with_a_word() -> None:
    assert chunks("one\ntwo\nthree", 8) == ["one\ntwo", "three"]
    assert chunks("one two three four", 9) == ["one two", "three", "four"]
    assert "".join(chunks("x" * 25, 10)) == "x" * 25
    assert chunks("", 10) == []


def test_the_loss_falls_and_the_written_file_is_merged(material: Material, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "model")
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    weights = {"intents": 1.0}  # words by the letter are not enough for more
    checked = [Sampler(material, seed=9, weights=weights) for _ in range(2)]

    def loss(sampler: Sampler) -> float:
        return float(np.mean([contrast(model, sampler.batch(), PLAN).item() for _ in range(20)]))

    at_first = loss(checked[0])
    learned = learn(model, Sampler(material, 1, weights), PLAN, Progress())
    assert len(learned.steps) == PLAN.steps
    assert learned.steps[0].moved == pytest.approx(0, abs=1e-5)
    assert learned.steps[-1].moved > 0.001
    assert all(weight.equal(before[name]) for name, weight in model.state_dict().items())

    file = tmp_path / "new" / "adapter.npz"
    write_adapter(learned.changes, file, strength=0.5)
    merge_adapter(model, file)

    assert loss(checked[1]) < 0.7 * at_first
    after = model.state_dict()
    changed = {
        name.rpartition("encoder.layer.")[2].removesuffix(".weight"): name
        for name, weight in after.items()
        if not weight.equal(before[name])
    }
    assert changed.keys() == {f"{layer}.{name}" for layer in range(LAYERS) for name in LINEARS}
    with np.load(file) as stored:
        for short, name in changed.items():
            up, down = (stored[f"{short}.{part}"] for part in ("up", "down"))
            assert (up.dtype, down.shape) == (np.float16, (PLAN.rank, HIDDEN))
            added = up.astype(np.float32) @ down.astype(np.float32)
            np.testing.assert_allclose(
                after[name].numpy(), before[name].numpy() + added, rtol=0, atol=1e-6
            )
            np.testing.assert_allclose(up, 0.5 * learned.changes[f"{short}.up"], atol=1e-3)


def test_a_file_learned_for_another_model_is_refused(material: Material, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "model")
    learned = learn(model, Sampler(material, 1), Plan(steps=1, rank=4), Progress())
    wider = {
        name: np.pad(part, ((0, 0), (0, 1))) if name.endswith(".down") else part
        for name, part in learned.changes.items()
    }
    write_adapter(wider, tmp_path / "wider.npz", strength=1)

    with pytest.raises(EncoderError, match=r"wider\.npz is missing or does not fit"):
        merge_adapter(model, tmp_path / "wider.npz")


def test_a_set_that_is_not_there_or_empty_is_named(tmp_path: Path) -> None:
    data = public_sets(tmp_path / "data")
    content, calibration = own_knowledge(tmp_path)
    write(data / "tau_banking" / "corpus.jsonl", [])
    with pytest.raises(InvalidInput, match="tau_banking"):
        read_material(data, content, calibration)
    (content / "sl" / "a1.md").unlink()
    with pytest.raises(InvalidInput, match="a1 needs all five languages"):
        read_material(data, content, calibration)
    (data / "libreoffice_help" / "corpus.hu.jsonl").write_text("")
    with pytest.raises(InvalidInput, match="not there in hu"):
        read_material(data, content, calibration)
    (data / "dstc9_val" / "queries.jsonl").unlink()
    with pytest.raises(NotFound, match=r"queries\.jsonl"):
        read_material(data, content, calibration)


def test_the_command_says_what_is_missing_before_it_loads_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from eval.adapter.__main__ import main; code = main(sys.argv[1:]);"
        " sys.exit(9 if 'torch' in sys.modules else code)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "corpus.jsonl: check the folder" in ended.stderr
