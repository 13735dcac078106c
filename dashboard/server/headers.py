"""What every answer tells the browser: load nothing from elsewhere, be framed by nobody, guess no types.

The dashboard asks for nothing from another host; this holds the browser to it, whatever a name or a file may contain.
Scripts are not listed: Streamlit's front end makes some of its own as it runs. Its figures on the server itself are for
this machine alone.
"""

from ipaddress import ip_address

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "frame-src 'self' data: blob:",
        "form-action 'self'",
        "base-uri 'self'",
        "object-src 'none'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}


METRICS = "/_stcore/metrics"
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")


class Careful:
    """The application, with HEADERS on each of its answers; one that has a header of its own keeps it. METRICS, which
    count visitors and their memory, are not there for who asks from elsewhere or through a proxy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def careful(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["type"] == "http" and scope["path"].endswith(METRICS) and not _from_here(scope):
            await PlainTextResponse("Not Found", 404)(scope, receive, careful)
            return
        await self._app(scope, receive, careful if scope["type"] == "http" else send)


def _from_here(scope: Scope) -> bool:
    """Whether this machine asks, and nobody through its proxy."""
    host = (scope.get("client") or ("",))[0]
    proxied = any(name.lower() in _FORWARDED for name, _ in scope["headers"])
    return not proxied and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
