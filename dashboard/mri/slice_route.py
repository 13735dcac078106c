"""GET slices/<word>/<number>: one slice for the viewer. It imports nothing slow, as the server starts with it."""

from collections.abc import Callable
from typing import Protocol
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Offered(Protocol):
    """What can be fetched: `count` slices, each as bytes."""

    @property
    def count(self) -> int: ...

    @property
    def slice_bytes(self) -> Callable[[int], bytes]: ...


_DIGITS = 6  # of a number that any stack may have
# Held by their visitor's session: what that forgets, or keeps for an hour only, cannot be fetched any more.
_OFFERED: WeakValueDictionary[str, Offered] = WeakValueDictionary()


def offer(word: str, stack: Offered) -> None:
    """Let the slices be fetched for as long as the caller keeps the stack."""
    _OFFERED[word] = stack


def answer(request: Request) -> Response:
    """The slice, never to be stored; 404 for an unknown word or number."""
    stack, number = _OFFERED.get(request.path_params["word"]), request.path_params["index"]
    never = {"Cache-Control": "no-store"}
    written = number.isascii() and number.isdigit() and len(number) <= _DIGITS
    if stack is None or not written or int(number) >= stack.count:
        return Response(b"", 404, never)
    return Response(stack.slice_bytes(int(number)), 200, never, "application/octet-stream")


SLICES = Route("/{under:path}slices/{word}/{index}", answer, methods=["GET"])
