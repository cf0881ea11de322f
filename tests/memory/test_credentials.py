from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend
from pydantic import SecretStr

from memory.credentials import Credentials, variable
from memory.errors import CredentialMissing, CredentialUnkept, KeyringUnavailable, NoKeyring
from tests.memory.keyrings import Deaf, Failing, Forgetful, Locked, Plain

SECRET = "hunter2-zqxwvut-kjhgf"
ROOT = Path(__file__).parents[2]

needs_a_secret_service = pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")),
    reason="needs dbus-run-session and gnome-keyring-daemon (Debian: dbus, gnome-keyring)",
)

Use = Callable[[type[KeyringBackend]], Credentials]


@pytest.fixture
def use() -> Iterator[Use]:
    """Make a keyring this process's keyring, and trust it if it is one of ours."""
    before = keyring.get_keyring()

    def choose(backend: type[KeyringBackend]) -> Credentials:
        keyring.set_keyring(backend())
        name = f"{backend.__module__}.{backend.__qualname__}"
        return Credentials({"ANTHROPIC_API_KEY": "from elsewhere"}, trusted=frozenset({name}), seconds=0.2)

    yield choose
    keyring.set_keyring(before)


def without_a_session(home: Path) -> dict[str, str]:
    """The environment of a server: no D-Bus, no display, nothing of ours."""
    left_out = ("DBUS_", "XDG_", "DISPLAY", "WAYLAND", "PILOTHOUSE", "PYTHON_KEYRING", "ANTHROPIC")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return environ | {"HOME": str(home), "PYTHONPATH": str(ROOT)}


def obey(environ: dict[str, str], *words: str, prefix: tuple[str, ...] = ()) -> list[str]:
    program = [*prefix, sys.executable, "-m", "tests.memory.keyrings", *words]
    done = subprocess.run(program, env=environ, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def in_a_secret_service(home: Path, *words: str, unlock: bool = True) -> list[str]:
    """Run with a bus and a gnome-keyring of its own, whose files live in `home`."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environ = without_a_session(home) | {"XDG_RUNTIME_DIR": str(runtime)}
    daemon = (
        "printf 'test-password\\n' | gnome-keyring-daemon --unlock --components=secrets"
        if unlock
        else "gnome-keyring-daemon --start --components=secrets"
    )
    shell = f'{daemon} >/dev/null 2>&1; exec "$@"'
    return obey(environ, *words, prefix=("dbus-run-session", "--", "bash", "-c", shell, "bash"))


async def test_our_own_variable_comes_first_and_the_answer_says_so(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file")
    environ = {
        "PILOTHOUSE_ANTHROPIC_API_KEY": f" {SECRET}\n",
        "PILOTHOUSE_ANTHROPIC_API_KEY_FILE": str(tmp_path / "key"),
        "ANTHROPIC_API_KEY": "from elsewhere",
    }
    found = await Credentials(environ).lookup("anthropic-api-key")
    assert found.value.get_secret_value() == SECRET
    assert found.source == "environment variable PILOTHOUSE_ANTHROPIC_API_KEY"
    assert SECRET not in repr(found) + str(found) + found.model_dump_json()


async def test_a_file_named_by_a_variable_comes_second(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    environ = {"PILOTHOUSE_TOKEN": "  ", "PILOTHOUSE_TOKEN_FILE": str(tmp_path / "key")}
    found = await Credentials(environ).lookup("token")
    assert (found.value.get_secret_value(), found.source) == (SECRET, f"file {tmp_path / 'key'}")


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file"), (b"", "it is empty"), (b"\xff\xfe\xfd", "it is not text")]
)
async def test_a_named_file_that_gives_nothing_is_an_error_and_not_a_reason_to_look_elsewhere(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    environ = {"PILOTHOUSE_ANTHROPIC_API_KEY_FILE": str(file), "ANTHROPIC_API_KEY": "from elsewhere"}
    with pytest.raises(CredentialMissing, match=f"should be in {file}, but {why}"):
        await Credentials(environ).lookup("anthropic-api-key")


@pytest.mark.parametrize("name", ["", "Token", "a b", "../token", "token\n", "1token", "x" * 65])
async def test_a_name_that_could_not_be_a_variable_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a credential"):
        await Credentials({}).lookup(name)


def test_a_credentials_variable_is_its_name_in_capitals() -> None:
    assert variable("anthropic-api-key") == "PILOTHOUSE_ANTHROPIC_API_KEY"


@needs_a_secret_service
def test_the_real_keyring_keeps_replaces_lists_and_removes_a_credential(tmp_path: Path) -> None:
    said = in_a_secret_service(
        tmp_path,
        f"store token={SECRET}",
        "lookup token",
        f"store token=new-{SECRET}",
        "store api-key=other",
        "lookup token",
        "names",
        "delete token",
        "names",
        "lookup token",
        "delete token",
    )
    assert said == [
        "the keyring (SecretService)",
        f"{SECRET} from the keyring (SecretService)",
        "the keyring (SecretService)",
        "the keyring (SecretService)",
        f"new-{SECRET} from the keyring (SecretService)",
        "api-key token",
        "deleted",
        "api-key",
        "CredentialMissing: The credential token was not found. Set PILOTHOUSE_TOKEN, or PILOTHOUSE_TOKEN_FILE"
        " to a file that holds it, or store it with `pilothouse auth login token`.",
        "CredentialMissing: The keyring holds no credential token.",
    ]


@needs_a_secret_service
def test_what_the_real_keyring_keeps_outlives_the_session_and_is_nowhere_in_plain_text(
    tmp_path: Path,
) -> None:
    in_a_secret_service(tmp_path, f"store token={SECRET}")
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files, "the keyring wrote nothing"
    assert not any(SECRET.encode() in file.read_bytes() for file in files)
    assert in_a_secret_service(tmp_path, "lookup token") == [f"{SECRET} from the keyring (SecretService)"]


@needs_a_secret_service
def test_a_locked_keyring_is_told_in_a_sentence(tmp_path: Path) -> None:
    in_a_secret_service(tmp_path, f"store token={SECRET}")
    looked, stored = in_a_secret_service(tmp_path, "lookup token", "store token=x", unlock=False)
    assert looked.startswith("CredentialMissing: The credential token was not found. The keyring is locked.")
    assert stored.startswith("KeyringUnavailable: The keyring is locked. Unlock it")


@needs_a_secret_service
def test_a_plain_text_keyring_in_front_of_the_real_one_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "plain.json"
    file.write_text('{"pilothouse:credential:token": "planted"}')
    said = in_a_secret_service(
        tmp_path, f"plain {file}", "lookup token", f"store token={SECRET}", "lookup token"
    )
    assert said[1].startswith("CredentialMissing: ")
    assert said[2:] == ["the keyring (SecretService)", f"{SECRET} from the keyring (SecretService)"]
    assert SECRET not in file.read_text()


def test_without_a_keyring_the_sentence_names_the_variables_to_set(tmp_path: Path) -> None:
    stored, looked, named = obey(
        without_a_session(tmp_path), f"store token={SECRET}", "lookup token", "names"
    )
    assert stored == (
        "NoKeyring: This machine offers no keyring."
        " Set environment variables instead (PILOTHOUSE_<NAME> or PILOTHOUSE_<NAME>_FILE)."
    )
    assert looked == (
        "CredentialMissing: The credential token was not found. This machine offers no keyring."
        " Set PILOTHOUSE_TOKEN, or PILOTHOUSE_TOKEN_FILE to a file that holds it."
    )
    assert named == stored
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


async def test_a_plain_text_keyring_is_refused_before_anything_is_written(use: Use) -> None:
    use(Plain)
    with pytest.raises(NoKeyring, match=r"Plain\) is not known to encrypt"):
        await Credentials({}).store("token", SecretStr(SECRET))


async def test_the_null_keyring_counts_as_none(use: Use) -> None:
    use(keyring.backends.null.Keyring)
    with pytest.raises(NoKeyring):
        await Credentials({}).store("token", SecretStr(SECRET))


async def test_a_keyring_that_forgets_what_it_was_given_is_found_out_by_reading_back(use: Use) -> None:
    with pytest.raises(CredentialUnkept, match="did not give back the credential token") as caught:
        await use(Forgetful).store("token", SecretStr(SECRET))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("backend", "sentence"),
    [
        (Deaf, r"did not answer within 0\.2 seconds"),
        (Locked, "is locked"),
        (Failing, "failed: LookupError: object path"),
    ],
)
async def test_a_keyring_that_does_not_work_is_told_in_a_sentence_and_holds_nothing_up(
    backend: type[KeyringBackend], sentence: str, use: Use
) -> None:
    credentials = use(backend)
    with pytest.raises(KeyringUnavailable, match=sentence):
        await credentials.names()
    with pytest.raises(CredentialMissing, match=sentence):
        await credentials.lookup("token")
    found = await credentials.lookup("anthropic-api-key")
    assert (found.value.get_secret_value(), found.source) == (
        "from elsewhere",
        "environment variable ANTHROPIC_API_KEY",
    )


async def test_an_empty_credential_is_not_stored(use: Use) -> None:
    with pytest.raises(CredentialUnkept, match="is empty"):
        await use(Forgetful).store("token", SecretStr(""))


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    heavy = {"keyring", "textual", "rich", "anthropic", "boto3", "kubernetes", "agent", "tools"}
    program = (
        "import sys, memory.credentials, memory.journal, memory.sessions, memory.knowledge, memory.lease\n"
        f"print(*({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
