"""Tokens, and texts that come in awkward shapes."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from tests.tools.redaction.canaries import canaries, some
from tools.redaction.growing import GrowingText
from tools.redaction.redactor import TOKEN, Redactor

REDACTOR = Redactor(b"a key that only tests have")
PLANTED = canaries(7)
BODY = [some(random.Random(3), 64) for _ in range(6)]
BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
PASSWORD = some(random.Random(5), 12)


class Output(BaseModel):
    name: str
    env: dict[str, str]


def test_the_same_secret_has_the_same_token_wherever_it_stands() -> None:
    coded = base64.b64encode(PASSWORD.encode()).decode()
    found = REDACTOR.value(
        {
            "kind": "Secret",
            "data": {"a": coded},
            "env": [{"name": "DB_PASSWORD", "value": PASSWORD}],
            "log": f"login with password={PASSWORD} failed",
        }
    )
    assert set(TOKEN.findall(json.dumps(found, ensure_ascii=False))) == {REDACTOR.token(PASSWORD)}
    assert REDACTOR.token(PASSWORD) != REDACTOR.token(f"{PASSWORD}x")


def test_another_home_gives_another_token() -> None:
    assert Redactor(b"0123456789abcdef").token(PASSWORD) != REDACTOR.token(PASSWORD)


def test_a_key_too_short_to_protect_anything_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Redactor(b"short")


def test_what_holds_no_secret_is_returned_itself() -> None:
    value: JsonValue = {"kind": "Pod", "spec": {"nodeName": "n1", "key": ["a", "b"]}, "token": ""}
    model = Output(name="web", env={"LOG_LEVEL": "info"})
    assert REDACTOR.value(value) is value
    assert REDACTOR.model(model) is model


def test_a_model_stays_a_model() -> None:
    clean = REDACTOR.model(Output(name="web", env={"API_KEY": PASSWORD}))
    assert clean == Output(name="web", env={"API_KEY": REDACTOR.token(PASSWORD)})


def test_places_name_the_arguments_that_hold_a_secret_or_its_token() -> None:
    args: dict[str, JsonValue] = {"set": {"DB_PASSWORD": PASSWORD}, "list": ["x", "‹secret:k7m2q9›"], "n": 3}
    assert REDACTOR.places(args) == {
        "set.DB_PASSWORD": REDACTOR.token(PASSWORD),
        "list[1]": "‹secret:k7m2q9›",
    }


@pytest.mark.parametrize(
    "text",
    [
        "\n".join([BEGIN, *BODY, END]),
        "\n".join([BEGIN, *BODY]),
        "\n".join([*BODY, END, "after"]),
        "\\n".join([BEGIN, *BODY, END]),
        json.dumps({"key": "\n".join([BEGIN, *BODY, END])}),
        json.dumps({"inner": json.dumps({"tls.key": "\n".join([BEGIN, *BODY, END])})}),
        "2026-03-14 INFO " + "\n2026-03-14 INFO ".join([BEGIN, *BODY, END]),
    ],
    ids=["whole", "no end", "no beginning", "escaped", "JSON", "JSON in JSON", "with a time on each line"],
)
def test_a_private_key_is_found_however_it_is_written_or_cut(text: str) -> None:
    clean = REDACTOR.text(text)
    assert not [line for line in BODY if line in clean]


def test_a_key_over_several_lines_of_a_log_leaves_as_many_lines() -> None:
    lines = ["start", BEGIN, *BODY, END, "done"]
    clean = REDACTOR.lines(lines)
    assert len(clean) == len(lines)
    assert clean[0] == "start" and clean[-1] == "done"
    assert not [line for line in BODY if line in "\n".join(clean)]


def test_what_follows_a_key_that_was_cut_off_stays() -> None:
    assert "INFO ready to serve" in REDACTOR.text("\n".join([BEGIN, *BODY, "INFO ready to serve"]))


@pytest.mark.parametrize(
    "said",
    [
        "password={}", "Password: {}", "PASSWORD='{}'", "--db-password {}", "--token={}", "-password {}",
        '{{\\"password\\": \\"{}\\"}}', "{{password: {}, user: app}}", "export PGPASSWORD={}",
        "password is {}", "my password: {}", "spring.datasource.password={}", "clientSecret: {}",
        "  password: {}\n  user: app", "name: DB_PASSWORD\n  value: {}", "curl -u app:{} https://x",
        "mysql -uapp -p{} shop", "app:{}@tcp(db:3306)/shop", "CREATE USER app IDENTIFIED BY '{}'",
        "machine git.shop login ci password {}", "Set-Cookie: session={}; HttpOnly", "jdbc:x?user=a&password={}",
        "https://app:{}@git.shop/x.git",
    ],
)  # fmt: skip
def test_a_password_is_found_in_whatever_words(said: str) -> None:
    text = said.format(PASSWORD)
    clean = REDACTOR.text(text)
    assert PASSWORD not in clean
    assert REDACTOR.text(clean) == clean


@example(["name: A_TOKEN\nvalue: ", "\n".join([BEGIN, *BODY, END]), "loaded"])
@given(
    st.lists(
        st.one_of(
            st.sampled_from([canary.text for canary in PLANTED] + [canary.value for canary in PLANTED]),
            st.sampled_from(
                ["password=", "token: ", "\n", " ", '"', "{", "}", "name: A_TOKEN\nvalue: ", "://", "@"]
            ),
            st.text(max_size=12),
        ),
        max_size=8,
    )
)
def test_redacting_twice_changes_nothing_more(parts: list[str]) -> None:
    once = REDACTOR.text("".join(parts))
    assert REDACTOR.text(once) == once


@given(
    st.lists(st.text(alphabet=st.characters(exclude_characters="\n"), max_size=30), max_size=12),
    st.integers(0, 11),
)
def test_lines_stay_as_many_as_they_were(lines: list[str], place: int) -> None:
    planted = [*lines[:place], "\n".join([BEGIN, *BODY, END]), *lines[place:]]
    flat = "\n".join(planted).split("\n")
    assert len(REDACTOR.lines(flat)) == len(flat)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_text_that_arrives_in_pieces_is_redacted_like_the_whole(size: int) -> None:
    for canary in PLANTED:
        text = f"Looking.\n{canary.text} and so on"
        growing = GrowingText(REDACTOR)
        pieces = [growing.feed(text[at : at + size]) for at in range(0, len(text), size)]
        shown = "".join([*pieces, growing.rest()])
        assert not [needle for needle in canary.needles if needle in shown], canary.kind


def test_text_without_secrets_arrives_whole_and_a_word_behind() -> None:
    growing = GrowingText(REDACTOR)
    assert growing.feed("checkout is ") == "checkout is "
    assert growing.feed("hea") == ""
    assert growing.feed("lthy.") == ""
    assert growing.rest() == "healthy."
