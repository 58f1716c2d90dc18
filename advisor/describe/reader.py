"""Read a description with what there is: the lexicons, and an endpoint's model where one is configured."""

from collections.abc import Callable

from ...knowledge.messages import say
from ...rag.endpoint import Endpoint
from ..profile import FIELDS
from .endpoint import EndpointError, complete
from .understand import Understood, understand

COUNTED = frozenset(
    (
        "labelled_examples",
        "n_classes",
        "n_tasks",
        "vram_gb",
        "base_model_params_b",
        "knowledge_tokens",
        "adapter_storage_mb",
    )
)
"""Where the lexicons read an exact number they are believed before a model, which may slip by a zero."""


def read_description(text: str, endpoint: Endpoint | None, tell: Callable[[str], None]) -> Understood:
    """Return what a description says.

    Args:
        text: The description, in Chinese or English.
        endpoint: Who shall read it too; None to read it on this machine alone.
        tell: Takes what people must know: that the text is sent away, and that nothing usable came back.
    """
    offline = understand(text)
    if endpoint is None:
        return offline
    tell(say("describe.sends", url=endpoint.url, model=endpoint.model))
    from .endpoint_answer import read_answers_of, request

    try:
        answers, left = read_answers_of(complete(endpoint, request(), text), text)
    except EndpointError as error:
        tell(say("describe.falls_back", url=endpoint.url, problem=error))
        return offline
    chosen = {read.field: read for read in offline.answers}
    certain = {field for field, read in chosen.items() if field in COUNTED and read.exact}
    chosen |= {read.field: read for read in answers if read.field not in certain}
    uncounted = tuple(read for read in offline.uncounted if read.field not in chosen)
    answered = tuple(chosen[field] for field in FIELDS if field in chosen)
    return Understood(answered, tuple(left), endpoint.model, uncounted, offline.wording)
