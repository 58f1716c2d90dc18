"""Keep remarks that libraries make to programmers off people's terminals; errors and real warnings still show."""

import logging
import sys
import warnings
from functools import cache

_LIBRARIES = r"(transformers|peft|accelerate|bitsandbytes|torch)(\.|$)"


@cache
def quiet_libraries() -> None:
    """Silence announcements of coming changes in libraries, and of speed-ups that are not installed.

    ``python -W`` shows the announcements again. To be called before the libraries are imported, because some of them
    speak at import.

    Source: bitsandbytes 0.50.2, backends/cpu/ops.py, which asks for the package ``kernels`` on CPUs with AVX512-BF16.
    """
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    # its table of weights that a checkpoint lacks: of a head they always are, and a body's are refused
    logging.getLogger("transformers.modeling_utils").addFilter(lambda record: "LOAD REPORT" not in record.getMessage())
    if sys.warnoptions:
        return
    for category in (FutureWarning, DeprecationWarning):
        warnings.filterwarnings("ignore", category=category, module=_LIBRARIES)
