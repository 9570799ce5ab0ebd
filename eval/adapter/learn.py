"""Learns the adapter by contrast: each query is to find its own candidate in the batch.

Loss: cross entropy of cosines over a temperature (InfoNCE, van den Oord et al. 2018). Beside it,
texts of all kinds are held about where the model without the adapter puts them, both as they
are and less their mean, which is what search compares. Needs torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch.nn.functional import cross_entropy, normalize

from eval.adapter.lora import Adapter
from eval.adapter.tasks import Batch, Sampler
from eval.progress import Progress

WARM_UP = 20  # steps until the full rate
SLOWEST = 0.05  # of the full rate, at the end
ANCHOR_TOKENS = 64
SHOWN = 10  # steps between two lines of figures


@dataclass(frozen=True, slots=True)
class Plan:
    """How to learn. `hold`: weight of staying close; `longest`: tokens read of a text."""

    steps: int = 280
    rank: int = 16
    rate: float = 4e-4
    temperature: float = 0.03
    hold: float = 1.0
    longest: int = 72
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """What one step showed, before it changed anything."""

    task: str
    loss: float
    moved: float


@dataclass(frozen=True, slots=True)
class Learned:
    """`changes` at full strength, as `eval.adapter.lora.write_adapter` takes them."""

    changes: dict[str, NDArray[np.float32]]
    steps: list[Step] = field(default_factory=list)


def learn(model: SentenceTransformer, sampler: Sampler, plan: Plan, progress: Progress) -> Learned:
    """Learn an adapter for the model, which is left as it was."""
    model.eval().requires_grad_(False)
    adapter = Adapter(model, plan.rank, plan.seed)
    steps: list[Step] = []
    try:
        optimizer = torch.optim.AdamW(adapter.parameters, lr=plan.rate, weight_decay=0.01)
        rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, plan.steps))
        for _ in progress.each(range(plan.steps), "Learning", plan.steps):
            batch, anchors = sampler.batch(), sampler.anchors()
            loss = contrast(model, batch, plan)
            moved = _moved(model, adapter, anchors)
            optimizer.zero_grad()
            (loss + plan.hold * moved).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(adapter.parameters, 1.0)
            optimizer.step()
            rates.step()
            steps.append(Step(batch.task, loss.item(), moved.item()))
            if len(steps) % SHOWN == 0 or len(steps) == plan.steps:
                progress.say(f"{len(steps)}: {_figures(steps)}")
        return Learned(adapter.changes(), steps)
    finally:
        adapter.remove()


def contrast(model: SentenceTransformer, batch: Batch, plan: Plan) -> torch.Tensor:
    """How badly the queries find their candidates: a scalar, 0 where they surely do."""
    queries = _vectors(model, batch.queries, plan.longest)
    candidates = _vectors(model, batch.candidates, plan.longest)
    scores = queries @ candidates.T / plan.temperature
    if batch.ignored is not None:
        scores = scores.masked_fill(torch.from_numpy(batch.ignored), -1e4)
    right = torch.arange(len(batch.queries))
    loss = cross_entropy(scores, right)
    return (loss + cross_entropy(scores.T, right)) / 2 if batch.both_ways else loss


def _moved(model: SentenceTransformer, adapter: Adapter, texts: Sequence[str]) -> torch.Tensor:
    """1 - cosine between the texts' vectors with and without the adapter: centred + half raw."""
    now = _vectors(model, texts, ANCHOR_TOKENS)
    with torch.no_grad(), adapter.asleep():
        before = _vectors(model, texts, ANCHOR_TOKENS)
    centred = normalize(now - now.mean(0), dim=-1) * normalize(before - before.mean(0), dim=-1)
    return (1 - centred.sum(-1)).mean() + 0.5 * (1 - (now * before).sum(-1)).mean()


def _vectors(model: SentenceTransformer, texts: Sequence[str], longest: int) -> torch.Tensor:
    """Shape (len(texts), dim), unit rows: mean pooling, as the model does it, with gradients."""
    read = model.tokenizer(
        list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt"
    )
    mask = read["attention_mask"]
    bert: Any = model[0].auto_model
    states = bert(input_ids=read["input_ids"], attention_mask=mask)
    kept = mask.unsqueeze(-1).float()
    return normalize((states.last_hidden_state * kept).sum(1) / kept.sum(1), dim=-1)


def _rate(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / WARM_UP) * max(SLOWEST, 1 - step / steps)


def _figures(steps: Sequence[Step]) -> str:
    """Means of the last losses, task by task, and of how far the vectors moved."""
    by_task: dict[str, list[float]] = {}
    for step in steps:
        by_task.setdefault(step.task, []).append(step.loss)
    shown = [f"{task} {np.mean(losses[-12:]):.3f}" for task, losses in by_task.items()]
    return ", ".join([*shown, f"moved {np.mean([step.moved for step in steps[-12:]]):.3f}"])
