"""The stand-in's control API, over the system's own authority."""

import json
import ssl
import urllib.request
from typing import Any

from local.system import System


def ask_standin(system: System, method: str, name: str, body: Any = None) -> Any:
    """Answer of a request to ``/standin/<name>``; text goes as it is, everything else as JSON.

    Raises:
        OSError: the stand-in does not answer.
    """
    data = None
    if isinstance(body, str):
        data = body.encode()
    elif body is not None:
        data = json.dumps(body).encode()
    request = urllib.request.Request(f"{system.vantiq_url}/standin/{name}", data, method=method)  # noqa: S310
    context = ssl.create_default_context(cafile=system.kafka.ca_file)
    with urllib.request.urlopen(request, context=context, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read())
