"""Vectors from any sentence-transformers model, by id or folder."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...knowledge.quiet import quiet_libraries
from . import FUSED_WEIGHT, Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding, Tokenizer


@dataclass(frozen=True)
class SentenceEmbedder:
    """Embed with a model's own pooling, and with the prompts for questions and passages that its config names."""

    model: "SentenceTransformer"
    pieces: "Tokenizer"
    unknown: int | None
    identity: str
    dimension: int
    longest: int | None
    batch_size: int = 32
    weight: float = FUSED_WEIGHT
    _seen: dict[str, "Encoding"] = field(default_factory=dict)

    def token_starts(self, text: str) -> Sequence[int]:
        """Return where each word piece begins."""
        return [start for start, _ in self._encode(text).offsets]

    def unknown_tokens(self, text: str) -> int:
        """Return how many pieces are the unknown one, or mere bytes of a character that has no piece of its own."""
        encoding = self._encode(text)
        spans = encoding.offsets
        fragments = sum(spans[place] == spans[place - 1] for place in range(1, len(spans)))
        return fragments + encoding.ids.count(-1 if self.unknown is None else self.unknown)

    def embed(self, texts: Sequence[str], role: Role) -> "NDArray[np.float32]":
        """Return the vectors of one batch."""
        encode = self.model.encode_query if role == "question" else self.model.encode_document
        vectors: NDArray[np.float32] = encode(
            list(texts), batch_size=self.batch_size, show_progress_bar=False, normalize_embeddings=True
        ).astype("float32")
        return vectors

    def _encode(self, text: str) -> "Encoding":
        """Return the pieces; the last text is kept, because it is asked for its length and its unknown pieces."""
        if text not in self._seen:
            self._seen.clear()
            self._seen[text] = self.pieces.encode(text, add_special_tokens=False)
        return self._seen[text]


def open_embedder(name: str) -> SentenceEmbedder:
    """Return the embedder of a model.

    Args:
        name: A folder, or an id that is in the local cache or on the hub.

    Raises:
        UserError: The model cannot be opened, or does not tell where its tokens are.
    """
    model = _load(name)
    pieces = getattr(model.tokenizer, "backend_tokenizer", None)
    if pieces is None:
        raise _cannot_open(name, say("rag.no_offsets"))
    longest = model.max_seq_length
    room = len(model.tokenizer("").input_ids) + max((len(prompt or "") for prompt in model.prompts.values()), default=0)
    return SentenceEmbedder(
        model,
        _untruncated(pieces),
        model.tokenizer.unk_token_id,
        identity=f"sentence-transformers:{_fingerprint(model, pieces)}",
        dimension=int(model.get_embedding_dimension() or 0),
        longest=None if longest is None else longest - room,
    )


def _load(name: str) -> "SentenceTransformer":
    folder = Path(name).expanduser()
    if name.startswith((".", "/", "~")) and not folder.is_dir():
        raise _cannot_open(name, say("rag.no_such_folder"))
    quiet_libraries()
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # the caller has its own
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # weights that are not in the folder, such as of a pooler that is not used
            return SentenceTransformer(str(folder) if folder.is_dir() else _fetched(name))
    except (OSError, ValueError, KeyError) as error:
        raise _cannot_open(name, str(error).strip().split("\n")[0]) from error


def _fetched(name: str) -> str:
    """Return the folder of a hub's model, from the cache or else at one attempt; the library makes dozens."""
    from huggingface_hub import snapshot_download

    full_name = name if "/" in name else f"sentence-transformers/{name}"
    try:
        return snapshot_download(full_name, local_files_only=True)
    except OSError:  # LocalEntryNotFoundError derives from it
        return snapshot_download(full_name, ignore_patterns=["onnx/*", "openvino/*", "*.h5", "*.ot", "*.msgpack"])


def _cannot_open(name: str, reason: str) -> UserError:
    return UserError(say("rag.unknown_embedder", name=name, reason=reason), say("rag.unknown_embedder_hint"))


def _untruncated(pieces: "Tokenizer") -> "Tokenizer":
    """Return a copy that never cuts or pads; the model's own is set to do both."""
    from tokenizers import Tokenizer

    copy: Tokenizer = Tokenizer.from_str(pieces.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _fingerprint(model: "SentenceTransformer", pieces: "Tokenizer") -> str:
    """Return a hash of all that the vectors depend on: weights, tokenizer, length limit, prompts."""
    total = hashlib.sha256(_untruncated(pieces).to_str().encode())
    total.update(json.dumps([model.max_seq_length, model.prompts, repr(model)], sort_keys=True).encode())
    for key, tensor in sorted(model.state_dict().items()):
        total.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        total.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())  # numpy has no bfloat16
    return total.hexdigest()[:32]
