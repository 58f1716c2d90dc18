"""Train the embedded model from scratch: ``python -m ftadvisor.executors.tiny_model.train --out FOLDER``."""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from ..prompt import Message
from .copying import plant_copying
from .corpus import Corpus
from .muon import Muon
from .tokenizer import render, save_tokenizer, train_tokenizer

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

Row = tuple[list[int], list[bool]]  # token ids, and which of them are to be predicted

LONGEST = 320
# Share of the run done -> weights of repeat, lookup, short, wording, case; and the most passages in a case.
MIXTURES: list[tuple[float, tuple[float, ...], int]] = [
    (0.00, (0.15, 0.50, 0.35, 0.00, 0.00), 1),
    (0.06, (0.03, 0.15, 0.50, 0.02, 0.30), 2),
    (0.20, (0.02, 0.05, 0.30, 0.03, 0.60), 3),
    (0.45, (0.01, 0.02, 0.12, 0.05, 0.80), 4),
]
HOLD = 0.55  # share of the run at full learning rate; it falls linearly to zero afterwards
WARM_UP_STEPS = 60


def build_model(vocabulary: int, width: int, layers: int, feed_forward: int) -> "LlamaForCausalLM":
    """Return an untrained Llama that starts with a copying circuit.

    Args:
        vocabulary: Entries of the vocabulary.
        width: Hidden size, a multiple of 64.
        layers: Number of layers, 2 or more.
        feed_forward: Inner size of the feed-forward blocks.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        num_key_value_heads=width // 64,
        head_dim=64,
        intermediate_size=feed_forward,
        attention_bias=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e8},
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        rms_norm_eps=1e-5,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = LlamaForCausalLM(config)
    plant_copying(model)
    return model


def encode(tokenizer: "Tokenizer", conversations: list[list[Message]]) -> list[Row]:
    """Return token ids and the mask of answer tokens, the closing token included."""
    answer, end = tokenizer.token_to_id("<ast>"), tokenizer.token_to_id("<eos>")
    rows = []
    for encoding in tokenizer.encode_batch([render(turns) for turns in conversations]):
        mask, inside = [], False
        for token in encoding.ids:
            mask.append(inside)
            inside = token == answer or (inside and token != end)
        rows.append((encoding.ids, mask))
    return rows


def lookup(random: Random, vocabulary: int) -> Row:
    """Draw random tokens, then ask to continue from one of them: nothing but copying helps."""
    tokens = random.sample(range(8, vocabulary), random.randint(8, 60))
    ids, mask = [1, *tokens], [False] * (len(tokens) + 1)
    for _ in range(random.randint(3, 6)):
        start, length = random.randrange(len(tokens) - 3), random.randint(2, 6)
        copied = tokens[start + 1 : start + 1 + length]
        ids += [4, tokens[start], 5, *copied]
        mask += [False] * 3 + [True] * len(copied)
    return ids, mask


class Stream:
    """Draw batches of similar length; what they hold depends on how far the run is."""

    def __init__(self, tokenizer: "Tokenizer", seed: int, batch_tokens: int) -> None:
        self.tokenizer, self.batch_tokens = tokenizer, batch_tokens
        self.corpus, self.random = Corpus(seed), Random(seed)
        self.done = 0.0

    def __iter__(self) -> Iterator[list[Row]]:
        while True:
            rows = sorted((row for row in self._rows(768) if len(row[0]) <= LONGEST), key=lambda row: len(row[0]))
            batches: list[list[Row]] = [[]]
            for row in rows:
                if batches[-1] and (len(batches[-1]) + 1) * len(row[0]) > self.batch_tokens:
                    batches.append([])
                batches[-1].append(row)
            self.random.shuffle(batches)
            yield from batches

    def _rows(self, count: int) -> list[Row]:
        _, weights, most = [mixture for mixture in MIXTURES if self.done >= mixture[0]][-1]
        draws = {
            "repeat": self.corpus.repeat,
            "short": lambda: self.corpus.short(4),
            "wording": self.corpus.wording,
            "case": lambda: self.corpus.case(most),
        }
        kinds = self.random.choices(["repeat", "lookup", "short", "wording", "case"], weights, k=count)
        size = self.tokenizer.get_vocab_size()
        looked = [lookup(self.random, size) for kind in kinds if kind == "lookup"]
        return looked + encode(self.tokenizer, [draws[kind]() for kind in kinds if kind != "lookup"])


def collate(rows: list[Row]) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Pad rows on the right to ids and mask of shape ``(batch, seq)``."""
    import torch

    longest = max(len(ids) for ids, _ in rows)
    ids, mask = torch.zeros((len(rows), longest), dtype=torch.long), torch.zeros((len(rows), longest), dtype=torch.bool)
    for index, (tokens, targets) in enumerate(rows):
        ids[index, : len(tokens)] = torch.tensor(tokens)
        mask[index, : len(tokens)] = torch.tensor(targets)
    return ids, mask


def predict(
    model: "LlamaForCausalLM", ids: "torch.Tensor", mask: "torch.Tensor"
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Return logits and targets of the answer tokens; padding stands on the right, so no attention mask is needed."""
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    return hidden[mask[:, 1:]] @ model.model.embed_tokens.weight.T, ids[:, 1:][mask[:, 1:]]


def exact(model: "LlamaForCausalLM", rows: list[Row]) -> float:
    """Return the share of rows answered without a wrong token."""
    import torch

    right = 0
    with torch.no_grad():
        for start in range(0, len(rows), 20):
            ids, mask = collate(rows[start : start + 20])
            logits, targets = predict(model, ids, mask)
            hit = torch.ones_like(mask[:, 1:])
            hit[mask[:, 1:]] = logits.argmax(-1) == targets
            right += int(hit.all(1).sum())
    return right / len(rows)


def held_out(tokenizer: "Tokenizer", rows: int = 100) -> dict[str, list[Row]]:
    """Return rows of each family from seeds that training never uses."""
    corpora = {f"{kind}{most}": (Corpus(9000 + most), kind, most) for kind in ("short", "case") for most in (1, 3)}
    return {
        name: encode(tokenizer, [getattr(corpus, kind)(most) for _ in range(rows)])
        for name, (corpus, kind, most) in corpora.items()
    }


def train(arguments: argparse.Namespace) -> None:
    """Train, report on held-out rows every few minutes, and save."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    tokenizer = train_tokenizer()
    arguments.out.mkdir(parents=True, exist_ok=True)
    save_tokenizer(tokenizer, arguments.out)
    model = build_model(tokenizer.get_vocab_size(), arguments.width, arguments.layers, arguments.feed_forward)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters", flush=True)
    embedding = model.model.embed_tokens.weight
    matrices = [p for p in model.parameters() if p.ndim == 2 and p is not embedding]
    others = [p for p in model.parameters() if p.ndim != 2 or p is embedding]
    muon = Muon(matrices, arguments.learning_rate)
    adam = torch.optim.AdamW(others, lr=arguments.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)
    checks, stream = held_out(tokenizer), Stream(tokenizer, arguments.seed, arguments.batch_tokens)
    start = reported = time.monotonic()
    tokens, average = 0, 0.0
    for step, rows in enumerate(stream, 1):
        stream.done = (time.monotonic() - start) / (arguments.minutes * 60)
        if stream.done >= 1:
            break
        rate = min(1.0, step / WARM_UP_STEPS) * min(1.0, max(0.02, (1 - stream.done) / (1 - HOLD)))
        muon.learning_rate = adam.param_groups[0]["lr"] = arguments.learning_rate * rate
        ids, mask = collate(rows)
        logits, targets = predict(model, ids, mask)
        loss = cross_entropy(logits, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        muon.step()
        adam.step()
        adam.zero_grad()
        tokens += sum(len(row) for row, _ in rows)
        average = 0.95 * average + 0.05 * loss.item() if step > 1 else loss.item()
        if step % 50 == 0:
            seconds = time.monotonic() - start
            print(
                f"step {step} minute {seconds / 60:.1f} loss {average:.3f} tokens/s {tokens / seconds:.0f}", flush=True
            )
        if time.monotonic() - reported > arguments.report_minutes * 60:
            reported = time.monotonic()
            print("   " + "  ".join(f"{name} {exact(model, check):.2f}" for name, check in checks.items()), flush=True)
            save(model, arguments.out)
    print("   " + "  ".join(f"{name} {exact(model, check):.2f}" for name, check in checks.items()), flush=True)
    save(model, arguments.out)


def save(model: "LlamaForCausalLM", folder: Path) -> None:
    """Write the weights in fp16 as safetensors."""
    from copy import deepcopy

    deepcopy(model).half().save_pretrained(folder)


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=100.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--feed-forward", type=int, default=512)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--batch-tokens", type=int, default=3072)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report-minutes", type=float, default=4.0)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
