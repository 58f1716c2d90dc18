"""Train the embedded model from scratch: ``python -m ftadvisor.executors.tiny_model.train --out FOLDER``."""

import argparse
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .copying import HEAD_SIZE, ROTARY_BASE, plant_copying
from .corpus import Corpus
from .muon import Muon
from .stream import Row, Stream, collate, encode
from .tokenizer import save_tokenizer, train_tokenizer

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

HOLD = 0.55  # share of the run at full learning rate; it falls linearly to zero afterwards
WARM_UP_STEPS = 60
HELD_OUT_SEED = 9000


@dataclass(frozen=True)
class Settings:
    """Say how to train; the defaults made the bundled model.

    Attributes:
        minutes: How long to train; the learning rate and the mixture follow the clock.
        threads: Processor threads.
        width: Hidden size, a multiple of 64 above 64.
        layers: Number of layers, 2 or more.
        feed_forward: Inner size of the feed-forward blocks.
        learning_rate: Peak of both optimizers; 1e-3 to 5e-3 is a good range.
        batch_tokens: Most tokens of a batch.
        seed: Seed of weights and text.
    """

    minutes: float = 95.0
    threads: int = 1
    width: int = 192
    layers: int = 5
    feed_forward: int = 512
    learning_rate: float = 3e-3
    batch_tokens: int = 3072
    seed: int = 0


def build_model(vocabulary: int, settings: Settings) -> "LlamaForCausalLM":
    """Return an untrained Llama that starts with a copying circuit."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.width // HEAD_SIZE,
        num_key_value_heads=settings.width // HEAD_SIZE,
        head_dim=HEAD_SIZE,
        intermediate_size=settings.feed_forward,
        attention_bias=True,
        rope_parameters={"rope_type": "default", "rope_theta": ROTARY_BASE},
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


def predict(model: "LlamaForCausalLM", rows: list[Row]) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Return logits and targets of the answer tokens; padding stands on the right, so no attention mask is needed."""
    ids, mask = collate(rows)
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    return hidden[mask[:, 1:]] @ model.model.embed_tokens.weight.T, ids[:, 1:][mask[:, 1:]]


def accuracy(model: "LlamaForCausalLM", rows: list[Row]) -> float:
    """Return the share of answer tokens that the model predicts, 0 to 1."""
    import torch

    right = total = 0
    with torch.no_grad():
        for start in range(0, len(rows), 20):
            logits, targets = predict(model, rows[start : start + 20])
            right += int((logits.argmax(-1) == targets).sum())
            total += len(targets)
    return right / total


def held_out(tokenizer: "Tokenizer", count: int = 100) -> dict[str, list[Row]]:
    """Return rows of each family from seeds that training never uses."""
    corpora = {
        f"{kind}, {most} passages": (Corpus(HELD_OUT_SEED + most), kind, most)
        for kind in ("short", "case")
        for most in (1, 3)
    }
    return {
        name: encode(tokenizer, [getattr(corpus, kind)(most) for _ in range(count)])
        for name, (corpus, kind, most) in corpora.items()
    }


class Pretraining:
    """Train a model for a set time, telling how well it does on held-out rows."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        import torch

        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings, self.folder = settings, folder
        tokenizer = train_tokenizer()
        folder.mkdir(parents=True, exist_ok=True)
        save_tokenizer(tokenizer, folder)
        self.model = build_model(tokenizer.get_vocab_size(), settings)
        self.stream = Stream(tokenizer, settings.seed, settings.batch_tokens)
        self.checks = held_out(tokenizer)
        embedding = self.model.model.embed_tokens.weight
        matrices = [each for each in self.model.parameters() if each.ndim == 2 and each is not embedding]
        others = [each for each in self.model.parameters() if each.ndim != 2 or each is embedding]
        self.muon = Muon(matrices, settings.learning_rate)
        self.adam = torch.optim.AdamW(others, lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)

    def run(self) -> None:
        """Train until the time is over, and save."""
        start = time.monotonic()
        for step, rows in enumerate(self.stream, 1):
            self.stream.done = (time.monotonic() - start) / (self.settings.minutes * 60)
            if self.stream.done >= 1:
                break
            self._set_rate(step)
            loss = self._update(rows)
            if step % 200 == 0:
                self._tell(f"step {step}, {100 * self.stream.done:.0f} % done, loss {loss:.3f}")
        self._tell("finished")
        self.save()

    def _set_rate(self, step: int) -> None:
        share = min(1.0, step / WARM_UP_STEPS) * min(1.0, max(0.02, (1 - self.stream.done) / (1 - HOLD)))
        self.muon.learning_rate = self.adam.param_groups[0]["lr"] = self.settings.learning_rate * share

    def _update(self, rows: list[Row]) -> float:
        import torch

        logits, targets = predict(self.model, rows)
        loss = torch.nn.functional.cross_entropy(logits, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.muon.step()
        self.adam.step()
        self.adam.zero_grad()
        return loss.item()

    def _tell(self, state: str) -> None:
        shares = ", ".join(f"{name}: {accuracy(self.model, rows):.3f}" for name, rows in self.checks.items())
        print(f"{state}; right answer tokens: {shares}", flush=True)

    def save(self) -> None:
        """Write the weights in fp16 as safetensors."""
        deepcopy(self.model).half().save_pretrained(self.folder)


def main() -> None:
    """Read the options and train."""
    defaults = Settings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=defaults.minutes)
    parser.add_argument("--threads", type=int, default=defaults.threads)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    chosen = parser.parse_args()
    Pretraining(Settings(minutes=chosen.minutes, threads=chosen.threads, seed=chosen.seed), chosen.out).run()


if __name__ == "__main__":
    main()
