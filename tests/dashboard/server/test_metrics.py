"""The server's own figures are for this machine: nobody gets them from elsewhere or through a proxy."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.server.headers import Careful


def client(host: str) -> TestClient:
    routes = [Route("/{path:path}", lambda _request: PlainTextResponse("figures"))]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Careful)]), client=(host, 1))


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/under/a/path/_stcore/metrics"])
@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 404),
        ("testclient", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, 404),
        ("127.0.0.1", {"Forwarded": "for=10.0.0.7"}, 404),
        ("127.0.0.1", {"X-Real-IP": "10.0.0.7"}, 404),
    ],
)
def test_metrics_are_for_this_machine(path: str, host: str, headers: dict[str, str], status: int) -> None:
    answer = client(host).get(path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_everything_else_is_for_all() -> None:
    assert client("10.0.0.7").get("/_stcore/health").status_code == 200
