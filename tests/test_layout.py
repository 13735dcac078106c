"""Facts about the house: what lies where, how long a function may be, and what no file may contain."""

from __future__ import annotations

import ast
import os
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
CODE = ("xai_core", "dashboard", "pages", "sightline")
CODE_SUFFIXES = {".py", ".js", ".ts", ".css", ".html"}
TEXT_SUFFIXES = CODE_SUFFIXES | {".md", ".toml", ".txt", ".json", ".csv", ".svg", ".yml", ".yaml", ".sh", ".cfg", ""}
GENERATED = {"__pycache__", "node_modules", "site"}
OURS = {".ci", ".streamlit", ".gitignore"}  # every other hidden name at the root belongs to a tool

REGISTRIES = r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|anaconda\.org|deb\.debian\.org|download\.pytorch\.org/whl"
MACHINE_PATHS = r"(?<![\w.~*)}-])/(work|root|home|tmp|Users|opt/venv)/\w"


def code_files(suffixes: set[str]) -> list[Path]:
    return sorted(path for part in CODE for path in (ROOT / part).rglob("*") if path.suffix in suffixes)


def text_files() -> list[Path]:
    roots = [path for path in ROOT.iterdir() if not path.name.startswith(".") or path.name in OURS]
    files = [file for root in roots for file in (root.rglob("*") if root.is_dir() else [root])]
    return [
        file for file in files if file.is_file() and file.suffix in TEXT_SUFFIXES and not GENERATED & set(file.parts)
    ]


def offenders(pattern: str) -> list[str]:
    """`file:line` of every line of the project that matches the pattern."""
    return [
        f"{file.relative_to(ROOT)}:{number}"
        for file in text_files()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_streamlit_cannot_serve_a_page_without_its_frame() -> None:
    """Streamlit's old rule runs files of a folder `pages` beside the script bare; see decision 0001."""
    entry = (ROOT / "streamlit_app.py").read_text(encoding="utf-8")
    assert 'st.App("dashboard/app.py"' in "".join(line.strip() for line in entry.splitlines())
    assert not (ROOT / "dashboard" / "pages").exists()


def test_no_function_is_longer_than_50_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in code_files({".py"})
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert long == []


def test_no_function_of_the_dashboard_takes_seven_parameters() -> None:
    """What belongs together is a record. `serve` is called from notebooks, where keywords read better."""
    many = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for part in ("dashboard", "pages")
        for path in sorted((ROOT / part).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _parameters(node) >= 7
    ]
    assert many == ["dashboard/server/serving.py:serve"]


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    every = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return len([name for name in every if name not in ("self", "cls")])


def test_no_module_has_a_name_that_says_nothing() -> None:
    words = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
    assert [str(path) for path in code_files({".py"}) if words & set(path.stem.lower().split("_"))] == []


def test_no_dashboard_module_hides_a_library() -> None:
    """While a script runs, Streamlit puts dashboard/ first on sys.path: dashboard/json.py would become `json`."""
    names = {path.stem for path in (ROOT / "dashboard").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert names & (set(sys.stdlib_module_names) | set(packages_distributions())) - {"__init__"} == set()


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["package registry", "path of a machine"])
def test_no_file_names_a(pattern: str) -> None:
    assert offenders(pattern) == []


def test_the_pinned_versions_satisfy_every_requirement() -> None:
    pins = dict(line.split("==") for line in lines_of("constraints-ci.txt"))
    wanted = [Requirement(line) for name in ("requirements.txt", "requirements-dev.txt") for line in lines_of(name)]
    unmet = [str(req) for req in wanted if not req.specifier.contains(pins.get(req.name.lower(), "0"))]
    assert unmet == []


def lines_of(name: str) -> list[str]:
    """Lines of a requirements file without comments and references to other files."""
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def test_the_checks_can_be_started() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_nothing_expires_by_a_clock_that_can_jump():
    """Waits and ages are counted by `time.monotonic`; the wall clock is for what people read."""
    for folder in ("xai_core", "dashboard"):
        for path in (ROOT / folder).rglob("*.py"):
            assert "time.time()" not in path.read_text("utf-8"), path
