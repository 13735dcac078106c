"""The numbers that the tests of the browser's code expect are those that the server makes today."""

from __future__ import annotations

import json

from tests.browser_code.server_numbers import FILE, numbers


def test_the_numbers_on_file_are_the_servers() -> None:
    made = json.loads(json.dumps(numbers()))
    assert made == json.loads(FILE.read_text("utf-8"))
