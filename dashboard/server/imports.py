"""Imports, one thread at a time.

Two threads that import a package and a module of it at the same time may wait for each other; Python then raises
`_DeadlockError` in one of them (python/cpython issue 83065). A visitor's page and the warm-up, or two pages, would.
"""

import ast
from pathlib import Path
from threading import RLock

ALONE = RLock()
_done: set[Path] = set()


def import_for(script: Path) -> None:
    """Import what the script imports at its top, so that it finds everything there when it runs."""
    if script in _done:
        return
    with ALONE:
        top = ast.parse(script.read_text("utf-8"), str(script)).body
        imports: list[ast.stmt] = [node for node in top if isinstance(node, ast.Import | ast.ImportFrom)]
        exec(compile(ast.Module(imports, []), str(script), "exec"), {})
        _done.add(script)
