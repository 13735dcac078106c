"""A hook of mkdocs: every page of docs/decisions stands in the site's navigation, so that a new one needs no line."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Called by mkdocs once it has read mkdocs.yml."""
    pages = sorted(file.name for file in Path(config.docs_dir, "decisions").glob("*.md"))
    config.nav = [*(config.nav or ()), {"Decisions": [f"decisions/{name}" for name in pages]}]
    return config
