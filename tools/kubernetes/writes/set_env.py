"""kubernetes_set_env: the environment variables of a container. Secret values are pointed at, never told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json, mapping, mappings, text, value
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.masking import secret_name, shown
from tools.kubernetes.objects import changes
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.containers import ROLLED_OUT, Container, ContainerName, container_of
from tools.kubernetes.writes.writing import JSON_PATCH, Written, at_version, perform, preview_of, rehearse
from tools.tool import (
    Arguments,
    Call,
    Name,
    Observation,
    OptionalNamespace,
    Preview,
    Scope,
    Verdict,
    WriteTool,
)
from tools.tricks import FREE_TEXT

Variable = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z_.-][A-Za-z0-9_.-]*$")]


class KeyOf(Arguments):
    """One key of a Secret or a ConfigMap in the workload's namespace."""

    name: Name
    key: Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9._-]+$")]


class SetEnvArgs(Arguments):
    kind: Kind = "deployment"
    name: Name
    namespace: OptionalNamespace = ""
    container: ContainerName = ""
    set: Annotated[
        dict[Variable, str],
        Field(description="Plain values; none for what looks like a secret."),
        FREE_TEXT,
    ] = {}
    from_secret: Annotated[
        dict[Variable, KeyOf], Field(description="Variables that get the value of a Secret's key.")
    ] = {}
    from_config_map: dict[Variable, KeyOf] = {}
    from_field: Annotated[
        dict[Variable, str], Field(description="Fields of the pod itself, such as status.podIP.")
    ] = {}
    remove: tuple[Variable, ...] = ()


class KubernetesSetEnv(OnClusters, WriteTool[SetEnvArgs, Written]):
    """Sets and removes single variables, which starts a rollout."""

    name = "kubernetes_set_env"
    summary = "Set or remove environment variables of a container; secrets by reference only."
    Args = SetEnvArgs
    Output = Written

    async def run(self, args: SetEnvArgs, scope: Scope) -> Written:
        target = await self._workload(args, scope)
        current = await target.read()
        patch = at_version(_patch(container_of(target, current, args.container), args), current)
        return await perform(target, "PATCH", patch, content_type=JSON_PATCH)

    async def preview(self, args: SetEnvArgs, scope: Scope) -> Preview:
        target = await self._workload(args, scope)
        current = await target.read()
        container = container_of(target, current, args.container)
        answer = await rehearse(target, "PATCH", _patch(container, args), content_type=JSON_PATCH)
        former = {name: _recorded(_variable(container, name)) for name in _named(args)}
        lost = [name for name, entry in former.items() if entry == _UNRECORDED]
        unseen = f"Undo cannot restore {', '.join(lost)}: what it is now is not recorded."
        before: Json = {"container": container.name, "variables": {**former}}
        warnings = answer.warnings + ((unseen,) if lost else ())
        changed = changes(current, answer.json())
        return await preview_of(
            target, current, changed, before=before, warnings=warnings, content=answer.content
        )

    async def observe(self, args: SetEnvArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._workload(args, scope)
        try:
            current = await target.read()
            container = container_of(target, current, args.container)
        except (NotFound, Invalid) as error:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=error.message, applied=False)
        wrong = [
            name for name, entry in _wanted(args).items() if not _same(_variable(container, name), entry)
        ]
        if wrong:
            detail = f"Container {container.name} of {target} does not have {', '.join(wrong)} as asked for."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        return (await progress(target.cluster, current)).model_copy(update={"applied": True})

    def undo(self, args: SetEnvArgs, preview: Preview) -> Call | None:
        """The former variables, unless one of them was a secret in plain text, which nobody wrote down."""
        former = mapping(dict(preview.before), "variables")
        if not preview.changes or _UNRECORDED in former.values():
            return None
        back: Json = {
            "kind": args.kind,
            "name": args.name,
            "namespace": preview.before.get("namespace", ""),
            "container": preview.before.get("container", ""),
            "set": {name: text(entry, "value") for name, entry in former.items() if _is_plain(entry)},
            "remove": [name for name, entry in former.items() if entry is None],
        }
        for argument, reference in _REFERENCES.items():
            found = {name: mapping(entry, "valueFrom", reference) for name, entry in former.items()}
            back[argument] = {
                name: {"name": text(entry, "name"), "key": text(entry, "key")}
                for name, entry in found.items()
                if entry
            }
        fields = {name: text(entry, "valueFrom", "fieldRef", "fieldPath") for name, entry in former.items()}
        back["from_field"] = {name: path for name, path in fields.items() if path}
        return Call(tool=self.id, args=back)

    async def _workload(self, args: SetEnvArgs, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        target.must_allow(*ROLLED_OUT)
        _check(args, target)
        return target


_UNRECORDED = "not recorded"
_REFERENCES = {"from_secret": "secretKeyRef", "from_config_map": "configMapKeyRef"}


def _check(args: SetEnvArgs, target: Target) -> None:
    names = _named(args)
    if not names:
        raise Invalid(f"It is not said which variables of {target} to set or remove.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Invalid(f"{', '.join(twice)} cannot be set or removed in two ways at once.")
    secret = sorted(name for name, given in args.set.items() if secret_name(name) or shown(given) != given)
    if secret:
        raise Invalid(
            f"{', '.join(secret)} would hold a secret in plain text, which the plan and the journal would keep.",
            hint="Put the value into a Secret, and name its key in `from_secret`.",
        )


def _named(args: SetEnvArgs) -> list[str]:
    return [*args.set, *args.from_secret, *args.from_config_map, *args.from_field, *args.remove]


def _wanted(args: SetEnvArgs) -> dict[str, Json | None]:
    """The entries the variables shall have; None for none."""
    found: dict[str, Json | None] = {name: {"name": name, "value": given} for name, given in args.set.items()}
    for references, kind in ((args.from_secret, "secretKeyRef"), (args.from_config_map, "configMapKeyRef")):
        for name, reference in references.items():
            source: Json = {kind: {"name": reference.name, "key": reference.key}}
            found[name] = {"name": name, "valueFrom": source}
    for name, path in args.from_field.items():
        found[name] = {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
    return {**found, **dict.fromkeys(args.remove)}


def _patch(container: Container, args: SetEnvArgs) -> list[JsonValue]:
    wanted = _wanted(args)
    kept: list[JsonValue] = []
    for entry in mappings(container.spec, "env"):
        name = text(entry, "name")
        new = wanted.pop(name, entry)
        if new is not None:
            kept.append(entry if _same(entry, new) else new)
    return container.replacing("env", [*kept, *(entry for entry in wanted.values() if entry is not None)])


def _variable(container: Container, name: str) -> Json | None:
    found = [entry for entry in mappings(container.spec, "env") if text(entry, "name") == name]
    return found[-1] if found else None


def _same(present: Json | None, wanted: Json | None) -> bool:
    """Whether they mean the same; the server adds details such as a fieldRef's apiVersion."""
    return (None if present is None else _meaning(present)) == (None if wanted is None else _meaning(wanted))


def _meaning(entry: Json) -> tuple[str, ...]:
    source = mapping(entry, "valueFrom")
    for kind in _REFERENCES.values():
        if kind in source:
            return kind, text(source, kind, "name"), text(source, kind, "key")
    if "fieldRef" in source:
        return "fieldRef", text(source, "fieldRef", "fieldPath")
    return "value" if not source else str(source), text(entry, "value")


def _is_plain(entry: object) -> bool:
    return isinstance(entry, dict) and "valueFrom" not in entry


def _recorded(entry: Json | None) -> Json | str | None:
    """What undo needs of a variable: itself, unless it is a secret or of a kind no argument can name."""
    if entry is None:
        return None
    known = {*_REFERENCES.values(), "fieldRef"}
    source = mapping(entry, "valueFrom")
    optional = any(value(source, kind, "optional") is not None for kind in known)
    if (source and not known & source.keys()) or optional:
        return _UNRECORDED
    return entry if shown(entry) == entry else _UNRECORDED
