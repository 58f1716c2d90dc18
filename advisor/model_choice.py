"""Which models of the catalogue suit a case, the best first: by task, language, licence, tools and size."""

from ..knowledge.load import load
from ..knowledge.model import ModelCard

ARCHITECTURES = {"encoder": "encoder", "sentence_encoder": "encoder", "asr": "speech", "cnn": "vision"}
"""Encoders read, decoders write (evidence article); every base class that is not listed is a decoder."""

SENTENCE_ENCODER = "all-minilm"
"""Encoders of this family give one vector for a whole sentence; the others one for each token."""

IN_PEFT = frozenset(
    {"bert", "gemma", "gemma2", "gemma3_text", "gpt_bigcode", "llama", "mistral"}
    | {"mixtral", "phi", "qwen2", "qwen3", "roberta", "t5"}
)
"""Architectures of the catalogue whose layers PEFT knows by name: a sign of tools and users (evidence
peft-known-architectures)."""

LICENCES = ("yes", "conditions")
"""Commercial use, the freer first; what forbids it is never proposed (evidence article)."""


def suitable_models(base: str, language: str | None, largest: float) -> list[ModelCard]:
    """Return the models that suit, the best first: free licence, tools that know it, then the larger.

    Args:
        base: Class of base model, as a recommendation names it.
        language: Language code of the texts, ``multi`` or None for Chinese and English.
        largest: Most parameters.
    """
    if base == "vision_llm":
        return []
    kind = ARCHITECTURES.get(base, "decoder")
    wanted = {"zh", "en"} if language in (None, "multi") else {language}
    cards = [card for card in load(ModelCard).values() if card.architecture == kind and card.parameters <= largest]
    if kind == "encoder":
        cards = [card for card in cards if (SENTENCE_ENCODER in card.id) == (base == "sentence_encoder")]
    known = [card for card in cards if card.commercial_use in LICENCES and _reads(card, wanted)]
    return sorted(known, key=_rank)


def _reads(card: ModelCard, wanted: set[str]) -> bool:
    return not card.languages or wanted <= {*card.languages}


def _rank(card: ModelCard) -> tuple[int, bool, int, bool, str]:
    tools = card.config.get("model_type") in IN_PEFT or card.architecture in ("speech", "vision")
    longer_trained = "roberta" in card.id  # of encoders of one size, more and longer training (evidence roberta-paper)
    return LICENCES.index(card.commercial_use), not tools, -card.parameters, not longer_trained, card.id
