"""Revealing on the screen: asked, confirmed, shown for a moment, gone."""

from __future__ import annotations

from textual.app import App

from console.screens.revealing import GRACE, RevealedScreen, RevealQuestion
from tools.kubernetes.revealed import Value

VALUE = "plain-words-of-the-sea"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(app: App[None]) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def test_what_was_typed_ahead_cannot_answer_the_question() -> None:
    app, clock, answers = App[None](), Clock(), list[bool | None]()
    async with app.run_test() as pilot:
        question = RevealQuestion("Reveal secret/db?", "For a moment.", yes="reveal", monotonic=clock)
        app.push_screen(question, answers.append)
        await pilot.pause()
        await pilot.press("y")
        assert answers == []
        clock.now = GRACE
        await pilot.press("y")
        await pilot.pause()
    assert answers == [True]


async def test_every_key_but_y_says_no() -> None:
    for key in ("enter", "escape", "n", "q"):
        app, clock, answers = App[None](), Clock(), list[bool | None]()
        async with app.run_test() as pilot:
            app.push_screen(RevealQuestion("Reveal?", "", yes="reveal", monotonic=clock), answers.append)
            clock.now = GRACE
            await pilot.pause()
            await pilot.press(key)
            await pilot.pause()
        assert answers == [False], key


async def test_a_value_leaves_the_screen_with_any_key_and_reaches_the_clipboard_with_c_alone() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        app.push_screen(RevealedScreen("note of secret/db", (Value("note", VALUE),), 30))
        await pilot.pause()
        assert VALUE in shown(app)
        assert app.clipboard == ""
        await pilot.press("c")
        assert app.clipboard == VALUE
        await pilot.press("space")
        await pilot.pause()
        assert not isinstance(app.screen, RevealedScreen)
        assert VALUE not in shown(app)


async def test_a_value_leaves_the_screen_by_itself() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen = RevealedScreen("note of secret/db", (Value("note", VALUE),), 3)
        app.push_screen(screen)
        await pilot.pause()
        for _ in range(3):
            screen._tick()
        await pilot.pause()
        assert not isinstance(app.screen, RevealedScreen)
        assert VALUE not in repr(vars(screen))


async def test_a_value_cannot_steer_the_terminal() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        app.push_screen(RevealedScreen("x", (Value("note", "a\x1b]52;c;aGk=\x07b\nsecond [bold]line"),), 30))
        await pilot.pause()
        seen = shown(app)
        assert "\x1b" not in seen and "\x07" not in seen
        assert "second [bold]line" in seen
