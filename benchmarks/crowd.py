"""Many at once: does everybody get their own picture and map, and does the server's memory fall back afterwards?

python -m benchmarks.crowd                              60 sessions and 40 uploads at once
python -m benchmarks.crowd --sessions 6 --uploads 4     a quick look

All visitors connect at the same moment. Each of the sessions opens a sample and takes three of its classes, one after
another, without a pause; each of the others uploads a picture that nobody else has, all of them together. What arrives
is compared, picture and map, bit for bit, with what a lone visitor got from another server before; no message to a
visitor may name another's picture. Then all leave, and the server's memory is read until it has let their visits go.
"""

from __future__ import annotations

import argparse
import io
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Barrier, Lock, Thread

import numpy as np
from PIL import Image

from benchmarks.load import CLASSES, SAMPLES, Known, resident_bytes, serial_maps, served, shown
from benchmarks.visitor import Visitor, heat_of, visit

CLICKS = 3
SIDE = 320
WAIT_S = 600  # two cores serve them all
STAYS_S = 2  # for so long the server keeps a visit whose tab has closed, where it is two minutes usually
LEFT_S = 40.0


@dataclass(eq=False)
class Crowd:
    """What all visitors saw. waits: seconds, of each opening, class change and upload. memory: of the server in bytes,
    before anybody came, at most, with all of them gone, and after as many have come and gone again."""

    waits: dict[str, list[float]] = field(default_factory=lambda: {"opening": [], "class": [], "upload": []})
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory: list[tuple[str, int]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def waited(self, what: str, seconds: float) -> None:
        with self.lock:
            self.waits[what].append(seconds)

    def check(self, right: bool, what: str) -> None:
        if not right:
            with self.lock:
                self.wrong.append(what)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if there was no error, nothing of another's, and memory had fallen back."""
    options = _parser().parse_args(arguments)
    found = measured(options.sessions, options.uploads, options.rounds)
    print(told(found, options.sessions, options.uploads))
    return 1 if found.wrong or found.errors else 0


def measured(sessions: int, uploads: int, rounds: int = 2, left_s: float = LEFT_S) -> Crowd:
    """The whole measurement, on two servers of its own. left_s: how long after they have left memory is read."""
    with served() as (base, _):
        known, own = serial_maps(base), [alone(base, number) for number in range(uploads)]
    crowd = Crowd()
    with served("--server.disconnectedSessionTTL", str(STAYS_S)) as (base, process):
        with visit(base) as first:
            first.open("", f"model=imagenet&sample={SAMPLES[0]}")  # every library is loaded
        crowd.memory.append(("before", resident_bytes(process.pid)))
        for turn in range(rounds):
            crowd.memory.append((f"most, {turn + 1}", come(base, process.pid, crowd, known, own, sessions)))
            time.sleep(left_s)
            crowd.memory.append((f"all gone, {turn + 1}", resident_bytes(process.pid)))
    return crowd


def come(base: str, pid: int, crowd: Crowd, known: Known, own: list[bytes], sessions: int) -> int:
    """Everybody at once, to the end; gives the most memory that the server held meanwhile."""
    together = Barrier(sessions + len(own))
    threads = [
        Thread(target=_in_words, args=(crowd, number, _clicks(base, crowd, known, number, together)))
        for number in range(sessions)
    ]
    threads += [
        Thread(target=_in_words, args=(crowd, number, _uploads(base, crowd, seen, number, together)))
        for number, seen in enumerate(own)
    ]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, resident_bytes(pid))
        time.sleep(0.5)
    return most


def _in_words(crowd: Crowd, number: int, visitor: Callable[[], None]) -> None:
    try:
        visitor()
    except Exception as error:  # every trouble of every visitor is a result
        with crowd.lock:
            crowd.errors.append(f"{number}: {type(error).__name__}: {str(error)[:200]}")


def _clicks(base: str, crowd: Crowd, known: Known, number: int, together: Barrier) -> Callable[[], None]:
    def visitor() -> None:
        chance, sample = random.Random(number), SAMPLES[number % len(SAMPLES)]
        with visit(base) as one:
            together.wait(WAIT_S)
            began = time.monotonic()
            one.open("", f"model=imagenet&sample={sample}", WAIT_S)
            crowd.waited("opening", time.monotonic() - began)
            for _ in range(CLICKS):
                component, data = one.choices(CLASSES)
                wanted = chance.choice([item["id"] for item in data["items"] if item["id"] != data["selected"]])
                crowd.waited("class", one.trigger(component, "choose", wanted, WAIT_S))
                crowd.check(shown(one) == known[sample, wanted], f"{sample}, class {wanted}")
                crowd.check(_others(one, None) == [], f"visitor {number} was told of an upload")

    return visitor


def _uploads(base: str, crowd: Crowd, seen: bytes, number: int, together: Barrier) -> Callable[[], None]:
    def visitor() -> None:
        with ExitStack() as stack:
            one = stack.enter_context(visit(base))
            together.wait(WAIT_S)
            one.open("", "model=imagenet&sample=coffee", WAIT_S)
            crowd.waited("upload", one.upload("Your own pictures", name_of(number), picture(number), WAIT_S))
            crowd.check(picture_and_map(one) == seen, f"the picture or the map of {name_of(number)}")
            crowd.check(_others(one, number) == [], f"{name_of(number)}'s visitor was told of another's")

    return visitor


def _others(visitor: Visitor, number: int | None) -> list[bytes]:
    """The names of uploads, but the visitor's own, that the server's last messages held."""
    told = b"".join(visitor.raw)
    parts = told.split(b"picture-of-")[1:]
    mine = b"" if number is None else f"{number:04d}".encode()
    return [part[:4] for part in parts if part[:4] != mine]


def name_of(number: int) -> str:
    return f"picture-of-{number:04d}.png"


def picture(number: int) -> bytes:
    """A PNG that nobody else has: a few discs of chance colours."""
    chance = np.random.default_rng(number)
    rows, cols = np.mgrid[:SIDE, :SIDE]
    pixels = np.full((SIDE, SIDE, 3), chance.integers(0, 255, 3), np.uint8)
    for _ in range(6):
        (row, col), radius = chance.integers(0, SIDE, 2), chance.integers(20, 90)
        pixels[(rows - row) ** 2 + (cols - col) ** 2 < radius**2] = chance.integers(0, 255, 3)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def alone(base: str, number: int) -> bytes:
    """What a lone visitor gets for the picture of this number."""
    with visit(base) as one:
        one.open("", "model=imagenet&sample=coffee")
        one.upload("Your own pictures", name_of(number), picture(number))
        return picture_and_map(one)


def picture_and_map(visitor: Visitor) -> bytes:
    """The picture on the page by its name and digest, and the map over it with its label and layer."""
    header, _ = heat_of(next(visitor.components("viewer")))
    return f"{header['image']['name']} {header['image']['digest']} ".encode() + shown(visitor)


def told(found: Crowd, sessions: int, uploads: int) -> str:
    lines = [
        f"{sessions} sessions and {uploads} uploads at once: {len(found.wrong)} wrong pictures or maps, "
        f"{len(found.errors)} errors"
    ]
    lines += [
        f"{what}: median {statistics.median(waits):.1f} s, slowest {max(waits):.1f} s, {len(waits)} of them"
        for what, waits in found.waits.items()
        if waits
    ]
    lines.append("memory: " + ", ".join(f"{what} {held / 1e6:.0f} MB" for what, held in found.memory))
    return "\n".join([*lines, *found.wrong[:5], *found.errors[:5]])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--uploads", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=2, help="how often they come and go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
