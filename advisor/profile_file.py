"""The profile as a file: read with line numbers, written with the user's comments kept."""

import io
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ..knowledge.durable import write_text
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .answers import profile_from
from .profile import FIELDS, Profile


def read_profile(path: Path) -> Profile:
    """Return the profile in a YAML or JSON file; what was not understood is in its ``problems`` with line numbers.

    Raises:
        UserError: The file cannot be read or is not a mapping of fields to values.
    """
    document = _read(path)
    lines = {str(name): document.lc.key(name)[0] + 1 for name in document}
    return profile_from(document, "file", lines)


def write_profile(profile: Profile, path: Path) -> None:
    """Write a profile; a file that is there already keeps its comments and the order of its fields.

    Raises:
        UserError: A file is there and is not a profile.
    """
    document = _read(path) if path.exists() else _new_document()
    values = {"id": profile.id, **{name: getattr(profile, name) for name in FIELDS}, "origins": dict(profile.origins)}
    for name, value in values.items():
        if value in (None, {}):
            if name in document:
                document[name] = None
        elif name == "origins" or document.get(name) != value:
            document[name] = value
    text = io.StringIO()
    _yaml().dump(document, text)
    write_text(path, text.getvalue())


def _read(path: Path) -> CommentedMap:
    try:
        document = _yaml().load(path.read_text(encoding="utf-8-sig"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise UserError(say("advice.bad_yaml", path=path, line=line, problem=error.problem), say("advice.profile_hint")) from error
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise UserError(say("advice.unreadable", path=path, problem=error), say("advice.profile_hint")) from error
    if document is None:
        return CommentedMap()
    if not isinstance(document, CommentedMap):
        raise UserError(say("advice.not_a_mapping", path=path), say("advice.profile_hint"))
    return document


def _new_document() -> CommentedMap:
    document = CommentedMap()
    document.yaml_set_start_comment(say("advice.profile_header"))
    return document


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 120
    yaml.allow_unicode = True
    return yaml
