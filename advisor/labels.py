"""The labels: every path that can be recommended, cheapest first, and which label covers which."""

#: Paths and their variants, from the cheapest and most easily undone to the most expensive.
VARIANTS: dict[str, tuple[str, ...]] = {
    "prompting": ("zero_shot", "few_shot", "many_shot", "long_context", "constrained"),
    "classifier": ("setfit", "encoder", "embeddings_linear", "tfidf"),
    "rag": (),
    "finetune": (
        "lora", "qlora", "ia3", "adapter", "prefix_tuning", "p_tuning_v2", "bitfit", "adalora", "prompt_tuning",
        "p_tuning", "full", "api",
    ),
    "rag+finetune": (),
    "continued_pretraining": (),
}  # fmt: skip

PATHS = tuple(VARIANTS)


def covers(label: str, other: str) -> bool:
    """Tell whether a label is equal to another or a prefix of it up to a colon."""
    return other == label or other.startswith(f"{label}:")


def variants_of(path: str) -> str:
    """Return the path whose variants a path chooses from: those of ``rag+finetune`` are those of ``finetune``."""
    return "finetune" if path == "rag+finetune" else path


#: Every label that can be recommended.
LABELS = frozenset({*PATHS, *(f"{path}:{variant}" for path in PATHS for variant in VARIANTS[variants_of(path)])})

#: For each path, the names that rules use for its variants.
NAMES_OF_VARIANTS = {
    path: tuple(f"{variants_of(path)}:{variant}" for variant in VARIANTS[variants_of(path)]) for path in PATHS
}

#: Every name that a rule can use.
RULE_NAMES = (*PATHS, *dict.fromkeys(name for names in NAMES_OF_VARIANTS.values() for name in names))


def names_of(label: str) -> list[str]:
    """Return the names that rules use for a label: its path, and its variant under the path that lists it."""
    path, _, variant = label.partition(":")
    return [path, f"{variants_of(path)}:{variant}"] if variant else [path]
