"""The map of points against Plotly's WebGL scatter, in one browser and one run: time to the screen, bytes, a lasso.

python -m benchmarks.scatter                 100 000 points, ratios to Plotly, then 1 000 000 points of ours
The same file is the page that is measured: Streamlit runs it with ?show=ours or plotly and ?count=.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from playwright.sync_api import Browser, Page, sync_playwright
from streamlit import runtime

from benchmarks.first_picture import QUIET, ROOT, answers
from dashboard.shared.components.scatter import (
    Area,
    Cloud,
    Colours,
    ScatterOptions,
    by_category,
    cloud_of,
    scatter,
    select,
)

# Any canvas of the map, in a shadow root or not, on which something is painted.
PAINTED = """([selector, drawn]) => {
    const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)]
    if (drawn && !roots.some((root) => root.querySelector(`.stage[data-drawn="${drawn}"]`))) return false
    const small = new OffscreenCanvas(64, 64).getContext("2d", { willReadFrequently: true })
    const canvases = roots.flatMap((root) => [...root.querySelectorAll(selector)])
    for (const canvas of canvases) small.drawImage(canvas, 0, 0, 64, 64)
    return small.getImageData(0, 0, 64, 64).data.some((part) => part > 0)
}"""
# Seconds from letting the mouse go until the page says another number of selected points.
ANSWERED = """() => { window.answered = new Promise((done) => {
    let start = 0
    addEventListener("pointerup", () => { start = performance.now() }, { capture: true, once: true })
    const said = () => [...document.querySelectorAll("[data-testid=stText]")].map((e) => e.textContent)
    const look = () => said().includes("selected 0") || done((performance.now() - start) / 1000)
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
}) }"""
CANVAS = {"ours": "canvas.points", "plotly": ".js-plotly-plot canvas", "nothing": ""}
STAGE = {"ours": ".stage", "plotly": ".js-plotly-plot .nsewdrag"}


@dataclass(frozen=True)
class Visit:
    """seconds: from the request to all points on the screen. cpu: of browser and server meanwhile, which a busy machine
    does not stretch. received: bytes of the socket, our code with them."""

    seconds: float
    cpu: float
    received: int


def points(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Twelve clusters: float32 (count, 2), and the class of each point."""
    random = np.random.default_rng(0)
    classes = random.integers(0, 12, count)
    return (random.normal(0, 6, (12, 2))[classes] + random.normal(size=(count, 2))).astype(np.float32), classes


def app() -> None:
    """The page: one chart of the points, and how many the lasso has selected."""
    st.set_page_config(layout="wide")
    shows = {"ours": show_ours, "plotly": show_plotly, "nothing": lambda _count: 0}
    st.text(f"selected {shows[st.query_params['show']](int(st.query_params['count']))}")


@st.cache_resource
def our_parts(count: int) -> tuple[Cloud, Colours]:
    xy, classes = points(count)
    return cloud_of(xy), by_category(classes, [f"class {i}" for i in range(12)], "Label")


def show_ours(count: int) -> int:
    cloud, colours = our_parts(count)

    def on_area(area: Area) -> None:
        st.session_state["mask"] = select(area, cloud, colours)

    mask = st.session_state.get("mask")
    scatter(cloud, colours, ScatterOptions(height=600, selected=mask), key="map", on_area=on_area)
    return 0 if mask is None else int(mask.sum())


@st.cache_resource
def plotly_figure(count: int) -> go.Figure:
    xy, classes = points(count)
    traces = [
        go.Scattergl(x=xy[classes == i, 0], y=xy[classes == i, 1], mode="markers", name=str(i)) for i in range(12)
    ]
    return go.Figure(traces).update_traces(marker_size=3).update_layout(dragmode="lasso")


def show_plotly(count: int) -> int:
    answer = st.plotly_chart(plotly_figure(count), key="map", height=600, on_select="rerun", selection_mode="lasso")
    return len(answer["selection"]["points"])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, its children and those that ended (Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        children = [task.read_text().split() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has just ended
        return 0.0
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for group in children for child in group)


def visit(browser_page: Page, base: str, show: str, count: int) -> Visit:
    """Open the page anew; the browser has its code already. "nothing" is Streamlit's own share."""
    received: list[int] = []
    browser_page.goto("about:blank")
    browser_page.wait_for_timeout(700)  # what the page before left to do is not counted here
    browser_page.once("websocket", lambda s: s.on("framereceived", lambda frame: received.append(len(frame))))
    start, cpu = time.perf_counter(), cpu_seconds(os.getpid())
    browser_page.goto(f"{base}/?show={show}&count={count}")
    if show == "nothing":
        browser_page.get_by_text("selected 0", exact=True).wait_for()
    else:
        drawn = str(count) if show == "ours" else ""
        browser_page.wait_for_function(PAINTED, arg=[CANVAS[show], drawn], timeout=120_000, polling="raf")
    return Visit(time.perf_counter() - start, cpu_seconds(os.getpid()) - cpu, sum(received))


def lasso(browser_page: Page, base: str, show: str, count: int) -> tuple[float, int]:
    """Seconds from letting go until Python's answer is on the page, and the largest message sent."""
    sent: list[int] = []
    browser_page.once("websocket", lambda s: s.on("framesent", lambda frame: sent.append(len(frame))))
    visit(browser_page, base, show, count)
    browser_page.wait_for_timeout(1500)
    if show == "ours":
        browser_page.get_by_role("button", name="Select with a lasso (L)").click()
    frame = browser_page.locator(STAGE[show]).first.bounding_box()
    assert frame
    middle = np.array([frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2])
    angles = np.linspace(0, 6.2, 60)
    path = (middle + 150 * np.column_stack([np.cos(angles), np.sin(angles)])).tolist()
    browser_page.mouse.move(*path[0])
    browser_page.mouse.down()
    for x, y in path[1:]:
        browser_page.mouse.move(x, y)
    sent.clear()
    browser_page.evaluate(ANSWERED)
    browser_page.mouse.up()
    return browser_page.evaluate("answered"), max(sent)


def measure(browser: Browser, base: str, rounds: int, count: int) -> None:
    """Visits by turns, then the lasso, then a million points; prints what it finds."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    visits: dict[str, list[Visit]] = {show: [] for show in CANVAS}
    for number in range(rounds + 1):
        for show, done in visits.items():
            done.append(visit(page, base, show, count))
            if number == 0:
                done.clear()  # the browser fetched the code
    # The quietest visit of each: on a busy machine the others tell of its neighbours.
    seconds = {show: min(each.seconds for each in done) for show, done in visits.items()}
    cpu = {show: min(each.cpu for each in done) for show, done in visits.items()}
    for show, done in visits.items():
        sent = done[0].received
        times = f"{seconds[show]:.2f} s, {cpu[show]:.2f} s of CPU"
        print(f"{show:7} {count:,} points on screen: {times}, {sent:,} bytes, {sent / count:.2f} a point")
    sooner, less = seconds["plotly"] / seconds["ours"], cpu["plotly"] / cpu["ours"]
    print(f"ours is {sooner:.1f} x sooner (must be >= 2.5) with {less:.1f} x less CPU")
    for show in STAGE:
        tries = [lasso(page, base, show, count) for _ in range(rounds if show == "ours" else 1)]
        best, size = min(seconds for seconds, _ in tries), max(size for _, size in tries)
        print(f"{show:7} lasso answered in {best:.2f} s (must be < 0.3), {size:,} bytes sent (must be < 1,000)")
    million = min((visit(page, base, "ours", 1_000_000) for _ in range(2)), key=lambda each: each.seconds)
    print(f"ours    1,000,000 points on screen: {million.seconds:.2f} s, {million.received / 1e6:.2f} bytes a point")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=100_000)
    given = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "streamlit", "run", str(Path(__file__)), "--server.headless", "true"]
    options = ["--server.port", base.rsplit(":", 1)[1], "--theme.font", "sans-serif", "--theme.codeFont", "monospace"]
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.DEVNULL, env=environment) as server:
        try:
            while not answers(base):
                time.sleep(0.05)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
                measure(browser, base, given.rounds, given.count)
                browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    app() if runtime.exists() else main()
