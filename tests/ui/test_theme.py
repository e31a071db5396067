"""Every text is readable on its ground, in both modes (WCAG 2.2, 1.4.3: at least 4.5:1)."""

import re
from importlib.resources import files

import pytest

from meshery.ui.theme import TEXT_ON, TOKENS, contrast, head_html, series_colour


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_ON)
def test_text_stands_out_from_its_ground(ink: str, ground: str, mode: str) -> None:
    found = contrast(getattr(TOKENS[ink], mode), getattr(TOKENS[ground], mode))
    assert found >= 4.5, f"{ink} on {ground} in {mode}: {found:.2f}"


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("token", ["series-null", "series-4", "series-5", "series-6"])
def test_lines_of_charts_stand_out_from_the_panel(token: str, mode: str) -> None:
    assert contrast(getattr(TOKENS[token], mode), getattr(TOKENS["panel"], mode)) >= 3.0


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#ffffff") == pytest.approx(1)


def test_the_sheet_names_no_colour_of_its_own() -> None:
    sheet = files("meshery.ui").joinpath("style.css").read_text(encoding="utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet) == []
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", sheet))
    assert used <= set(TOKENS), used - set(TOKENS)


def test_head_asks_no_other_host() -> None:
    assert re.findall(r"https?://|//[a-z]+\.", head_html()) == []


def test_arms_keep_their_colours_and_others_get_their_own() -> None:
    assert series_colour("on") == "var(--accent)"
    assert series_colour("off") == "var(--muted)"
    assert len({series_colour("other", index) for index in range(3)}) == 3
