"""YAML files that people edit: read with line numbers, all problems told at once in the user's language."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .errors import UserError
from .messages import say
from .problems import Problem
from .refusal import reason_of

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError


class YamlFile(NamedTuple):
    """Hold a file's values and where each of them stands.

    Attributes:
        path: The file.
        values: Its content as plain Python values.
        tree: The same content as ruamel's nodes, which know their lines.
    """

    path: Path
    values: dict[str, Any]
    tree: Any

    def existing(self, place: Sequence[str | int]) -> tuple[str | int, ...]:
        """Return the part of a place that the file has; a check of alternatives adds their names to places."""
        node: Any = self.values
        length = 0
        for part in place:
            known = part in node if isinstance(node, dict) else isinstance(node, list) and isinstance(part, int)
            if not known:
                break
            node, length = node[part], length + 1
        return tuple(place[:length])

    def line(self, place: Iterable[str | int]) -> int:
        """Return the line, from 1, of a place such as ``("steps", 2, "rank")`` or of the nearest thing around it."""
        from ruamel.yaml.comments import CommentedMap, CommentedSeq

        node, line = self.tree, 0
        for part in place:
            if isinstance(node, CommentedMap) and part in node:
                line = node.lc.key(part)[0]
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line = node.lc.item(part)[0]
            else:
                break
            node = node[part]
        return int(line) + 1


def read_yaml(path: Path) -> YamlFile:
    """Read a file whose top level is a mapping.

    Raises:
        UserError: No such file, not UTF-8, not YAML, a key twice, or no mapping.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    text = read_text(path)
    try:
        tree = YAML().load(text)
    except MarkedYAMLError as error:
        raise UserError(say("problems.yaml", path=path, problem=_fault(error)), say("problems.yaml_hint")) from None
    if not isinstance(tree, dict):
        raise UserError(say("problems.no_mapping", path=path), say("problems.yaml_hint"))
    return YamlFile(path, _plain(tree), tree)


def _plain(node: Any) -> Any:  # noqa: ANN401 - any YAML value
    """Return a value without what ruamel remembers about its spelling."""
    if isinstance(node, dict):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    kind = next((kind for kind in (bool, int, float, str) if isinstance(node, kind)), None)
    return kind(node) if kind else node


def read_text(path: Path) -> str:
    """Read a text file that the user named.

    Raises:
        UserError: No such file, a folder, not readable, or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(say("problems.no_file", path=path), say("problems.no_file_hint")) from None
    except UnicodeDecodeError:
        raise UserError(say("problems.not_utf8", path=path), say("problems.not_utf8_hint")) from None
    except OSError as error:
        hint = say("problems.unreadable_hint")
        raise UserError(say("problems.unreadable", path=path, problem=reason_of(error)), hint) from None


def refuse(file: YamlFile, problems: Iterable[Problem], hint: str) -> NoReturn:
    """Raise one UserError that names every problem with its line, in the order of the lines."""
    told = {problem if problem.absent else problem._replace(place=file.existing(problem.place)) for problem in problems}
    numbered = sorted((file.line(problem.place), problem.said()) for problem in told)
    lines = [say("problems.line", line=line, text=text) for line, text in numbered]
    raise UserError("\n".join([say("problems.in_file", path=file.path, count=len(lines)), *lines]), hint)


def _fault(error: "MarkedYAMLError") -> str:
    mark = error.problem_mark or error.context_mark
    text = " ".join(str(error.problem or error.context).split())
    return say("problems.line", line=mark.line + 1, text=text) if mark else text
