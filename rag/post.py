"""Post JSON to an endpoint, and to nobody else."""

import json
from collections.abc import Mapping
from typing import Any

from .endpoint import Endpoint


def post(endpoint: Endpoint, path: str, body: Mapping[str, object], timeout_seconds: float) -> Any:  # noqa: ANN401 - urllib's response
    """Return the response, open to be read.

    Args:
        endpoint: Where, and with which key.
        path: Follows the base address.
        body: What is sent as JSON.
        timeout_seconds: The longest wait for each sign of life.

    Raises:
        OSError: It cannot be reached, or as ``HTTPError`` refuses or sends on to another address.
        HTTPException: It does not speak HTTP.
    """
    from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        """Follow nobody: what is asked and the key are for the named endpoint alone."""

        def http_error_302(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - what urllib gives
            return None  # whose own function fails on an address that is none

        http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    # what is for this machine must not pass through another one
    direct = (ProxyHandler({}),) if endpoint.local else ()
    request = Request(f"{endpoint.url}/{path}", json.dumps(body).encode(), headers)
    return build_opener(Stay, *direct).open(request, timeout=timeout_seconds)
