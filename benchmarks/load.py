"""Visitors who click for minutes: are their maps the right ones, how long does a class take, does memory stay flat?

python -m benchmarks.load --visitors 30 --minutes 10        the full run
python -m benchmarks.load --visitors 5 --minutes 1          a quick look
python -m benchmarks.load --visitors 10 --minutes 480       the soak; with --pause 15 beside other work

Each visitor speaks Streamlit's own protocol to a fresh server, opens a picture of their own choice, and clicks one of
its five classes every few seconds, as a person would; now and then they take another picture. Each map that arrives is
compared, bit for bit, with the one that a lone visitor got before. A tenth of the visitors starts a pass over the
digits on the Units page first, so that work in the background is under way meanwhile.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

import numpy as np

from benchmarks.visitor import Visitor, heat_of, visit
from dashboard.server.serving import answers, free_port  # the same way to a server of one's own

ROOT = Path(__file__).resolve().parents[1]
CLASSES = "The five most probable classes"
SAMPLES = ("coffee", "cat", "cameraman", "rocket", "motorcycle", "astronaut")
PAUSE_S = 5.0  # between two clicks of one visitor, on average
NEW_PICTURE = 0.1  # the share of clicks that takes another picture
SETTLED = 0.3  # the share of the run after which memory should be flat
START_S = 120
Known = dict[tuple[str, str], bytes]


@dataclass(eq=False)
class Log:
    """What all visitors saw. waits: seconds of each class change, with the moment. memory: (seconds, bytes)."""

    waits: list[tuple[float, float]] = field(default_factory=list)
    openings: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if there was no error and no wrong map."""
    options = _parser().parse_args(arguments)
    with served() as (base, process):
        known = serial_maps(base)
        log = run(base, process.pid, known, options.visitors, options.minutes * 60, options.pause, options.seed)
    print(told(log, options.visitors, options.minutes))
    return 1 if log.wrong or log.errors or not log.waits else 0


def serial_maps(base: str) -> Known:
    """The map of each class of each sample, as a visitor gets it who is alone; by sample and class index."""
    known: Known = {}
    for sample in SAMPLES:
        with visit(base) as visitor:
            visitor.open("", f"model=imagenet&sample={sample}")
            for item in visitor.choices(CLASSES)[1]["items"]:
                visitor.trigger(visitor.choices(CLASSES)[0], "choose", item["id"])
                known[sample, item["id"]] = shown(visitor)
    return known


def run(base: str, pid: int, known: Known, visitors: int, seconds: float, pause: float, seed: int = 0) -> Log:
    """Let them click for so long, every `pause` seconds; the server's memory is read meanwhile."""
    log, over, began = Log(), Event(), time.monotonic()
    threads = [
        Thread(target=_clicking, args=(base, known, log, over, began, number, pause, random.Random(f"{seed} {number}")))
        for number in range(visitors)
    ]
    for thread in threads:
        thread.start()
    while time.monotonic() - began < seconds:
        log.memory.append((time.monotonic() - began, resident_bytes(pid)))
        time.sleep(min(2.0, seconds / 20))
    over.set()
    for thread in threads:
        thread.join()
    return log


def _clicking(
    base: str, known: Known, log: Log, over: Event, began: float, number: int, pause: float, chance: random.Random
) -> None:
    """One visitor, from the first address to the end."""
    try:
        over.wait(chance.uniform(0, 1.6 * pause))  # they do not come all at once
        with visit(base) as visitor:
            if number % 10 == 9:
                visitor.open("units", "model=digits&digit=3&data=digits")
            opened = time.monotonic()
            sample = chance.choice(SAMPLES)
            visitor.open("", f"model=imagenet&sample={sample}")
            with log.lock:
                log.openings.append(time.monotonic() - opened)
            while not over.wait(chance.uniform(0.4 * pause, 1.6 * pause)):
                sample = _click(visitor, sample, known, log, began, chance)
    except Exception as error:  # every trouble of every visitor is a result
        with log.lock:
            log.errors.append(f"visitor {number}: {type(error).__name__}: {str(error)[:200]}")


def _click(visitor: Visitor, sample: str, known: Known, log: Log, began: float, chance: random.Random) -> str:
    """Another class, or another picture; gives the picture that is open then."""
    if chance.random() < NEW_PICTURE:
        sample = chance.choice(SAMPLES)
        visitor.trigger(visitor.choices("Pictures")[0], "choose", f"sample:{sample}")
        return sample
    component, data = visitor.choices(CLASSES)
    wanted = chance.choice([item["id"] for item in data["items"] if item["id"] != data["selected"]])
    waited = visitor.trigger(component, "choose", wanted)
    right = shown(visitor) == known[sample, wanted] and visitor.choices(CLASSES)[1]["selected"] == wanted
    with log.lock:
        log.waits.append((time.monotonic() - began, waited))
        if not right:
            log.wrong.append(f"{sample}, class {wanted}")
    return sample


def shown(visitor: Visitor) -> bytes:
    """The map on the page, with its label and layer."""
    header, values = heat_of(next(visitor.components("viewer")))
    return f"{header['heat']['label']} {header['heat']['layer']} ".encode() + values.tobytes()


def told(log: Log, visitors: int, minutes: float) -> str:
    waits = sorted(wait for _, wait in log.waits)
    middle, late = (statistics.median(waits), waits[int(0.95 * len(waits))]) if waits else (0.0, 0.0)
    first, last, slope = memory_facts(log.memory)
    lines = [
        f"{visitors} visitors, {minutes:g} minutes: {len(waits)} class changes, {len(log.wrong)} wrong maps, "
        f"{len(log.errors)} errors",
        f"class change: median {middle * 1e3:.0f} ms, 95th percentile {late * 1e3:.0f} ms, "
        f"slowest {max(waits, default=0) * 1e3:.0f} ms; "
        f"first page: median {statistics.median(log.openings or [0]):.1f} s",
        f"memory: {first / 1e6:.0f} MB at first, {last / 1e6:.0f} MB at the end; "
        f"slope after {SETTLED:.0%} of the run: {slope * 60 / 1e6:+.2f} MB a minute",
    ]
    return "\n".join([*lines, *log.wrong[:5], *log.errors[:5]])


def memory_facts(memory: list[tuple[float, int]]) -> tuple[int, int, float]:
    """First and last reading in bytes, and the slope in bytes a second of the line through the settled ones."""
    settled = memory[int(SETTLED * len(memory)) :]
    seconds, held = np.array(settled, float).T
    slope = np.polyfit(seconds, held, 1)[0] if len(settled) > 1 else 0.0
    return memory[0][1], memory[-1][1], float(slope)


def resident_bytes(pid: int) -> int:
    """What the process holds in memory now. Linux alone tells."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def served(*options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A fresh server with these options of Streamlit's, which has answered."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START_S
        while not answers(f"http://127.0.0.1:{port}/"):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the server did not start")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pause", type=float, default=PAUSE_S, help="seconds between two clicks of one visitor")
    parser.add_argument("--seed", type=int, default=0, help="of the visitors' choices")
    return parser


if __name__ == "__main__":
    sys.exit(main())
