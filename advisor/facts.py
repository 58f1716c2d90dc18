"""Facts: what follows from a profile. One pure function per fact, wired by the names of its parameters.

A parameter is a field of the profile or another fact. A fact is unknown (``None``) when one of its parameters is,
unless the parameter's annotation allows ``None``: then the function decides. ``wiring`` puts them together; every
public function of this module is a fact.
"""

from collections.abc import Sequence

from ..knowledge.find import model_names, plain
from ..knowledge.language import group_of
from ..knowledge.load import load
from ..knowledge.model import ModelCard
from ..knowledge.task import TaskFamily, find_family, is_skill

#: Below this many tokens all documents go into the prompt (evidence anthropic-contextual-retrieval).
PROMPT_TOKENS = 200_000
#: Missing knowledge speaks for looking up in fewer tokens than this: twice the 5 billion words of English Wikipedia.
MOST_SEARCHED = 10_000_000_000
#: Text that a model can learn a language or a field from (evidence biderman-lora-learns-less).
CORPUS_TOKENS = 1_000_000_000
#: All weights of 20 billion parameters at 16 bytes (evidence zero-memory): who has that means to train on such text.
CLUSTER_GB = 320
#: Bytes per parameter: weights, gradients, fp32 master copy and two Adam moments (evidence zero-memory).
FULL_BYTES = 16
#: GB per billion parameters for LoRA on 16-bit weights: 2 for the weights and a fifth more (evidence peft-benchmark).
LORA_GB = 2.4
#: GB per billion parameters for QLoRA: 65 billion on 48, 34 billion on 24 (evidence qlora-paper, weyssow-code-peft).
QLORA_GB = 0.7
#: Several tasks share one base of at most so many billions, by an adapter each (evidence apple-adapters, lora-land).
MOST_SHARED_B, SEVERAL_TASKS = 14, 5
#: Below so many billion parameters no prompt is followed (evidence bucher-small-models).
PROMPTED_B = 1.5
#: Whoever brings so many examples means to learn from them, whatever the task (evidence openai-accuracy-guide).
MANY_EXAMPLES = 1000
#: Names of models whose weights cannot be downloaded.
CLOSED = ("gpt-3.5", "gpt-4", "gpt-5", "chatgpt", "claude", "gemini", "palm", "qwen-max", "doubao", "ernie", "文心")
#: Names of encoder families, for models that have no card.
ENCODERS = ("bert", "electra", "roberta", "minilm", "bge", "e5-", "gte", "ernie-3.0", "macbert")
#: Names of decoder families whose linear layers have no bias terms, for models that have no card.
WITHOUT_BIAS = ("llama", "mistral", "mixtral", "gemma", "qwen3", "deepseek")


def worded(wording: Sequence[tuple[str, int]] | None) -> bool:
    """Tell whether a description speaks for ways by its wording."""
    return bool(wording)


def family(task_type: str | None, modality: str | None) -> str | None:
    """Return the task's family, corrected by what goes into the model."""
    named = find_family(task_type) if task_type else None
    if modality == "audio":
        return "speech"
    if modality in ("image", "video", "multimodal"):
        return _visual(named.id if named else None)
    return named.id if named else None


def _visual(named: str | None) -> str | None:
    if named is None or named in ("vision", "document_vision"):
        return named
    return "vision" if named == "classification" else "document_vision"


def labels_inputs(family: str) -> bool:
    """Tell whether the output is a label or a span of the input."""
    labels: bool = load(TaskFamily)[family].labels_inputs
    return labels


def uses_knowledge(family: str) -> bool:
    """Tell whether answers can depend on facts that stand in documents."""
    uses: bool = load(TaskFamily)[family].uses_knowledge
    return uses


def learns_skill(task_type: str) -> bool:
    """Tell whether the task by its name asks for a behaviour that the model does not have."""
    return is_skill(task_type)


def failure(failure_mode: str) -> str | None:
    """Return what goes wrong, or None when nobody knows."""
    return None if failure_mode == "unknown" else failure_mode


def from_documents(
    uses_knowledge: bool | None,
    labels_inputs: bool | None,
    knowledge_volatility: str | None,
    knowledge_tokens: int | None,
    needs_citations: bool | None,
    failure: str | None,
    corpus_to_learn: bool | None,
) -> bool | None:
    """Tell whether answers must rest on documents."""
    if labels_inputs or corpus_to_learn:
        return False
    if needs_citations or failure == "missing_knowledge":
        return True
    if uses_knowledge is False:
        return False
    if knowledge_tokens or knowledge_volatility in ("monthly", "weekly", "daily", "realtime"):
        return True
    return False if knowledge_tokens == 0 else None


def volatile(knowledge_volatility: str) -> bool:
    """Tell whether facts change faster than models are retrained: weekly or more often."""
    return knowledge_volatility in ("weekly", "daily", "realtime")


def fits_prompt(knowledge_tokens: int) -> bool:
    """Tell whether all documents together fit into one cached prompt."""
    return knowledge_tokens <= PROMPT_TOKENS


def corpus_to_learn(
    family: str,
    knowledge_tokens: int,
    knowledge_volatility: str | None,
    needs_citations: bool | None,
    failure: str | None,
    vram_gb: float | None,
) -> bool | None:
    """Tell whether the text is a corpus to continue pre-training on rather than documents to look things up in."""
    if knowledge_tokens < CORPUS_TOKENS or family == "question_answering" or needs_citations:
        return False
    if family != "adaptation" and knowledge_volatility not in ("static", None):
        return False
    to_train = family == "adaptation" or (vram_gb or 0) >= CLUSTER_GB
    if to_train:
        return True
    if failure == "missing_knowledge" and knowledge_tokens < MOST_SEARCHED:
        return False
    return True if knowledge_volatility else None


def examples_per_class(labelled_examples: int, n_classes: int) -> float:
    """Return how many labelled examples there are per class."""
    return labelled_examples / n_classes


def answers_logged(failure: str, labelled_examples: int | None, labels_inputs: bool | None) -> bool:
    """Tell whether a prompt writes well and is only too dear, and nobody counted what it wrote: there are texts."""
    return failure == "cost_latency" and labelled_examples is None and not labels_inputs


def labels_uncounted(labels_inputs: bool, labelled_examples: int | None) -> bool:
    """Tell whether inputs are to be labelled, and nobody counted those that are."""
    return labels_inputs and labelled_examples is None


def small_base_uncounted(base_size_b: float, labelled_examples: int | None) -> bool:
    """Tell whether a model that is too small for prompts is fixed, and nobody counted the examples."""
    return base_size_b < PROMPTED_B and labelled_examples is None


def shared_base_uncounted(
    base_size_b: float, n_tasks: int | None, family: str | None, labelled_examples: int | None
) -> bool:
    """Tell whether one small base model, which is fixed, is to serve several tasks, with examples nobody counted."""
    several = family == "several" or (n_tasks or 1) >= SEVERAL_TASKS
    return base_size_b <= MOST_SHARED_B and several and labelled_examples is None


def speech_uncounted(family: str, labelled_examples: int | None) -> bool:
    """Tell whether speech is to be understood, and nobody counted what is transcribed."""
    return family == "speech" and labelled_examples is None


def examples_of_untold_task(labelled_examples: int, family: str | None) -> bool:
    """Tell whether there are many examples of a task that nobody named."""
    return family is None and labelled_examples >= MANY_EXAMPLES


def base_size_b(base_model: str | None, base_model_params_b: float | None) -> float | None:
    """Return the wanted model's size in billions of parameters."""
    if base_model_params_b is not None:
        return base_model_params_b
    card = _card(base_model) if base_model else None
    return card.parameters / 1e9 if card else None


def base_architecture(base_model: str | None, base_size_b: float | None, labels_inputs: bool | None) -> str | None:
    """Return the wanted model's architecture: ``encoder``, ``decoder`` ..."""
    card = _card(base_model) if base_model else None
    if card:
        return card.architecture
    if base_model:
        return "encoder" if any(name in base_model.lower() for name in ENCODERS) else None
    return "encoder" if labels_inputs and base_size_b is not None and base_size_b < 0.6 else None


def closed_weights(base_model: str | None, weights: str | None) -> bool | None:
    """Tell whether the wanted model can only be reached through a vendor's interface."""
    if weights is not None:
        return weights == "closed"
    if base_model is None:
        return None
    return any(name in base_model.lower() for name in CLOSED)


def has_bias(base_model: str | None, base_architecture: str | None) -> bool | None:
    """Tell whether the wanted model has bias terms that BitFit could train."""
    card = _card(base_model) if base_model else None
    if card:
        return card.has_bias
    if base_model and any(name in base_model.lower() for name in WITHOUT_BIAS):
        return False
    return True if base_architecture == "encoder" else None


def language_group(language: str) -> str:
    """Return how well models serve the language: ``well_served``, ``low_resource`` or ``unseen_script``."""
    return group_of(language)


def gpu_gb(vram_gb: float, n_gpus: int | None) -> float:
    """Return the GB of one GPU, which is what a run uses; all of it where nobody says that it is several."""
    return vram_gb / (n_gpus or 1)


def full_fits(base_size_b: float, gpu_gb: float) -> bool | None:
    """Tell whether full fine-tuning of the wanted model fits one GPU."""
    return _fits(base_size_b * FULL_BYTES, gpu_gb)


def lora_fits(base_size_b: float, gpu_gb: float) -> bool | None:
    """Tell whether LoRA on 16-bit weights of the wanted model fits one GPU."""
    return _fits(base_size_b * LORA_GB, gpu_gb)


def qlora_fits(base_size_b: float, gpu_gb: float) -> bool | None:
    """Tell whether QLoRA of the wanted model fits one GPU."""
    return _fits(base_size_b * QLORA_GB, gpu_gb)


def trains_here(vram_gb: float, base_size_b: float | None) -> bool:
    """Tell whether any language model can be trained on this machine: with a GPU, or a model below 1.5 billion."""
    return vram_gb > 0 or (base_size_b is not None and base_size_b <= 1.5)


def _fits(needed_gb: float, gpu_gb: float) -> bool | None:
    """Tell whether so much fits one GPU; without one the main memory decides, which no answer names."""
    return needed_gb <= gpu_gb if gpu_gb else None


def _card(base_model: str) -> ModelCard | None:
    return model_names().get(plain(base_model))
