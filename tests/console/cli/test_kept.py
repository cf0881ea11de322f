"""`locate`, `memory`, `auth`, `tools`, `doctor`: each end to end, in text and as a document."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.console.cli.running import Pilothouse

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: far
clusters: [{{name: far, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: me, user: {{token: secret}}}}]
contexts: [{{name: far, context: {{cluster: far, user: me}}}}]
"""


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_locate_names_every_place_and_makes_none(pilothouse: Pilothouse) -> None:
    places = pilothouse("locate", "--json").document["places"]
    assert {"config", "policy", "journal", "knowledge", "logs", "sandbox"} <= {p["name"] for p in places}
    assert not any(place["exists"] for place in places)
    assert not pilothouse.home.exists()


def test_locate_prints_one_path_for_a_script(pilothouse: Pilothouse) -> None:
    assert pilothouse("locate", "journal").out == f"{pilothouse.home}/data/journal.db\n"
    assert pilothouse("locate", "treasure", "--json").error["exit"] == 2


def test_home_option_wins_over_the_environment(pilothouse: Pilothouse, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert pilothouse("locate", "journal", "--home", str(other)).out == f"{other}/data/journal.db\n"


def test_what_is_remembered_is_found_and_forgotten(pilothouse: Pilothouse) -> None:
    added = pilothouse("memory", "add", "slow", "on", "Mondays", "--subject", "deployment/checkout", "--json")
    memory = added.document
    assert (memory["body"], memory["source"], memory["kind"]) == ("slow on Mondays", "said", "fact")
    pilothouse("memory", "add", "prefers", "terse", "answers", "--kind", "preference", "--scope", "staging")
    assert "deployment/checkout: slow on Mondays" in pilothouse("memory", "list").out
    found = pilothouse("memory", "list", "monday*", "mondays", "--json").document["memories"]
    assert [item["id"] for item in found] == [memory["id"]]
    staging = pilothouse("memory", "list", "--kind", "preference", "--scope", "staging", "--json").document
    assert [item["body"] for item in staging["memories"]] == ["prefers terse answers"]
    gone = pilothouse("memory", "forget", str(memory["id"]), "--json").document
    assert gone == {"forgotten": [memory["id"]]}
    again = pilothouse("memory", "forget", str(memory["id"]), "--json")
    assert (again.code, again.error["exit"]) == (1, 1)
    knowledge = (pilothouse.home / "data" / "knowledge.db").read_bytes()
    assert b"slow on Mondays" not in knowledge


def test_a_memory_is_edited_contradicted_rejected_and_shown_with_its_history(pilothouse: Pilothouse) -> None:
    first = pilothouse("memory", "add", "checkout is owned by payments", "--json").document["id"]
    second = pilothouse("memory", "add", "checkout is owned by billing", "--json").document
    assert second["replaces"] == first
    edited = pilothouse(
        "memory", "edit", str(second["id"]), "checkout is owned by shop", "--scope", "a/b", "--json"
    )
    new = edited.document["id"]
    shown = pilothouse("memory", "show", str(new), "--json").document
    assert [older["id"] for older in shown["history"]] == [second["id"], first]
    assert shown["where"] == {"user": "", "account": "", "cluster": "a", "namespace": "b"}
    text = pilothouse("memory", "show", str(new)).out
    assert "holds       a/b" in text and "checkout is owned by payments (contradicted" in text
    assert pilothouse("memory", "reject", str(new), "--reason", "moved", "--json").code == 0
    assert pilothouse("memory", "list", "--json").document == {"memories": []}
    assert len(pilothouse("memory", "list", "--status", "all", "--json").document["memories"]) == 3
    assert pilothouse("memory", "confirm", str(new), "--json").error["exit"] == 1


def test_memories_travel_as_a_file_and_arrive_as_proposals(pilothouse: Pilothouse, tmp_path: Path) -> None:
    pilothouse("memory", "add", "quota is 10 pods", "--scope", "staging")
    pilothouse("memory", "add", "cart is slow", "--scope", "prod")
    file = tmp_path / "ours.json"
    assert (
        pilothouse("memory", "export", "--scope", "staging", "-o", str(file), "--json").document["memories"]
        == 1
    )
    assert file.stat().st_mode & 0o077 == 0
    assert pilothouse("memory", "forget", "--scope", "staging", "--json").document == {"forgotten": [1]}
    brought = pilothouse("memory", "import", str(file), "--json").document["memories"]
    assert [(item["status"], item["source"], item["body"]) for item in brought] == [
        ("proposed", "imported", "quota is 10 pods")
    ]
    confirmed = pilothouse("memory", "confirm", str(brought[0]["id"]), "--json").document["memories"]
    assert confirmed[0]["status"] == "active"
    file.write_text("{}")
    assert pilothouse("memory", "import", str(file), "--json").code == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("memory", "forget"), 2),
        (("memory", "forget", "1", "--scope", "a"), 2),
        (("memory", "edit", "1"), 2),
        (("memory", "list", "--scope", "a b"), 2),
        (("memory", "show", "99"), 1),
        (("memory", "add", "scale without asking"), 3),
        (("memory", "export", "--as", "runbook"), 2),
    ],
)
def test_what_cannot_be_done_with_memory_says_so_with_its_code(
    pilothouse: Pilothouse, words: tuple[str, ...], code: int
) -> None:
    done = pilothouse(*words, "--json")
    assert (done.code, done.error["exit"]) == (code, code)


def test_tools_list_tells_versions_and_effects(pilothouse: Pilothouse) -> None:
    tools = {tool["id"]: tool for tool in pilothouse("tools", "list", "--json").document["tools"]}
    assert tools["kubernetes_scale@1"]["effect"] == "write"
    assert tools["kubernetes_delete@1"]["effect"] == "destructive"
    assert tools["kubernetes_list@1"]["effect"] == "read"
    assert "replicas" in tools["kubernetes_scale@1"]["args_schema"]["properties"]
    assert "kubernetes_scale@1" in pilothouse("tools").out


def test_without_a_keyring_a_secret_is_stored_nowhere(pilothouse: Pilothouse) -> None:
    done = pilothouse("auth", "login", "--json", stdin="sk-very-secret\n")
    assert (done.code, done.error["exit"]) == (5, 5)
    assert "environment variables" in done.error["hint"]
    assert "sk-very-secret" not in done.out + done.err
    kept = [path for path in pilothouse.home.rglob("*") if path.is_file()]
    assert not any(b"sk-very-secret" in path.read_bytes() for path in kept)


@pytest.mark.parametrize(
    ("words", "stdin"),
    [(["auth", "login"], ""), (["auth", "login", "Not A Name"], "x"), (["auth", "login", "1"], "")],
)
def test_a_login_with_nothing_to_store_is_a_usage_error(
    pilothouse: Pilothouse, words: list[str], stdin: str
) -> None:
    assert pilothouse(*words, "--json", stdin=stdin).error["exit"] == 2


def test_logout_of_what_is_not_there_says_so(pilothouse: Pilothouse) -> None:
    assert pilothouse("auth", "logout", "--json").error["exit"] == 5


def test_auth_list_tells_where_a_key_comes_from_and_never_the_key(pilothouse: Pilothouse) -> None:
    done = pilothouse("auth", "list", "--json", ANTHROPIC_API_KEY="sk-very-secret")
    [item] = done.document["credentials"]
    assert item == {"name": "anthropic-api-key", "source": "environment variable ANTHROPIC_API_KEY"}
    assert "sk-very-secret" not in done.out + done.err


def test_doctor_says_what_is_missing_and_how_to_mend_it(pilothouse: Pilothouse) -> None:
    done = pilothouse("doctor", "--json", TERM="dumb")
    checks = {check["name"]: check for check in done.document["checks"]}
    assert done.code == 0 and done.document["ok"]
    assert checks["home"]["state"] == checks["journal"]["state"] == "ok"
    assert (
        checks["keyring"]["state"] == checks["model"]["state"] == checks["kubeconfig"]["state"] == "missing"
    )
    assert all(check["mend"] for check in checks.values() if check["state"] in ("missing", "broken"))
    assert "SQLite" in checks["journal"]["detail"]
    assert checks["terminal"]["state"] == "warn"


def test_doctor_tells_a_cluster_that_does_not_answer(pilothouse: Pilothouse, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG.format(port=closed_port()))
    checks = pilothouse("doctor", "--json", KUBECONFIG=str(file)).document["checks"]
    [context] = [check for check in checks if check["name"].startswith("context far")]
    assert context["state"] == "warn"
    assert "cannot be reached" in context["detail"]


def test_doctor_fails_when_a_part_is_broken(pilothouse: Pilothouse) -> None:
    settings = pilothouse.home / "config" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[model]\ncolour = 'red'\n")
    done = pilothouse("doctor", "--json")
    assert done.code == 1
    [broken] = [check for check in done.document["checks"] if check["state"] == "broken"]
    assert broken["name"] == "settings"
    assert "model.colour" in broken["detail"]


def test_doctor_closes_a_home_that_stood_open(pilothouse: Pilothouse) -> None:
    data = pilothouse.home / "data"
    data.mkdir(parents=True)
    data.chmod(0o755)
    checks = {check["name"]: check for check in pilothouse("doctor", "--json").document["checks"]}
    assert checks["home"]["state"] == "warn"
    assert data.stat().st_mode & 0o777 == 0o700


def test_a_home_that_cannot_be_made_is_a_sentence(pilothouse: Pilothouse, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for words in (["sessions", "list"], ["memory", "list"], ["doctor"]):
        done = pilothouse(*words, "--json", "--home", str(tmp_path / "file" / "home"))
        assert done.code == 1
        assert "cannot be used" in done.out
        assert "Traceback" not in done.err


def test_no_cluster_and_unreachable_are_told_apart_from_a_bad_request(
    pilothouse: Pilothouse, tmp_path: Path
) -> None:
    scale = ("plan", "scale checkout in staging to 3", "--json")
    assert pilothouse(*scale).error["exit"] == 5
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG.format(port=closed_port()))
    away = pilothouse(*scale, KUBECONFIG=str(file))
    assert (away.code, away.error["exit"]) == (5, 5)
    assert "cannot be reached" in away.error["sentence"]
    unknown = pilothouse(*scale, "--context", "nowhere", KUBECONFIG=str(file))
    assert (unknown.code, unknown.error["exit"]) == (5, 5)
    assert "nowhere" in unknown.error["sentence"]


def test_a_request_that_needs_a_model_says_how_to_get_one(pilothouse: Pilothouse) -> None:
    done = pilothouse("ask", "what", "is", "the", "meaning", "of", "it", "--json")
    assert (done.code, done.error["exit"]) == (5, 5)
    assert "pilothouse auth login" in done.error["hint"]
    assert done.document["session"]


def test_an_empty_request_is_a_usage_error(pilothouse: Pilothouse) -> None:
    assert pilothouse("ask", "  ", "--json").error["exit"] == 2
    assert pilothouse("plan", "-", "--json", stdin="\n").error["exit"] == 2


def test_a_procedure_travels_as_a_runbook_file_and_decisions_stand_in_the_audit_log(
    pilothouse: Pilothouse, tmp_path: Path
) -> None:
    file = tmp_path / "warm-up.yaml"
    file.write_text(
        "name: warm-up\nsummary: Look at the pods of a place\ntriggers: ['warm up {name}']\n"
        "phrase: warm up {name}\nparameters: {name: {type: name}}\ngoal: Warm up {name}\n"
        "steps: [{id: s1, tool: kubernetes_list, args: {kind: pods, namespace: '{name}'}}]\n"
    )
    [brought] = pilothouse("memory", "import", str(file), "--json").document["memories"]
    assert (brought["kind"], brought["status"], brought["subject"]) == ("procedure", "proposed", "warm-up")
    number = str(brought["id"])
    assert pilothouse("memory", "confirm", number).code == 0
    assert "phrase: warm up {name}" in pilothouse("memory", "export", number, "--as", "runbook").out
    assert [one["id"] for one in pilothouse("memory", "search", "warm", "--json").document["memories"]] == [1]
    why = pilothouse("memory", "why", number, "--json").document
    assert len(why["decisions"]) == 1 and "memory-1 confirmed" in why["decisions"][0]
    assert pilothouse("memory", "forget", number).code == 0
    shown = pilothouse("audit", "show").out
    assert "decided about memories 1 → confirmed" in shown and "→ forgotten" in shown
    file.write_text("name: 3")
    assert pilothouse("memory", "import", str(file), "--json").error["exit"] == 1
    assert pilothouse("memory", "why", "77", "--json").error["exit"] == 1
