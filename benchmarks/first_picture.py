"""How long until a newcomer sees the first heat map: from starting the server to the drawn map in Chromium.

python -m benchmarks.first_picture     prints seconds, and their ratio to importing the same libraries in the same run
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
IMPORTS = "import torch, torchvision, timm, streamlit"


def import_seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True, cwd=ROOT)
    return time.perf_counter() - start


def visit_seconds(browser: Browser, address: str) -> float:
    """From the request to the drawn map, as a new visitor."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    start = time.perf_counter()
    page.goto(address)
    page.locator(".viewer .scene[data-heat=drawn]").wait_for(timeout=120_000)
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def first_and_second(browser: Browser) -> tuple[float, float]:
    """Seconds from starting a fresh server to the first visitor's map, and of a second visitor's visit."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true"]
    start = time.perf_counter()
    with subprocess.Popen([*command, "--server.port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            while not answers(address):
                time.sleep(0.05)
            visit_seconds(browser, address)
            return time.perf_counter() - start, visit_seconds(browser, address)
        finally:
            server.terminate()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        runs = [(import_seconds(), *first_and_second(browser)) for _ in range(rounds)]
        browser.close()
    imports, first, second = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"{IMPORTS}: {imports:.1f} s")
    print(f"server started -> first map drawn: {first:.1f} s, {first / imports:.2f} x the imports   (aim 2.5)")
    print(f"second visitor's first map: {second:.2f} s   (must be < 1.5)")


if __name__ == "__main__":
    main()
