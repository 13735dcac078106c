"""A file from the network, piece by piece, and in words why it does not come."""

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Generator
from urllib.parse import urlsplit

from xai_core.errors import SightlineError

_PIECE_BYTES = 256 * 1024


class Unreachable(SightlineError):
    """The address gives no file, or broke off; the message is the reason alone."""


def pieces(url: str, timeout_s: float = 30.0) -> Generator[bytes, None, None]:
    """The bytes behind an address. timeout_s: longest silence of the server. Unreachable: they do not come."""
    # Some servers turn away urllib's default agent.
    request = urllib.request.Request(url, headers={"User-Agent": "Sightline"})
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            while piece := response.read(_PIECE_BYTES):
                yield piece
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(_reason(error, urlsplit(url).hostname or "the server")) from error


def _reason(error: Exception, host: str) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"{host} answered {error.code} ({error.reason})"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLError):
        return f"the certificate of {host} was not accepted"
    if isinstance(cause, TimeoutError):
        return f"{host} did not answer in time"
    return f"no connection to {host}" if cause is not error else f"the connection to {host} broke"
