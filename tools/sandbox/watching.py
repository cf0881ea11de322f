"""Watches: what is there, then what changes, as one JSON document per line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from aiohttp import web

from tools.sandbox import shapes
from tools.sandbox.failure import ApiFailure, bad_request
from tools.sandbox.manifest import Manifest, labels_of, name_of, namespace_of
from tools.sandbox.plane import ControlPlane
from tools.sandbox.request import ApiCall
from tools.sandbox.selectors import parse_fields, parse_labels
from tools.sandbox.store import Change

_DEFAULT_SECONDS = 1800.0
_BOOKMARK_SECONDS = 60.0
_LAGGING = 50_000
_INITIAL_END = {"k8s.io/initial-events-end": "true"}


async def watch(plane: ControlPlane, call: ApiCall) -> web.StreamResponse:
    """Answer a watch until its time is over, the client goes, or the cluster stops."""
    stream = _Stream(plane, call)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    queue: asyncio.Queue[Change] = asyncio.Queue()
    # Listening starts before the past is read, and nothing awaits in between: no change is lost.
    plane.store.listen(queue.put_nowait)
    try:
        past = stream.beginning()
        await response.prepare(call.http)
        if past:
            await response.write(past)
        if not stream.over:
            await _follow(stream, response, queue, float(call.number("timeoutSeconds") or _DEFAULT_SECONDS))
    except ConnectionError:
        pass  # the client went away
    finally:
        plane.store.unlisten(queue.put_nowait)
    return response


async def _follow(
    stream: _Stream, response: web.StreamResponse, queue: asyncio.Queue[Change], seconds: float
) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not stream.over and (left := end - loop.time()) > 0:
        try:
            # Not wait_for: on Python 3.11 it can swallow a cancellation, and the server never ends.
            async with asyncio.timeout(min(left, _BOOKMARK_SECONDS)):
                changes = [await queue.get()]
        except TimeoutError:
            if bookmark := stream.bookmark():
                await response.write(bookmark)
            continue
        while not queue.empty():
            changes.append(queue.get_nowait())
        if len(changes) > _LAGGING:
            return
        lines = b"".join(map(stream.line_of, changes))
        if lines:
            await response.write(lines)


class _Stream:
    """What one watch sees of the cluster, as bytes."""

    def __init__(self, plane: ControlPlane, call: ApiCall) -> None:
        self.over = False
        self._plane = plane
        self._call = call
        self._sent_columns = False
        self._encode = msgspec.json.Encoder().encode
        query = call.http.query
        self._labels = parse_labels(query.get("labelSelector", ""))
        self._fields: Callable[[Manifest], bool] = parse_fields(query.get("fieldSelector", ""), call.kind)

    def beginning(self) -> bytes:
        """The lines before the first live change. Raises `ApiFailure` for a version that is no number."""
        version = self._call.http.query.get("resourceVersion", "")
        initial = self._call.http.query.get("sendInitialEvents")
        wants_initial = self._call.flag("sendInitialEvents")
        if wants_initial or (version in ("", "0") and initial is None):
            store = self._plane.store
            objects = store.sorted(self._call.kind, self._call.target.namespace)
            lines = [self._line("ADDED", obj) for obj in objects if self._sees(obj)]
            if wants_initial:
                lines.append(self._bookmark_line(_INITIAL_END))
            return b"".join(lines)
        if not version.isdigit():
            raise bad_request(f'strconv.ParseUint: parsing "{version}": invalid syntax')
        try:
            return b"".join(map(self.line_of, self._plane.store.since(int(version))))
        except ApiFailure as failure:
            self.over = True
            return self._encode({"type": "ERROR", "object": failure.status}) + b"\n"

    def bookmark(self) -> bytes:
        return self._bookmark_line({}) if self._call.flag("allowWatchBookmarks") else b""

    def line_of(self, change: Change) -> bytes:
        """A change as this watch sees it: an object that starts to match is added, one that stops is deleted."""
        if change.kind != self._call.kind.storage:
            return b""
        before = change.old is not None and self._sees(change.old)
        after = change.type != "DELETED" and self._sees(change.obj)
        if before and not after:
            return self._line("DELETED", change.obj)
        if before:
            return self._line("MODIFIED", change.obj)
        return self._line("ADDED", change.obj) if after else b""

    def _sees(self, obj: Manifest) -> bool:
        target = self._call.target
        if target.namespace and namespace_of(obj) != target.namespace:
            return False
        if target.name and name_of(obj) != target.name:
            return False
        return self._labels(labels_of(obj)) and self._fields(obj)

    def _line(self, type_: str, obj: Manifest) -> bytes:
        call = self._call
        try:
            shaped = shapes.one(call.kind, obj, call.form, call.include, self._plane.timeline.now())
        except ApiFailure as failure:  # it cannot be converted: the watch ends with that
            self.over = True
            return self._encode({"type": "ERROR", "object": failure.status}) + b"\n"
        if call.form == "table":
            if self._sent_columns:
                shaped["columnDefinitions"] = None
            self._sent_columns = True
        return self._encode({"type": type_, "object": shaped}) + b"\n"

    def _bookmark_line(self, annotations: dict[str, str]) -> bytes:
        kind = self._call.kind
        metadata: Manifest = {"resourceVersion": str(self._plane.store.version), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        bare: Manifest = {"kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata}
        if self._call.form == "table":
            table = shapes.table(
                kind, [], {"resourceVersion": metadata["resourceVersion"]}, "None", self._plane.timeline.now()
            )
            bare = {**table, "rows": [{"cells": [], "object": bare}], "columnDefinitions": None}
        return self._encode({"type": "BOOKMARK", "object": bare}) + b"\n"
