"""What goes to the process that traces, and what comes back."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ....knowledge.messages import Language
from ..request import EstimateRequest
from .reading import Reading


class Job(BaseModel):
    """Ask for one trace.

    Attributes:
        request: The run's settings, filled in.
        workspace: Bytes of all workspaces together.
        limit: Bytes that the allocator can have on the first GPU asked for.
        language: The language of errors.
    """

    model_config = ConfigDict(frozen=True)

    request: EstimateRequest
    workspace: int
    limit: int | None
    language: Language


class Told(BaseModel):
    """Say one thing: a phase begins, the result is there, or why there is none.

    Attributes:
        kind: ``phase``, ``result``, ``refused`` for what a user can change, ``failed`` for what they cannot.
        text: The phase's name, or the reason.
        hint: What to do about it.
        reading: The result.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["phase", "result", "refused", "failed"]
    text: str = ""
    hint: str = ""
    reading: Reading | None = None
