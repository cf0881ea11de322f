"""Themes: ours are sound, a bad one of the operator's is left out with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color

from console.options import Options
from console.theming import DEFAULT, ThemeProblem, built_in, from_folder, read
from tests.console.driving import console


@pytest.mark.parametrize("theme", built_in(), ids=lambda theme: theme.name)
def test_text_and_states_can_be_read_on_every_ground(theme: object) -> None:
    from textual.theme import Theme

    assert isinstance(theme, Theme)
    ground = Color.parse(theme.background or "")
    for name in ("foreground", "primary", "success", "warning", "error", "accent"):
        colour = Color.parse(getattr(theme, name))
        assert colour.get_contrast_text(1.0) and contrast(colour, ground) >= 4.5, name


def contrast(one: Color, other: Color) -> float:
    """WCAG 2 contrast ratio, https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio."""

    def luminance(colour: Color) -> float:
        parts = [
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
            for part in (colour.r / 255, colour.g / 255, colour.b / 255)
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_there_are_dark_light_contrast_and_colour_blind_themes_and_the_default_is_first() -> None:
    themes = built_in()
    assert themes[0].name == DEFAULT
    assert {"pilothouse-day", "pilothouse-contrast", "pilothouse-colourblind"} <= {t.name for t in themes}
    assert {theme.dark for theme in themes} == {True, False}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "x"\n[colors]\nprimary = "blurple"', "colors.primary = 'blurple'"),
        ('name = "x"\n[colors]\nprimary = "#fff"\nsparkle = "#fff"', "sparkle"),
        ('[colors]\nprimary = "#fff"', "no name"),
        ('name = "x"', "no primary"),
        ("name = ", "not valid TOML"),
        ('name = "x"\ncolours = 1', "colours"),
        ('name = "x"\n[colors]\nprimary = 7', "has to be text"),
    ],
)
def test_a_theme_that_cannot_be_used_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(ThemeProblem, match=r"mine\.toml") as problem:
        read(text, "mine.toml")
    assert says in str(problem.value)


def test_one_bad_theme_in_the_folder_does_not_hide_the_good_one(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('name = "a"\n[colors]\nprimary = "nope"')
    (tmp_path / "b.toml").write_text('name = "b"\n[colors]\nprimary = "#123456"')
    found = list(from_folder(tmp_path))
    assert [type(item).__name__ for item in found] == ["ThemeProblem", "Theme"]


async def test_an_unknown_theme_falls_back_with_a_notice(tmp_path: Path) -> None:
    async with console(tmp_path, options=Options(theme="plaid")) as seen:
        await seen.sees("There is no theme plaid")
        assert seen.app.theme == DEFAULT


async def test_a_theme_from_the_operators_folder_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('name = "mine"\n[colors]\nprimary = "#abcdef"')
    (folder / "bad.toml").write_text('name = "bad"\n[colors]\nprimary = "none of it"')
    async with console(tmp_path, options=Options(theme="mine")) as seen:
        assert seen.app.theme == "mine"
        await seen.sees("Theme bad.toml")
        await seen.jump("theme pilothouse-day")
        await seen.until(lambda: seen.app.theme == "pilothouse-day")


async def test_ascii_draws_nothing_but_ascii(tmp_path: Path) -> None:
    async with console(tmp_path, options=Options(ascii=True)) as seen:
        await seen.sees("cart-7d9f8b-002")
        strange = sorted({sign for sign in seen.text if ord(sign) > 126})
        assert strange == []


async def test_ascii_draws_arrows_and_marks_of_the_agents_words_as_ascii(tmp_path: Path) -> None:
    async with console(tmp_path, options=Options(ascii=True)) as seen:
        await seen.say("port 80 → 8080 “shop” 2 × 3 …")
        await seen.sees('port 80 > 8080 "shop" 2 x 3 ~')
