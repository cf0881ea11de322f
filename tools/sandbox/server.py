"""The HTTP side: from a request to an answer, with discovery, access checks and faults in between."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

import msgspec
from aiohttp import web
from pydantic import ValidationError

from tools.sandbox import openapi, reading, writing
from tools.sandbox.access import Access
from tools.sandbox.eviction import evict
from tools.sandbox.failure import (
    ApiFailure,
    bad_request,
    forbidden,
    group_down,
    method_not_allowed,
    no_such_path,
)
from tools.sandbox.faults import AskedRequest, Fault, Faults
from tools.sandbox.kubelet.kubelet import Kubelet
from tools.sandbox.manifest import Manifest
from tools.sandbox.metrics import metrics
from tools.sandbox.plane import ControlPlane
from tools.sandbox.pod_requests import logs
from tools.sandbox.request import ApiCall, body_of, target_of, verb_of
from tools.sandbox.scale import SCALED, scale_of
from tools.sandbox.watching import watch

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_HEALTH = ("/healthz", "/livez", "/readyz")
_REVIEWS = ("authorization.k8s.io", "authentication.k8s.io")
_LARGEST_BODY = 16 * 2**20
_CHANGING = ("create", "update", "patch", "delete", "deletecollection")


class Server:
    """Answers requests about one control plane.

    Args:
        plane: the control plane.
        kubelet: knows the logs.
    """

    def __init__(self, plane: ControlPlane, kubelet: Kubelet) -> None:
        self.faults = Faults()
        self._plane = plane
        self._kubelet = kubelet
        self._access = Access(plane)
        self._encode = msgspec.json.Encoder().encode

    def application(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/sandbox/{what:.*}", self._sandbox)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, http: web.Request) -> web.StreamResponse:
        try:
            return await self._public(http) or await self._api(http)
        except ApiFailure as failure:
            return self._failed(failure)

    async def _public(self, http: web.Request) -> web.StreamResponse | None:
        path = http.path.rstrip("/") or "/"
        kinds = self._plane.kinds
        parts = path.split("/")
        if len(parts) == 4 and parts[1] == "apis" and kinds.is_down(parts[2], parts[3]):
            raise group_down()
        if path in _HEALTH:
            return web.Response(text="ok")
        if path == "/version":
            return self._json(kinds.version)
        if path in kinds.aggregated and "as=APIGroupDiscoveryList" in http.headers.get("Accept", ""):
            return web.Response(
                body=self._encode(kinds.aggregated[path]),
                headers={"Content-Type": _AGGREGATED, "Vary": "Accept"},
            )
        if path in kinds.documents:
            return self._json(kinds.documents[path])
        if path == "/openapi/v3":
            return self._json(openapi.index(kinds))
        if path.startswith("/openapi/v3/"):
            described = openapi.describe(kinds, path.removeprefix("/openapi/v3/"))
            if described is not None:
                return self._json(described)
        if path == "/":
            return self._json({"paths": sorted([*kinds.documents, *_HEALTH, "/openapi/v3", "/version"])})
        return None

    async def _api(self, http: web.Request) -> web.StreamResponse:
        target = target_of(http.path, self._plane.kinds)
        user = self._access.identify(http.headers.get("Authorization", ""))
        groups = http.headers.getall("Impersonate-Group", [])
        user = self._access.impersonate(user, http.headers.get("Impersonate-User", ""), groups)
        verb = verb_of(http, target)
        body, content_type = await body_of(http)
        call = ApiCall(http, target, verb, user, body, content_type)
        fault = self._strike(call)
        answered: web.StreamResponse | None = None
        code, done = 500, False
        try:
            if fault is not None and fault.delay:
                await asyncio.sleep(fault.delay)
            if fault is not None and fault.disconnect == "before":
                code = 0
                return _cut(http)
            if fault is not None and fault.late and verb in _CHANGING:
                self._plane.timeline.after(fault.late, lambda: self._belatedly(call))
            if fault is not None and (failure := fault.failure()) is not None:
                raise failure
            if fault is not None and fault.body is not None:
                return web.Response(text=fault.body)
            if target.kind.group in _REVIEWS:
                return self._json(self._access.review(target.kind, dict(body or {}), user), 201)
            self._access.check(user, target.kind, call.deed)
            if fault is not None and verb in _CHANGING and (fault.lie or fault.late):
                answered = self._lie(call)
            else:
                before = self._plane.store.version
                answered = await self._perform(_robbed(call, fault))
                done = verb in _CHANGING and self._plane.store.version != before
            code = answered.status
            if fault is not None and fault.hold:
                await asyncio.sleep(fault.hold)
            if fault is not None and fault.warning and not answered.prepared:
                _warn(answered, fault.warning)
            if fault is not None and fault.disconnect == "after":
                return _cut(http)
            return answered
        except ApiFailure as failure:
            code = failure.code
            raise
        finally:
            self._note(call, code, done)

    async def _perform(self, call: ApiCall) -> web.StreamResponse:
        plane, sub = self._plane, call.target.subresource
        if call.kind.group == "metrics.k8s.io":
            return self._json(metrics(plane, call))
        if call.kind is plane.pods and sub == "log":
            return await logs(plane, self._kubelet, call)
        if call.kind is plane.pods and sub == "eviction":
            return self._write(call)
        if sub not in ("", "status", "scale") or (sub == "scale" and call.kind.plural not in SCALED):
            raise no_such_path()
        if sub and call.kind.custom is not None and (sub == "scale" or not call.kind.custom.status_apart):
            raise no_such_path()
        if call.verb == "watch":
            return await watch(plane, call)
        if call.verb == "list":
            return self._json(reading.list_(plane, call))
        if call.verb == "get":
            if sub == "scale":
                obj = plane.read(call.kind, call.target.namespace, call.target.name)
                return self._json(scale_of(call.kind, obj))
            return self._json(reading.get(plane, call))
        return self._write(call)

    def _write(self, call: ApiCall) -> web.Response:
        if call.kind is self._plane.pods and call.target.subresource == "eviction":
            return self._json(evict(self._plane, call), 201)
        if (
            call.kind.storage != (call.kind.group, call.kind.plural)
            or call.kind.api_version == "autoscaling/v1"
        ):
            raise method_not_allowed()  # another version of the kind takes the writes
        perform = {
            "create": writing.create,
            "update": writing.update,
            "patch": writing.patch,
            "delete": writing.delete,
            "deletecollection": writing.delete_collection,
        }[call.verb]
        outcome = perform(self._plane, call)
        response = self._json(outcome.document, outcome.code)
        for text in outcome.warnings:
            _warn(response, text)
        return response

    def _lie(self, call: ApiCall) -> web.StreamResponse:
        """Say that it was done. It was not, or not yet."""
        if call.target.name:
            with contextlib.suppress(ApiFailure):  # an apply may make what is not there yet
                return self._json(reading.get(self._plane, call))
        return self._json(dict(call.body) if isinstance(call.body, dict) else {}, 201)

    def _belatedly(self, call: ApiCall) -> None:
        try:
            before = self._plane.store.version
            code = self._write(call).status
            self._note(call, code, self._plane.store.version != before)
        except ApiFailure as failure:  # nobody is left to be told
            self._note(call, failure.code, False)

    def _strike(self, call: ApiCall) -> Fault | None:
        target = call.target
        return self.faults.strike(
            verb=call.verb,
            resource=call.deed.full_resource,
            namespace=target.namespace,
            name=call.object_name,
            user=call.user.name,
            dry_run=call.dry_run,
        )

    def _note(self, call: ApiCall, code: int, done: bool) -> None:
        if call.verb not in _CHANGING or call.kind.group in _REVIEWS:
            return
        target = call.target
        self.faults.asked.append(
            AskedRequest(
                verb=call.verb,
                path=call.http.path,
                resource=target.kind.resource,
                namespace=target.namespace,
                name=call.object_name,
                subresource=target.subresource,
                user=call.user.name,
                dry_run=call.dry_run,
                time=self._plane.stamp(),
                code=code,
                done=done and not call.dry_run,
            )
        )

    async def _sandbox(self, http: web.Request) -> web.StreamResponse:
        """The practice cluster's own controls: faults, the request log, forgetting the past."""
        try:
            user = self._access.identify(http.headers.get("Authorization", ""))
            if "system:masters" not in user.groups:
                raise forbidden(self._plane.pods, "", "the sandbox's own controls need the admin token")
            what, method = http.match_info["what"], http.method
            if what == "faults" and method == "POST":
                self.faults.add(Fault.model_validate_json(await http.read()))
            elif what == "faults" and method == "DELETE":
                self.faults.clear(http.query.get("user", ""))
            elif what == "requests" and method == "DELETE":
                self.faults.asked.clear()
            elif what == "compact" and method == "POST":
                self._plane.store.forget()
            elif method != "GET" or what not in ("faults", "requests"):
                raise no_such_path()
        except ValidationError as error:
            return self._failed(bad_request(str(error)))
        except ApiFailure as failure:
            return self._failed(failure)
        if what == "requests":
            return self._json({"requests": [entry.model_dump() for entry in self.faults.asked]})
        return self._json({"faults": [fault.model_dump() for fault in self.faults.active]})

    def _failed(self, failure: ApiFailure) -> web.Response:
        if failure.plain:
            return web.Response(text=f"{failure}\n", status=failure.code)
        response = self._json(failure.status, failure.code)
        seconds = failure.status["details"].get("retryAfterSeconds")
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response

    def _json(self, document: Manifest, code: int = 200) -> web.Response:
        return web.Response(body=self._encode(document), status=code, content_type="application/json")


def _warn(response: web.StreamResponse, text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    response.headers.add("Warning", f'299 - "{quoted}"')


def _robbed(call: ApiCall, fault: Fault | None) -> ApiCall:
    """The call as it arrives: without what a fault loses of it."""
    if fault is None or not fault.drop:
        return call
    return dataclasses.replace(call, body=fault.without_dropped(call.body))


def _cut(http: web.Request) -> web.StreamResponse:
    """Break the connection without an answer."""
    if http.transport is not None:
        http.transport.abort()
    raise ConnectionResetError("the practice cluster was told to break this connection")
