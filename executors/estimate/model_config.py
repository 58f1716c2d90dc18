"""Find a model's config, and rows it has to spare: a local file, a folder, the built-in model, or a card."""

import json
from pathlib import Path

from ...knowledge.builtin import BUILTIN, builtin_path
from ...knowledge.errors import UserError
from ...knowledge.find import find_model, model_names, plain
from ...knowledge.json_value import JsonValue
from ...knowledge.messages import say
from ...rag.endpoint import is_endpoint

Config = dict[str, JsonValue]


def config_of(name: str) -> tuple[str, Config]:
    """Return what a model is called, and its config.

    Args:
        name: A ``config.json`` or a folder with one, ``builtin:NAME``, any name of the catalogue, or a copy of one of
            its models that another account of the hub holds under the same name.

    Raises:
        UserError: No such model, or the file is no config; or it runs behind an endpoint, which has none to show.
    """
    if is_endpoint(name):
        raise UserError(say("find.served", model=name), say("find.served_hint", model=name))
    path = _path_of(name)
    if path.is_file():
        return name, _read(path)
    if name.startswith((".", "/", "~")) or path.suffix == ".json":
        raise UserError(say("problems.no_file", path=path), say("problems.no_file_hint"))
    copied = name.rpartition("/")[2] if name.count("/") == 1 else ""
    if copied and plain(name) not in model_names():
        for known, card in model_names().items():
            if known.endswith(f"/{plain(copied)}"):
                return name, card.config
    card = find_model(name)
    return card.id, card.config


def spare_rows(name: str, config: Config) -> int:
    """Return how many rows of a model's table no token has, as in tables that are padded; 0 where nobody can tell.

    Args:
        name: As for ``config_of``; only a folder, or a file in it, has a tokenizer to ask.
        config: The model's config.

    Source: tokenizers ``AddedVocabulary.add_tokens``: where new tokens are put.
    """
    path, size = _path_of(name), config.get("vocab_size")
    if not path.is_file():
        return 0
    try:
        found = json.loads(path.with_name("tokenizer.json").read_bytes())
        behind = max((token["id"] + 1 for token in found["added_tokens"]), default=0)
        tokens = max(len(found["model"]["vocab"]), behind)
    except (ValueError, OSError, KeyError, TypeError):  # none, or of another kind
        return 0
    return max(0, size - tokens) if isinstance(size, int) else 0


def _path_of(name: str) -> Path:
    """Return where a model's config lies, if it is no name of the catalogue."""
    path = builtin_path(f"{name}_model") if name.startswith(BUILTIN) else Path(name).expanduser()
    return path / "config.json" if path.is_dir() else path


def _read(path: Path) -> Config:
    try:
        config = json.loads(path.read_bytes())
    except (ValueError, OSError) as error:
        raise UserError(say("estimate.bad_config_file", path=path, problem=error)) from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise UserError(say("estimate.bad_config_file", path=path, problem="model_type"))
    return config
