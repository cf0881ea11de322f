from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "tools.sandbox.cluster", "--exit-with-stdin", "--speed", "20"]
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.timeout(60)
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


def start(folder: Path) -> subprocess.Popen[bytes]:
    """A practice cluster of its own, once it answers."""
    ready = folder / "ready.json"
    process = subprocess.Popen(
        [*COMMAND, "--ready-file", str(ready), "--kubeconfig", str(folder / "kubeconfig")],
        stdin=subprocess.PIPE,
        cwd=ROOT,
    )
    while not ready.exists():
        assert process.poll() is None, "the practice cluster ended before it was ready"
        time.sleep(0.02)
    return process


def test_the_process_ends_when_its_stdin_closes(tmp_path: Path) -> None:
    process = start(tmp_path)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=20) == 0


def test_the_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    # The parent starts the cluster with a pipe as stdin, writes its pid and is killed without warning.
    program = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen({COMMAND!r} + ['--ready-file', sys.argv[1]], stdin=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    ready = tmp_path / "ready.json"
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(ready)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    while not ready.exists():
        assert parent.poll() is None
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    state = Path(f"/proc/{child}/stat")
    while state.exists() and state.read_text().split()[2] != "Z":
        time.sleep(0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    found = tmp_path_factory.mktemp("kubectl")
    process = start(found)
    yield found
    process.communicate()


def test_the_kubeconfig_is_for_its_owner_alone_and_on_loopback(folder: Path) -> None:
    assert (folder / "kubeconfig").stat().st_mode & 0o077 == 0
    assert json.loads((folder / "ready.json").read_text())["url"].startswith("https://127.0.0.1:")


def kubectl(folder: Path, *words: str, code: int = 0, stdin: str = "") -> str:
    """What kubectl says, in a home of its own."""
    done = subprocess.run(
        ["kubectl", f"--kubeconfig={folder / 'kubeconfig'}", *words],
        env={"HOME": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@needs_kubectl
def test_kubectl_lists_and_describes(folder: Path) -> None:
    listed = kubectl(folder, "get", "pods", "-A")
    assert "CrashLoopBackOff" in listed and "shop-production" in listed
    described = kubectl(folder, "describe", "deployment/search", "-n", "shop-production")
    assert "ProgressDeadlineExceeded" in described
    assert "registry.shop.example/shop/search:4.1.0" in described


@needs_kubectl
def test_kubectl_scales_and_waits_for_the_rollout(folder: Path) -> None:
    kubectl(folder, "scale", "deploy/checkout", "-n", "shop-staging", "--replicas=3")
    status = kubectl(folder, "rollout", "status", "deploy/checkout", "-n", "shop-staging", "--timeout=20s")
    assert "successfully rolled out" in status


@needs_kubectl
def test_kubectl_heals_payments_by_going_back(folder: Path) -> None:
    assert "DATABASE_URL is not set" in kubectl(
        folder, "logs", "-n", "payments", "deploy/payments", "--previous"
    )
    kubectl(folder, "rollout", "undo", "deploy/payments", "-n", "payments")
    kubectl(folder, "rollout", "status", "deploy/payments", "-n", "payments", "--timeout=25s")
    history = kubectl(folder, "rollout", "history", "deploy/payments", "-n", "payments")
    assert "retry webhooks" in history and "move to DATABASE_URL" in history


@needs_kubectl
def test_kubectl_sets_an_image_and_pods_follow(folder: Path) -> None:
    image = "registry.shop.example/shop/recommendations:0.9.4"
    kubectl(
        folder, "set", "image", "deploy/recommendations", "-n", "shop-production", f"recommendations={image}"
    )
    kubectl(folder, "rollout", "status", "deploy/recommendations", "-n", "shop-production", "--timeout=25s")


@needs_kubectl
def test_kubectl_applies_on_the_server_without_changing_anything(folder: Path) -> None:
    manifest = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "new", "namespace": "shop-dev"},
            "data": {"a": "b"},
        }
    )
    words = ("apply", "--server-side", "--dry-run=server", "-f", "-")
    assert "serverside-applied (server dry run)" in kubectl(folder, *words, stdin=manifest)
    assert "NotFound" in kubectl(folder, "get", "configmap", "new", "-n", "shop-dev", code=1)


@needs_kubectl
def test_kubectl_reads_metrics_and_deletes_pods(folder: Path) -> None:
    assert "node-a" in kubectl(folder, "top", "nodes")
    assert "MEMORY" in kubectl(folder, "top", "pods", "-n", "shop-production")
    assert "deleted" in kubectl(folder, "delete", "pod", "postgres-0", "-n", "shop-dev")


@needs_kubectl
def test_kubectl_learns_what_the_viewer_may_do(folder: Path) -> None:
    viewer = "--context=sandbox-viewer"
    assert kubectl(folder, "auth", "can-i", "list", "pods", viewer).strip() == "yes"
    assert kubectl(folder, "auth", "can-i", "delete", "pods", viewer, code=1).strip() == "no"
    denied = kubectl(folder, "delete", "deploy", "cart", "-n", "shop-dev", viewer, code=1)
    assert 'User "sandbox-viewer" cannot delete resource "deployments"' in denied
