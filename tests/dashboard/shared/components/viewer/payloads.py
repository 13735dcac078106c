"""Reads a payload back by hand, for the tests of everything that sends one."""

from __future__ import annotations

import json
import struct
from typing import Any


def unpack(payload: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    (length,) = struct.unpack("<I", payload[:4])
    header = json.loads(payload[4 : 4 + length].decode())
    body = payload[4 + length :]
    return header, {name: body[start : start + size] for name, (start, size) in header["blobs"].items()}
