"""Learn the adapter of the packaged encoder from the development halves of public sets.

    python -m eval.adapter DATA [--steps 280] [--strength 0.6] [--out FILE]

DATA holds the folders dstc9_val, libreoffice_help, tau_banking, banking77, clinc150 and multidogo.
About 6 s a step on two cores. Why and what came of it: docs/decisions/0009.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from eval.progress import Progress
from kb.encoders.adapter import FILE
from kb.errors import KbError

AFTERWARDS = (
    "Vectors change with it: give MODEL_ID in kb/encoders/packaged.py another name, then learn"
    " the means, the turns that ask and the confidence anew (CONTRIBUTING.md, learned weights)."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the adapter and say what follows from it."""
    options = _parser().parse_args(arguments)
    progress = Progress()
    try:
        _run(options.data, options.steps, options.strength, options.out, progress)
    except KbError as error:
        print(error.message, file=sys.stderr)
        return 1
    progress.say(f"{options.out} is written. {AFTERWARDS}")
    return 0


def _run(data: Path, steps: int, strength: float, out: Path, progress: Progress) -> None:
    from eval.adapter.sources import read_material
    from eval.adapter.tasks import Sampler

    material = read_material(data)
    from eval.adapter.learn import Plan, learn
    from eval.adapter.lora import write_adapter
    from kb.encoders.packaged import build_sentence_transformer, read_packed, weights_path

    plan = Plan(steps=steps)
    with tempfile.TemporaryDirectory() as workdir:
        model = build_sentence_transformer(read_packed(weights_path()), Path(workdir))
        learned = learn(model, Sampler(material, plan.seed), plan, progress)
    write_adapter(learned.changes, out, strength)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval.adapter")
    parser.add_argument("data", type=Path, help="folder with the public sets")
    parser.add_argument("--steps", type=_at_least_one, default=280)
    parser.add_argument("--strength", type=float, default=0.6, help="share of what was learned")
    parser.add_argument("--out", type=Path, default=FILE, help="the file to write")
    return parser


def _at_least_one(text: str) -> int:
    steps = int(text)
    if steps < 1:
        raise argparse.ArgumentTypeError("at least one step is needed")
    return steps


if __name__ == "__main__":
    sys.exit(main())
