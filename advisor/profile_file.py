"""The profile as a file: read with line numbers, written with the user's comments kept."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..knowledge.durable import write_text
from ..knowledge.messages import say
from ..knowledge.yaml_file import read_yaml
from .answers import change, profile_from
from .profile import FIELDS, Profile

if TYPE_CHECKING:
    from ruamel.yaml import YAML

PROFILE = Path("profile.yaml")
"""Where answers are kept unless another place is named."""


def read_profile(path: Path) -> Profile:
    """Return the profile in a YAML or JSON file; what was not understood is in its ``problems`` with line numbers.

    A saved session is read too: its answers stand under ``profile``.

    Raises:
        UserError: The file cannot be read or is not a mapping of fields to values.
    """
    file = read_yaml(path)
    inner = file.values.get("profile")
    answers, place = (inner, ("profile",)) if isinstance(inner, dict) else (file.values, ())
    return profile_from(answers, "file", {str(name): file.line((*place, name)) for name in answers})


def read_answers(path: Path | None, words: Iterable[str]) -> Profile:
    """Return the profile in a file, if any, with answers of the form ``field=value`` put in.

    Raises:
        UserError: The file cannot be read, or an answer has no value.
    """
    return change(read_profile(path) if path else Profile(), words)


def overridden(profile: Profile, path: Path | None) -> Profile:
    """Return a profile with the answers in a file, if any, in the place of its own.

    Raises:
        UserError: The file cannot be read.
    """
    if path is None:
        return profile
    file = read_profile(path)
    answers = profile.answers() | file.answers() | {"origins": {**profile.origins, **file.origins}}
    kept = {"id": file.id, "wording": file.wording or profile.wording, "problems": file.problems}
    return Profile.model_validate(kept | answers)


def write_profile(profile: Profile, path: Path) -> None:
    """Write a profile; a file that is there already keeps its comments and the order of its fields.

    Raises:
        UserError: A file is there and is not a profile.
    """
    document: Any = read_yaml(path).tree if path.exists() else _new_document()
    values = {"id": profile.id, **{name: getattr(profile, name) for name in FIELDS}}
    values |= {"wording": dict(profile.wording), "origins": dict(profile.origins)}
    for name, value in values.items():
        if value not in (None, {}) and document.get(name) != value:
            document[name] = value
        elif value in (None, {}) and name in document:
            document[name] = None
    text = io.StringIO()
    _yaml().dump(document, text)
    write_text(path, text.getvalue())


def _new_document() -> Any:  # noqa: ANN401
    from ruamel.yaml.comments import CommentedMap

    document = CommentedMap()
    document.yaml_set_start_comment(say("advice.profile_header"))
    return document


def _yaml() -> "YAML":
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 120
    return yaml
