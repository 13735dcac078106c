"""The audit: a line for each prediction that a visitor gets, which names neither the visitor nor the picture; of whole
sets of pictures (Map, two models, Bench) a line for all.

SIGHTLINE_AUDIT names the file. A line is one JSON object. The visit and the picture are codes under a secret that ends
with the server: lines of one visit, or of one picture, can be told to belong together, and nothing leads back.
"""

import errno
import hashlib
import json
import logging
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from io import SEEK_END, FileIO
from pathlib import Path
from threading import Lock

from dashboard.core import configuration
from dashboard.core.session import StateKey
from dashboard.core.visitors import visitor
from xai_core.attribution.explain import ImageForwardPass
from xai_core.datasets import Dataset
from xai_core.types import LoadedModel, Prediction

MOST_REMEMBERED = 512
_TOLD = StateKey[dict[tuple[str, str], None]]("audit_told", dict)  # model and image
_log = logging.getLogger("sightline.audit")
_secret = secrets.token_bytes(32)
_writing = Lock()


def predicted(image_pass: ImageForwardPass) -> None:
    """Note a prediction, once for each picture and model of a visit."""
    told(image_pass.model, image_pass.prediction, image_pass.image.digest)


def told(model: LoadedModel, prediction: Prediction, image_digest: str) -> None:
    """The same for a prediction that was made without a kept pass. image_digest: of the picture's pixels."""
    best = prediction.top(1)[0]
    number = {"probability": best.probability} if prediction.answer.probable else {"measure": best.score}
    found = {"class": best.index} | {name: round(value, 4) for name, value in number.items()}
    _note("prediction", model, "picture", image_digest, found)


def told_of_many(model: LoadedModel, dataset: Dataset) -> None:
    """Note the predictions of a whole set of pictures, in one line, once for each set and model of a visit."""
    _note("predictions", model, "set", dataset.digest, {"pictures": len(dataset)})


def _note(event: str, model: LoadedModel, what: str, digest: str, found: Mapping[str, object]) -> None:
    file, who, told = configuration.audit_file(), visitor(), _TOLD.get()
    if not file or not who or (model.digest, digest) in told:
        return
    told[model.digest, digest] = None
    if len(told) > MOST_REMEMBERED:
        del told[next(iter(told))]
    line = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "event": event,
        "visit": _code(who),
        what: _code(digest),
        "model": model.config.key,
        "weights": model.digest[:16],
        **found,
    }
    _write(file, json.dumps(line))


def _code(text: str) -> str:
    return hashlib.blake2b(text.encode(), key=_secret, digest_size=8).hexdigest()


def _write(file: str, line: str) -> None:
    """A file that cannot be written stops nobody's work, but is told in the server's log, with the line."""
    if file == "-":
        _log.info(line)
        return
    try:
        with _writing, Path(file).expanduser().open("ab", buffering=0) as audit:
            _append(audit, f"{line}\n".encode())
    except OSError as error:
        _log.error("The audit file cannot be written (%s); the line was: %s", error.strerror, line)


def _append(audit: FileIO, line: bytes) -> None:
    """The whole line or none of it, so that a disk that is full for a while spoils no later line either."""
    end = audit.seek(0, SEEK_END)
    try:
        if audit.write(line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        with suppress(OSError):
            audit.truncate(end)
        raise
