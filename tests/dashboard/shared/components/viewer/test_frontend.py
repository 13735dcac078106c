"""The browser's scripts: what a component is joined from, and how they import each other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from dashboard.shared.components.viewer.frontend import imported, joined

ROOT = Path(__file__).resolve().parents[5]
SCRIPTS = sorted((ROOT / "dashboard").rglob("*.js"))
COMPONENTS = [script for script in SCRIPTS if "export default" in script.read_text("utf-8")]
NAMES = r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)"


def name_of(script: Path) -> str:
    return script.stem


@pytest.mark.parametrize("script", COMPONENTS, ids=name_of)
def test_a_component_is_one_script_in_which_each_name_stands_once(script: Path) -> None:
    text = joined(script)
    assert [name for name, count in Counter(re.findall(NAMES, text, re.M)).items() if count > 1] == []
    assert not re.search(r"^import ", text, re.M)
    assert re.findall(r"^export .{7}", text, re.M) == ["export default"]


def test_types_are_left_out_and_other_comments_stay(tmp_path: Path) -> None:
    script = tmp_path / "one.js"
    script.write_text(
        "// why\n/** @type {number} */\nexport const a = 1\n/**\n * @returns {any} a * b\n */\n"
        "export function f() {\n  /** @type {any} */\n  const b = /** @type {any} */ (a)\n  return b\n}\n"
    )
    expected = "// why\nconst a = 1\nfunction f() {\n  const b = /** @type {any} */ (a)\n  return b\n}\n"
    assert joined(script) == expected


def test_what_is_imported_comes_first_and_once(tmp_path: Path) -> None:
    for name, text in {
        "leaf": "export const leaf = 1\n",
        "left": 'import { leaf } from "./leaf.js"\nexport const left = leaf\n',
        "top": 'import { leaf } from "./leaf.js"\nimport {\n  left,\n} from "./left.js"\nexport default left + leaf\n',
    }.items():
        (tmp_path / f"{name}.js").write_text(text)
    assert joined(tmp_path / "top.js") == "const leaf = 1\n\nconst left = leaf\n\nexport default left + leaf\n"


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_no_script_imports_itself_on_a_round_about_way(script: Path) -> None:
    assert len(imported(script)) == len(set(imported(script)))  # a circle would never end


def test_every_script_belongs_to_a_component_and_every_export_is_imported() -> None:
    assert {file for component in COMPONENTS for file in imported(component)} == set(SCRIPTS)
    users = [*SCRIPTS, *(ROOT / "tests").rglob("*.test.js"), *(ROOT / "tests" / "browser").rglob("*.py")]
    texts = {file: file.read_text("utf-8") for file in users}
    exported = {
        (file, name)
        for file in SCRIPTS
        for name in re.findall(r"^export .*?(?:function|const) (\w+)", texts[file], re.M)
    }
    unused = {
        f"{file.name}: {name}"
        for file, name in exported
        if not any(re.search(rf"\b{name}\b", text) for other, text in texts.items() if other != file)
    }
    assert unused == set()
