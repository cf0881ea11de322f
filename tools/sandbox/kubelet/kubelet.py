"""The pretend kubelet: pulls, starts, probes, restarts and ends containers.

It keeps no task per pod. What happens next to a container is one entry on the timeline, and a
container that simply runs has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.sandbox.controllers.manager import Manager
from tools.sandbox.kubelet.behaviour import ConfigMissing, Course, course_of, image_exists
from tools.sandbox.kubelet.logs import Run
from tools.sandbox.kubelet.pod_status import compose, container_id, fresh_container, image_id, waiting
from tools.sandbox.manifest import Manifest, deleting, dig, moment_of, name_of, namespace_of, stamp, uid_of
from tools.sandbox.plane import ControlPlane
from tools.sandbox.store import Change

_CREATE_SECONDS = 0.8
_CONFIG_RETRY_SECONDS = 10.0
_FIRST_BACKOFF = 10.0
_LONGEST_BACKOFF = 300.0
_FORGIVEN_AFTER = 600.0
_FINISHED = ("Succeeded", "Failed")


@dataclass(slots=True)
class _Container:
    """What the kubelet remembers about one container."""

    spec: Manifest
    step: int = 0
    failures: int = 0
    pulls: int = 0
    run: Run | None = None
    previous: Run | None = None


_Step = Callable[[Manifest, _Container], None]


class Kubelet:
    """Runs the containers of all pods that have a node.

    Args:
        plane: the control plane.
        manager: delivers the changes of pods.
    """

    def __init__(self, plane: ControlPlane, manager: Manager) -> None:
        self._plane = plane
        self._pods: dict[str, dict[str, _Container]] = {}
        manager.watch(self)

    def observe(self, change: Change) -> None:
        if change.kind != self._plane.pods.storage:
            return
        pod = change.obj
        if change.type == "DELETED":
            self._pods.pop(uid_of(pod), None)
        elif deleting(pod):
            if change.old is None or not deleting(change.old) or _grace(change.old) != _grace(pod):
                self._end(pod)
        elif dig(pod, "spec", "nodeName") and uid_of(pod) not in self._pods:
            self._begin(pod)
        elif change.old is not None and change.old["spec"] != pod["spec"]:
            self._respecify(pod)

    def adopt(self, pod: Manifest) -> None:
        """Take a pod that is already running, with its status set, without doing anything for it."""
        course = {c["name"]: course_of(self._plane, pod, c) for c in pod["spec"]["containers"]}
        started = moment_of(pod["status"]["startTime"])
        self._pods[uid_of(pod)] = {
            c["name"]: _Container(c, run=Run(f"{uid_of(pod)}/{c['name']}/0", started, course[c["name"]]))
            for c in pod["spec"]["containers"]
        }

    def runs(self, pod: Manifest, container: str) -> tuple[Run | None, Run | None]:
        """The present (or last) run of a container, and the one before it."""
        found = self._pods.get(uid_of(pod), {}).get(container)
        return (found.run, found.previous) if found else (None, None)

    def _begin(self, pod: Manifest) -> None:
        containers = pod["spec"]["containers"]
        self._pods[uid_of(pod)] = {entry["name"]: _Container(entry) for entry in containers}
        if dig(pod, "status", "phase") in _FINISHED:
            return
        self._write(pod, [fresh_container(entry) for entry in containers])
        for entry in containers:
            self._later(pod, entry["name"], _CREATE_SECONDS, self._pull)

    def _respecify(self, pod: Manifest) -> None:
        """A running pod got another image: its container is restarted."""
        for entry in pod["spec"]["containers"]:
            known = self._pods[uid_of(pod)].get(entry["name"])
            if known is not None and known.spec["image"] != entry["image"]:
                self._say(
                    pod,
                    "Normal",
                    "Killing",
                    f"Container {entry['name']} definition changed, will be restarted",
                    entry["name"],
                )
                known.spec, known.pulls = entry, 0
                self._later(pod, entry["name"], 1.0, self._pull)
            elif known is not None:
                known.spec = entry

    def _end(self, pod: Manifest) -> None:
        for entry in pod["spec"]["containers"]:
            self._say(pod, "Normal", "Killing", f"Stopping container {entry['name']}", entry["name"])
            self._forget_step(pod, entry["name"])
        seconds = min(float(_grace(pod)), 2.0)
        self._plane.timeline.after(seconds, lambda: self._gone(pod))

    def _gone(self, pod: Manifest) -> None:
        current = self._plane.current(self._plane.pods, pod)
        if current is None:
            return
        if current["metadata"].get("finalizers"):
            self._plane.timeline.after(1.0, lambda: self._gone(pod))
            return
        self._plane.store.remove(self._plane.pods, namespace_of(pod), name_of(pod))

    def _pull(self, pod: Manifest, container: _Container) -> None:
        name, image = container.spec["name"], container.spec["image"]
        if image_exists(image):
            if container.pulls or container.spec.get("imagePullPolicy") == "Always":
                self._say(pod, "Normal", "Pulling", f'Pulling image "{image}"', name)
                self._say(pod, "Normal", "Pulled", f'Successfully pulled image "{image}" in 1.204s', name)
            else:
                self._say(
                    pod, "Normal", "Pulled", f'Container image "{image}" already present on machine', name
                )
            container.pulls = 0
            self._start(pod, container)
            return
        why = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
        error = f"rpc error: code = NotFound desc = {why}"
        container.pulls += 1
        self._say(pod, "Normal", "Pulling", f'Pulling image "{image}"', name)
        self._say(pod, "Warning", "Failed", f'Failed to pull image "{image}": {error}', name)
        self._say(pod, "Warning", "Failed", "Error: ErrImagePull", name)
        self._set(pod, container, state=waiting("ErrImagePull", error), ready=False)
        self._later(pod, name, 3.0, self._back_off_pull)

    def _back_off_pull(self, pod: Manifest, container: _Container) -> None:
        name, image = container.spec["name"], container.spec["image"]
        self._say(pod, "Normal", "BackOff", f'Back-off pulling image "{image}"', name)
        self._say(pod, "Warning", "Failed", "Error: ImagePullBackOff", name)
        message = f'Back-off pulling image "{image}": ErrImagePull: image not found'
        self._set(pod, container, state=waiting("ImagePullBackOff", message), ready=False)
        self._later(pod, name, _back_off(container.pulls), self._pull)

    def _start(self, pod: Manifest, container: _Container) -> None:
        name = container.spec["name"]
        try:
            course = course_of(self._plane, pod, container.spec)
        except ConfigMissing as missing:
            self._say(pod, "Warning", "Failed", f"Error: {missing}", name)
            self._set(pod, container, state=waiting("CreateContainerConfigError", str(missing)), ready=False)
            self._later(pod, name, _CONFIG_RETRY_SECONDS, self._start)
            return
        restarts = self._restarts(pod, name) + (1 if container.run else 0)
        started = self._plane.timeline.now()
        container.previous = container.run
        container.run = Run(f"{uid_of(pod)}/{name}/{restarts}", started, course)
        self._say(pod, "Normal", "Created", f"Created container: {name}", name)
        self._say(pod, "Normal", "Started", f"Started container {name}", name)
        probed = bool(container.spec.get("readinessProbe"))
        self._set(
            pod,
            container,
            state={"running": {"startedAt": stamp(started)}},
            ready=not probed,
            started=True,
            restartCount=restarts,
            image=container.spec["image"],
            imageID=image_id(container.spec["image"]),
            containerID=container_id(pod, name, restarts),
        )
        if course.end != "runs":
            self._later(pod, name, course.seconds, self._stopped)
        elif probed:
            delay = float(container.spec["readinessProbe"].get("initialDelaySeconds", 0))
            self._later(pod, name, max(delay, course.traits.starts_in), self._probe)

    def _probe(self, pod: Manifest, container: _Container) -> None:
        course = container.run.course if container.run else None
        if course is None or not course.unready:
            self._set(pod, container, ready=True)
            return
        name = container.spec["name"]
        self._say(pod, "Warning", "Unhealthy", f"Readiness probe failed: {course.unready}", name)
        self._later(pod, name, float(container.spec["readinessProbe"].get("periodSeconds", 10)), self._probe)

    def _stopped(self, pod: Manifest, container: _Container) -> None:
        run = container.run
        if run is None:
            return
        name, course = container.spec["name"], run.course
        now = self._plane.timeline.now()
        run.finished, run.closing = now, list(course.closing)
        reason = (
            "OOMKilled"
            if course.end == "out of memory"
            else "Completed"
            if course.exit_code == 0
            else "Error"
        )
        ended = {
            "exitCode": course.exit_code,
            "reason": reason,
            "startedAt": stamp(run.started),
            "finishedAt": stamp(now),
            "containerID": container_id(pod, name, self._restarts(pod, name)),
        }
        self._set(pod, container, state={"terminated": ended}, ready=False, started=False)
        if not self._restarted(pod, course):
            return
        if (now - run.started).total_seconds() > _FORGIVEN_AFTER:
            container.failures = 0
        container.failures += 1
        if container.failures == 1:
            self._later(pod, name, 1.0, self._restart)
        else:
            self._later(pod, name, 1.0, self._back_off_restart)

    def _restarted(self, pod: Manifest, course: Course) -> bool:
        policy = dig(pod, "spec", "restartPolicy", default="Always")
        return policy == "Always" or (policy == "OnFailure" and course.exit_code != 0)

    def _back_off_restart(self, pod: Manifest, container: _Container) -> None:
        name = container.spec["name"]
        seconds = _back_off(container.failures - 1)
        called = f"{name_of(pod)}_{namespace_of(pod)}({uid_of(pod)})"
        message = f"back-off {_spoken(seconds)} restarting failed container={name} pod={called}"
        text = f"Back-off restarting failed container {name} in pod {called}"
        self._say(pod, "Warning", "BackOff", text, name)
        last = self._status_of(pod, name).get("state", {})
        self._set(pod, container, state=waiting("CrashLoopBackOff", message), lastState=last, ready=False)
        self._later(pod, name, seconds, self._restart)

    def _restart(self, pod: Manifest, container: _Container) -> None:
        state = self._status_of(pod, container.spec["name"]).get("state", {})
        if "terminated" in state:
            self._set(pod, container, lastState=state)
        self._pull(pod, container)

    def _later(self, pod: Manifest, name: str, seconds: float, step: _Step) -> None:
        """Take the next step of a container, unless another one came first or the pod is gone."""
        container = self._pods[uid_of(pod)][name]
        container.step += 1
        number = container.step

        def take() -> None:
            known = self._pods.get(uid_of(pod), {}).get(name)
            current = self._plane.current(self._plane.pods, pod)
            if known is container and known.step == number and current is not None and not deleting(current):
                step(current, container)

        self._plane.timeline.after(seconds, take)

    def _forget_step(self, pod: Manifest, name: str) -> None:
        if found := self._pods.get(uid_of(pod), {}).get(name):
            found.step += 1

    def _status_of(self, pod: Manifest, name: str) -> Manifest:
        current = self._plane.current(self._plane.pods, pod) or pod
        for entry in dig(current, "status", "containerStatuses", default=[]):
            if entry["name"] == name:
                return dict(entry)
        return {}

    def _restarts(self, pod: Manifest, name: str) -> int:
        return int(self._status_of(pod, name).get("restartCount", 0))

    def _set(self, pod: Manifest, container: _Container, **fields: object) -> None:
        current = self._plane.current(self._plane.pods, pod)
        if current is None:
            return
        name = container.spec["name"]
        statuses = [
            {**entry, **fields} if entry["name"] == name else entry
            for entry in dig(current, "status", "containerStatuses", default=[])
        ]
        self._write(current, statuses)

    def _write(self, pod: Manifest, statuses: list[Manifest]) -> None:
        node = self._plane.store.get(self._plane.nodes, "", pod["spec"]["nodeName"]) or {}
        addresses = dig(node, "status", "addresses", default=[])
        address = next((a["address"] for a in addresses if a["type"] == "InternalIP"), "127.0.0.1")
        current = self._plane.current(self._plane.pods, pod)
        if current is not None:
            status = compose(current, statuses, address, self._plane.stamp())
            self._plane.store.put(self._plane.pods, {**current, "status": status})

    def _say(self, pod: Manifest, type_: str, reason: str, message: str, container: str) -> None:
        field = f"spec.containers{{{container}}}"
        self._plane.events.record(pod, type_, reason, message, "kubelet", field)


def _grace(pod: Manifest) -> int:
    return int(pod["metadata"].get("deletionGracePeriodSeconds", 30))


def _back_off(failures: int) -> float:
    return min(_FIRST_BACKOFF * 2.0 ** max(0, min(failures, 10) - 1), _LONGEST_BACKOFF)


def _spoken(seconds: float) -> str:
    """A duration as Go prints it: 40s, 2m40s, 5m0s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
