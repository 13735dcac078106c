"""No parameter of a link writes Markdown on any page, or ends in an error of ours."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from google.protobuf.message import Message

from benchmarks.visitor import Visitor, visit
from dashboard.app import PAGES

ATTACK = "[evil](https://evil.example) ![evil](https://evil.example/x.png) :red[evil] $evil$ <b>evil</b>"
SIGNS = ("[evil](", "https://evil", ":red[evil", "$evil$", "<b>evil")
SHARED = ("model", "sample", "digit", "class", "layer", "method", "evidence", "rather_than", "score", "set.steps")
OWN = ("channel", "place", "order", "data", "sort", "scaling", "filter", "kernels", "kernel", "space", "own", "plane")
PANES = tuple(f"{side}.{name}" for side in "ab" for name in ("method", "model", "picture", "layer", "class_index"))
PARAMETERS = (*SHARED, *OWN, *PANES)
READ_AS_MARKDOWN = ("body", "label", "help", "caption", "text", "content", "delta", "placeholder")
NOT_MARKDOWN = ("code", "bidi_component", "arrow_data_frame", "html")
ODD = (
    *("-1", "1e9", "99999999999999999999", "٣", "0x10", "nan", " 3", "", "3\x00", "1.5.2", "999999.999999", "x" * 4000),
    *("\u202e/../", "\ufffd", "None"),
)


@pytest.mark.parametrize("page", [screen.name for screen in PAGES])
@pytest.mark.parametrize("told", [PARAMETERS, ("layer",), ("kernels",)], ids=["all", "layer", "kernels"])
def test_no_parameter_writes_markdown(url: str, page: str, told: tuple[str, ...]):
    with visit(url) as visitor:
        visitor.open(page, urlencode(dict.fromkeys(told, ATTACK)))
        assert not [text for text in markdown(visitor) if any(sign in text for sign in SIGNS)]
        assert not went_wrong(visitor)


@pytest.mark.parametrize("page", [screen.name for screen in PAGES])
@pytest.mark.parametrize("turn", range(3))
def test_no_value_ends_in_an_error_of_ours(url: str, page: str, turn: int):
    odd = dict(zip(PARAMETERS[1:], itertools.islice(itertools.cycle(ODD), 5 * turn, None), strict=False))
    with visit(url) as visitor:
        visitor.open(page, "&".join(f"{name}={quote(value)}" for name, value in odd.items()))
        assert visitor.elements
        assert not went_wrong(visitor)


def markdown(visitor: Visitor) -> Iterator[str]:
    """Every text on the page that Streamlit reads as Markdown."""
    for element in visitor.elements.values():
        if element.WhichOneof("type") not in NOT_MARKDOWN:
            yield from _texts(element)


def _texts(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        many = value if field.is_repeated else [value]
        for one in many:
            if isinstance(one, Message):
                yield from _texts(one)
            elif isinstance(one, str) and field.name in READ_AS_MARKDOWN:
                yield one


def went_wrong(visitor: Visitor) -> bool:
    return any("on our side" in text for text in markdown(visitor)) or any(
        element.HasField("exception") for element in visitor.elements.values()
    )
