"""Source code and configuration: a file is one document, its characters unchanged."""

from collections.abc import Iterator
from pathlib import Path

from ..encoding import decode
from ..limits import Limits
from ..records import Document, Unread

EXTENSIONS = (
    ".py", ".pyi", ".js", ".jsx", ".ts", ".tsx", ".java", ".kt", ".scala", ".go", ".rs", ".c", ".h", ".cc", ".cpp",
    ".hpp", ".cs", ".swift", ".rb", ".php", ".r", ".jl", ".lua", ".pl", ".sh", ".bash", ".ps1", ".sql", ".css", ".vue",
    ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".json", ".xml", ".proto", ".tex", ".org",
)  # fmt: skip


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the file as one document."""
    yield Document(name, decode(path.read_bytes()))
