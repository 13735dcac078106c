"""Facts about `.streamlit/config.toml`: what it keeps private, and that everything on screen can be read."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
THEMES = {
    "light": CONFIG["theme"]["light"],
    "dark": CONFIG["theme"]["dark"],
    "light sidebar": CONFIG["theme"]["light"] | CONFIG["theme"]["light"]["sidebar"],
    "dark sidebar": CONFIG["theme"]["dark"] | CONFIG["theme"]["dark"]["sidebar"],
}
SURFACES = ("backgroundColor", "secondaryBackgroundColor")
TEXT, GRAPHICS = 4.5, 3.0  # least contrast, WCAG 2.2 level AA: 1.4.3 and 1.4.11
CAPTION_OPACITY = 0.6  # with which Streamlit draws captions


def channels(color: str) -> list[float]:
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def luminance(rgb: list[float]) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(front: str, back: str, opacity: float = 1.0) -> float:
    """Contrast ratio as WCAG 2.2 defines it, of `front` drawn on `back`."""
    behind = channels(back)
    drawn = [opacity * f + (1 - opacity) * b for f, b in zip(channels(front), behind, strict=True)]
    low, high = sorted((luminance(drawn), luminance(behind)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("front", "ratio"), [("#000000", 21.0), ("#767676", 4.54), ("#0000ff", 8.59)])
def test_contrast_agrees_with_published_values_on_white(front: str, ratio: float) -> None:
    assert contrast(front, "#ffffff") == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("surface", SURFACES)
def test_text_links_and_captions_can_be_read(name: str, surface: str) -> None:
    theme = THEMES[name]
    assert contrast(theme["textColor"], theme[surface]) >= 7.0
    assert contrast(theme["textColor"], theme[surface], CAPTION_OPACITY) >= TEXT
    assert contrast(theme["linkColor"], theme[surface]) >= TEXT


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("color", ["blue", "orange", "yellow", "red", "green", "gray"])
def test_messages_and_badges_can_be_read(name: str, color: str) -> None:
    theme = THEMES[name]
    assert contrast(theme[f"{color}TextColor"], theme[f"{color}BackgroundColor"]) >= TEXT


@pytest.mark.parametrize("name", ["light", "dark"])
def test_primary_button_can_be_read(name: str) -> None:
    assert contrast("#ffffff", THEMES[name]["primaryColor"]) >= TEXT


@pytest.mark.parametrize("name", THEMES)
def test_accent_and_code_stand_out(name: str) -> None:
    theme = THEMES[name]
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= GRAPHICS
    assert contrast(theme["codeTextColor"], theme["codeBackgroundColor"]) >= TEXT


@pytest.mark.parametrize("name", ["light", "dark"])
def test_chart_colors_are_ten_and_stand_out(name: str) -> None:
    theme = THEMES[name]
    colors = theme["chartCategoricalColors"]
    assert len(set(colors)) == 10
    assert min(contrast(color, theme["backgroundColor"]) for color in colors) >= GRAPHICS


def test_fonts_are_ours_and_small() -> None:
    urls = [face["url"] for face in CONFIG["theme"]["fontFaces"]]
    assert all(url.startswith("app/static/fonts/") for url in urls)
    files = [ROOT / "dashboard" / url.removeprefix("app/") for url in urls]
    assert all(file.read_bytes()[:4] == b"wOF2" for file in files)
    assert sum(file.stat().st_size for file in files) < 400_000
    assert CONFIG["server"]["enableStaticServing"] is True


@pytest.mark.parametrize(
    ("section", "option", "value"),
    [
        ("server", "address", "127.0.0.1"),
        ("server", "allowedHosts", ["localhost", "127.0.0.1"]),
        ("server", "maxUploadSize", 1024),
        ("browser", "gatherUsageStats", False),
        ("client", "showErrorDetails", "none"),
        ("client", "showErrorLinks", False),
    ],
)
def test_server_keeps_to_itself(section: str, option: str, value: object) -> None:
    assert CONFIG[section][option] == value


def test_nothing_forces_a_start_without_a_browser() -> None:
    assert "headless" not in CONFIG["server"]
