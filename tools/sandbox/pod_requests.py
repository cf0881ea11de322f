"""The request only pods know: their logs."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from aiohttp import web

from tools.sandbox.failure import bad_request
from tools.sandbox.kubelet.kubelet import Kubelet
from tools.sandbox.kubelet.logs import Run, written_time
from tools.sandbox.manifest import Manifest, dig, moment_of, name_of
from tools.sandbox.plane import ControlPlane
from tools.sandbox.request import ApiCall

_POLL_SECONDS = 0.5


async def logs(plane: ControlPlane, kubelet: Kubelet, call: ApiCall) -> web.StreamResponse:
    """The log of one container. Raises `ApiFailure` (400, 404)."""
    pod = plane.read(call.kind, call.target.namespace, call.target.name)
    container = _chosen(call, pod)
    run = _run(kubelet, pod, container, previous=call.flag("previous"))
    now = plane.timeline.now()
    after = _start(call, now)
    lines = run.lines(now, after)
    tail = call.number("tailLines")
    if tail is not None:
        lines = lines[-tail:] if tail > 0 else []
    stamped = call.flag("timestamps")
    text = _text(lines, stamped)
    limit = call.number("limitBytes")
    if limit is not None:
        text = text[:limit]
    if not call.flag("follow"):
        return web.Response(body=text, content_type="text/plain")
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    await response.prepare(call.http)
    try:
        if text:
            await response.write(text)
        while run.finished is None and plane.current(plane.pods, pod) is not None:
            await asyncio.sleep(_POLL_SECONDS)
            then, now = now, plane.timeline.now()
            if fresh := run.lines(now, then):
                await response.write(_text(fresh, stamped))
    except ConnectionError:
        pass  # the reader went away
    return response


def _chosen(call: ApiCall, pod: Manifest) -> str:
    names = [entry["name"] for entry in pod["spec"]["containers"]]
    asked = call.http.query.get("container")
    if asked is None:
        if len(names) > 1:
            choices = " ".join(names)
            raise bad_request(
                f"a container name must be specified for pod {name_of(pod)}, choose one of: [{choices}]"
            )
        return str(names[0])
    if asked not in names:
        raise bad_request(f"container {asked} is not valid for pod {name_of(pod)}")
    return asked


def _run(kubelet: Kubelet, pod: Manifest, container: str, *, previous: bool) -> Run:
    current, earlier = kubelet.runs(pod, container)
    statuses = dig(pod, "status", "containerStatuses", default=[])
    waiting = next(
        (
            dig(entry, "state", "waiting", "reason", default="")
            for entry in statuses
            if entry["name"] == container
        ),
        "ContainerCreating",
    )
    if previous:
        ended = current if current is not None and current.finished else earlier
        if ended is None:
            raise bad_request(
                f'previous terminated container "{container}" in pod "{name_of(pod)}" not found'
            )
        return ended
    if current is None:
        if not dig(pod, "spec", "nodeName"):
            raise bad_request(f"pod {name_of(pod)} does not have a host assigned")
        why = "trying and failing to pull image" if "Image" in waiting else waiting or "ContainerCreating"
        raise bad_request(f'container "{container}" in pod "{name_of(pod)}" is waiting to start: {why}')
    return current


def _start(call: ApiCall, now: datetime) -> datetime | None:
    seconds, since = call.number("sinceSeconds"), call.http.query.get("sinceTime")
    if seconds is not None:
        return now - timedelta(seconds=seconds)
    if since:
        try:
            return moment_of(since)
        except ValueError:
            raise bad_request(f'parsing time "{since}" as RFC 3339 failed') from None
    return None


def _text(lines: list[tuple[datetime, str]], stamped: bool) -> bytes:
    return "".join(f"{written_time(at)} {line}\n" if stamped else f"{line}\n" for at, line in lines).encode()
