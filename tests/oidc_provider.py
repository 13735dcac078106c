"""A provider of OpenID Connect on this machine, which asks nothing: everybody is the person it was told."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from dashboard.server.serving import free_port

CLIENT = "sightline"
ALGORITHM = {"alg": "RS256"}
START_S = 60


@dataclass(eq=False)
class Provider:
    """email: who logs in next. nonces: by the code that was given for each."""

    issuer: str
    email: str = "ann@clinic.example"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    nonces: dict[str, str] = field(default_factory=dict)

    def secrets_toml(self, site: str) -> str:
        """The section of Streamlit's secrets, as docs/deploy.md shows it."""
        lines = {
            "redirect_uri": f"{site}/oauth2callback",
            "cookie_secret": secrets.token_urlsafe(48),
            "client_id": CLIENT,
            "client_secret": "from the provider",
            "server_metadata_url": f"{self.issuer}/.well-known/openid-configuration",
        }
        return "[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items())

    async def about(self, _request: Request) -> JSONResponse:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return JSONResponse({"issuer": self.issuer} | {key: f"{self.issuer}/{name}" for key, name in places.items()})

    async def authorize(self, request: Request) -> RedirectResponse:
        requested, code = request.query_params, secrets.token_hex(8)
        self.nonces[code] = requested["nonce"]
        return RedirectResponse(f"{requested['redirect_uri']}?{urlencode({'code': code, 'state': requested['state']})}")

    async def token(self, request: Request) -> JSONResponse:
        """Each code once."""
        (code,) = parse_qs((await request.body()).decode())["code"]
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "1", "aud": CLIENT, "iat": now, "exp": now + 600}
        claims |= {"nonce": self.nonces.pop(code), "email": self.email, "email_verified": True}
        return JSONResponse(
            {"access_token": "a", "token_type": "Bearer", "id_token": jwt.encode(ALGORITHM, claims, self.key)}
        )

    async def keys(self, _request: Request) -> JSONResponse:
        return JSONResponse({"keys": [self.key.as_dict(private=False) | ALGORITHM | {"use": "sig"}]})


@contextmanager
def provider() -> Iterator[Provider]:
    port = free_port()
    it = Provider(f"http://127.0.0.1:{port}")
    routes = [
        Route("/.well-known/openid-configuration", it.about),
        Route("/authorize", it.authorize),
        Route("/token", it.token, methods=["POST"]),
        Route("/keys", it.keys),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), "127.0.0.1", port, log_level="warning"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + START_S
    while not server.started:
        assert time.monotonic() < end, "the provider did not start"
        time.sleep(0.02)
    yield it
    server.should_exit = True
    thread.join()
