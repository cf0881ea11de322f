"""The clipboard and the bell: which way text goes, and that the operator is told."""

from __future__ import annotations

import base64
from pathlib import Path

from console.clipboard import LIMIT, destination, native_tool, osc52
from console.notify import Caller
from tests.console.driving import console


def test_osc52_carries_the_text_and_is_wrapped_for_tmux() -> None:
    plain = osc52("schön", tmux=False)
    assert plain.startswith("\x1b]52;c;") and plain.endswith("\x07")
    assert base64.b64decode(plain[7:-1]).decode() == "schön"
    assert osc52("schön", tmux=True) == "\x1bPtmux;\x1b" + plain + "\x1b\\"


def test_no_native_tool_is_used_over_ssh() -> None:
    def which(name: str) -> str:
        return f"/usr/bin/{name}"

    assert native_tool({"DISPLAY": ":0"}, which)[0] == "xclip"
    assert native_tool({"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, which)[0] == "wl-copy"
    assert native_tool({"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"}, which) == ()


def test_it_says_where_the_text_went() -> None:
    assert "tmux" in destination("a", {"TMUX": "/tmp/x"}, ())
    assert "xclip" in destination("a", {}, ("xclip",))
    assert "inside Pilothouse only" in destination("a" * (LIMIT + 1), {}, ())


def test_the_bell_rings_once_per_reason_and_only_when_nobody_looks() -> None:
    sent: list[str] = []
    caller = Caller(sent.append, {})
    assert not caller.call("a plan waits", focused=True)
    assert caller.call("a plan waits", focused=False)
    assert not caller.call("a plan waits", focused=False)
    caller.looked()
    assert caller.call("a plan\x1b]0;evil\x07 waits", focused=False)
    assert [text[0] for text in sent] == ["\x07", "\x07"]
    assert sent[1].count("\x1b") == 1


async def test_copying_a_name_says_so(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.sees("cart-7d9f8b-002")
        await seen.press("escape", "4", "Y")
        await seen.sees("Copied 15 characters")
        assert seen.app.clipboard == "cart-7d9f8b-002"
