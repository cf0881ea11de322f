"""kubernetes_set_env: the environment variables of a container. Secret values are pointed at, never told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from tools.errors import Invalid
from tools.kubernetes.fields import Json, mapping, mappings, text, value
from tools.kubernetes.finding import Target
from tools.kubernetes.masking import shown
from tools.kubernetes.writes.container_change import ContainerArgs, ContainerChange
from tools.kubernetes.writes.containers import Container
from tools.redaction.names import secret_name
from tools.tool import Arguments, Call, Name, Preview
from tools.tricks import FREE_TEXT

Variable = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z_.-][A-Za-z0-9_.-]*$")]


class KeyOf(Arguments):
    """One key of a Secret or a ConfigMap in the workload's namespace."""

    name: Name
    key: Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9._-]+$")]


class SetEnvArgs(ContainerArgs):
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


class KubernetesSetEnv(ContainerChange[SetEnvArgs]):
    """Sets and removes single variables, which starts a rollout."""

    name = "kubernetes_set_env"
    summary = "Set or remove environment variables of a container; secrets by reference only."
    Args = SetEnvArgs

    def check(self, args: SetEnvArgs, target: Target) -> None:
        _check(args, target)

    def patch(self, container: Container, args: SetEnvArgs) -> list[JsonValue]:
        wanted = _wanted(args)
        kept: list[JsonValue] = []
        for entry in mappings(container.spec, "env"):
            name = text(entry, "name")
            new = wanted.pop(name, entry)
            if new is not None:
                kept.append(entry if _same(entry, new) else new)
        return container.replacing("env", [*kept, *(entry for entry in wanted.values() if entry is not None)])

    def recorded(self, container: Container, args: SetEnvArgs) -> tuple[Json, tuple[str, ...]]:
        former = {name: _recorded(_variable(container, name)) for name in _named(args)}
        lost = [name for name, entry in former.items() if entry == _UNRECORDED]
        unseen = f"Undo cannot restore {', '.join(lost)}: what it is now is not recorded."
        return {"variables": {**former}}, (unseen,) if lost else ()

    def wrong(self, container: Container, args: SetEnvArgs) -> list[str]:
        wanted = _wanted(args).items()
        return [name for name, entry in wanted if not _same(_variable(container, name), entry)]

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
