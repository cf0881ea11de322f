"""From words to things: which workload, which namespaces, which number an operator meant.

Names are looked up in the world, never guessed. One match is taken, none is a sentence with near
names, several are a question with choices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, JsonValue

from agent.mentions import mention_of
from agent.reading import Reader
from agent.runbooks.runbook import Parameter, Runbook
from agent.runbooks.triggers import number
from agent.touching import kind_word
from tools.errors import NotFound
from tools.kubernetes.finding import working_namespace
from tools.tool import Call, Preview, Scope

Value = JsonValue
SCALABLE = ("deployment", "statefulset")
"""Kinds that are found by name alone; any other has to be named with its kind."""

BeforeStop = Callable[[str], Awaitable[Preview | None]]
"""What was recorded of an object (`deployment/checkout in shop-dev`) before a plan stopped it."""


class Ambiguous(Exception):
    """Several things fit; `choices` are (label, whole request said unambiguously)."""

    def __init__(self, question: str, choices: tuple[tuple[str, str], ...]) -> None:
        super().__init__(question)
        self.question = question
        self.choices = choices

    def within(self, request: str, clause: str) -> Ambiguous:
        """The same question about one clause of a longer request."""
        whole = tuple((label, request.replace(clause, meaning, 1)) for label, meaning in self.choices)
        return Ambiguous(self.question, whole)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Looks things up through read tools, in the session's scope."""

    reader: Reader
    scope: Scope
    tools: frozenset[str]
    before_stop: BeforeStop
    elsewhere: str = ""
    """The scope's context, if it is not the one the operator works in: choices have to name it."""

    async def resolve(self, runbook: Runbook, words: Mapping[str, str]) -> dict[str, Value]:
        """Every parameter's value.

        Raises:
            Ambiguous: the operator has to choose.
            ToolError: something does not exist, or cannot be looked up.
        """
        values: dict[str, Value] = {}
        for name, parameter in runbook.parameters.items():
            word = words.get(name, parameter.default)
            match parameter.type:
                case "workload":
                    values[name] = await self._workload(runbook, words, name, parameter)
                case "environment":
                    values[name] = await self._environment(word)
                case "place":
                    values[name] = await self._place(word)
                case "count" | "revision":
                    values[name] = number(word) if word else None
                case _:
                    values[name] = word
        return values

    async def _find(self, **args: JsonValue) -> list[dict[str, JsonValue]]:
        output = await self.reader.run(Call(tool="kubernetes_find_workloads", args=args), self.scope)
        return _models(output, "workloads")

    async def _workload(
        self, runbook: Runbook, words: Mapping[str, str], name: str, parameter: Parameter
    ) -> Value:
        kind, _, bare = words[name].rpartition("/")
        place = words.get(parameter.within, "") if parameter.within else ""
        if kind and kind_word(kind) not in SCALABLE:
            exact = kind.lower() if "." in kind else kind_word(kind)  # a group tells kinds of one name apart
            return await self._object(exact, bare, place)
        found = await self._find(name=bare.lower(), environment=place)
        if kind:
            found = [item for item in found if str(item["kind"]).lower() == kind_word(kind)]
        where = f"in {place}" if place else f"in {self.scope.context or 'the cluster'}"
        if not found:
            raise NotFound(
                f"There is no workload called {bare} {where}.",
                hint="Say `show deployments` to see what there is.",
            )
        own = [item for item in found if item["namespace"] == self.scope.namespace]
        if len(found) > 1 and len(own) == 1 and not place:
            found = own
        if len(found) > 1:
            raise Ambiguous(
                f"{bare} runs in {len(found)} places. Which one?",
                tuple(self._choice(runbook, words, name, parameter, item) for item in found),
            )
        return dict(found[0])

    async def _object(self, kind: str, name: str, namespace: str) -> Value:
        """An object of another kind, such as a pod, which has to be named exactly."""
        args: dict[str, JsonValue] = {"kind": kind, "name": name, "namespace": namespace.lower()}
        output = await self.reader.run(Call(tool="kubernetes_get", args=args), self.scope)
        found = output.model_dump(mode="json")["object"]
        return {
            "kind": found.get("kind") or kind,
            "name": name,
            "namespace": found.get("metadata", {}).get("namespace") or "",
            "replicas": found.get("spec", {}).get("replicas"),
        }

    def _choice(
        self,
        runbook: Runbook,
        words: Mapping[str, str],
        name: str,
        parameter: Parameter,
        item: dict[str, JsonValue],
    ) -> tuple[str, str]:
        exact = {
            **words,
            name: f"{str(item['kind']).lower()}/{item['name']}",
            parameter.within: str(item["namespace"]),
        }
        if self.elsewhere:
            kind, namespace = str(item["kind"]), str(item["namespace"])
            exact |= {name: mention_of(kind, namespace, str(item["name"]), self.elsewhere)}
            exact[parameter.within] = ""
        environment = f" ({item['environment']})" if item["environment"] else ""
        return f"{item['namespace']}{environment}", say(runbook.phrase, exact)

    async def _environment(self, word: str) -> Value:
        """An environment's workloads and machines, and what of them a plan of ours has stopped.

        What was stopped by a plan is what starting again means, with its recorded counts. Only where
        no record exists at all does it mean everything that stands still.
        """
        workloads = await self._find(environment=word.lower())
        machines = await self._machines(word)
        idle = [item for item in workloads if not item["replicas"]]
        off = [item for item in machines if item.get("state") == "stopped"]
        recorded = await asyncio.gather(*(self.before_stop(_workload_target(item)) for item in idle))
        stopped = await asyncio.gather(*(self.before_stop(_machine_target(item, self.scope)) for item in off))
        known = any(recorded) or any(stopped)
        starting: list[JsonValue] = []
        for item, before in zip(idle, recorded, strict=True):
            count = before.before.get("replicas") if before else None
            if before or not known:
                note = "" if count else " (no count on record)"
                starting.append({**item, "recorded": count or 1, "note": note})
        return {
            "name": word,
            "running": [{**item} for item in workloads if item["replicas"]],
            "stopped": starting,
            "machines_running": [item for item in machines if item.get("state") == "running"],
            "machines_stopped": [
                item for item, before in zip(off, stopped, strict=True) if before or not known
            ],
        }

    async def _machines(self, environment: str) -> list[dict[str, JsonValue]]:
        if not self.scope.profile or "aws_ec2_list" not in self.tools:
            return []
        output = await self.reader.run(
            Call(tool="aws_ec2_list", args={"tags": {"environment": environment.lower()}}), self.scope
        )
        return _models(output, "instances")

    async def _place(self, word: str) -> Value:
        """The namespaces that a place's name means; none when no place was named."""
        if not word:
            namespace = self.scope.namespace
            name = namespace or "all namespaces"
            # What cannot be asked of all namespaces at once is asked of the one that is worked in.
            working = working_namespace("", self.scope)
            one: Value = {"name": name, "namespace": namespace, "all": not namespace, "working": working}
            return {"name": name, "each": [one]}
        output = await self.reader.run(
            Call(tool="kubernetes_find_workloads", args={"environment": word.lower()}), self.scope
        )
        namespaces = output.model_dump(mode="json")["namespaces"]
        if not namespaces:
            namespaces = sorted({str(item["namespace"]) for item in _models(output, "workloads")})
        return {
            "name": word,
            "each": [{"name": name, "namespace": name, "all": False, "working": name} for name in namespaces],
        }


def _workload_target(item: Mapping[str, JsonValue]) -> str:
    return f"{str(item['kind']).lower()}/{item['name']} in {item['namespace']}"


def _machine_target(item: Mapping[str, JsonValue], scope: Scope) -> str:
    named = f"{item['name']} ({item['id']})" if item["name"] else str(item["id"])
    return f"instance {named} in {scope.profile}/{scope.region}"


def say(phrase: str, words: Mapping[str, str]) -> str:
    """A runbook's canonical phrase with the slots filled; `[…]` stays only where its slots are known."""
    out = ""
    for part in _split(phrase):
        optional = part.startswith("[")
        text = part.strip("[]")
        slots = [piece.partition("}")[0] for piece in text.split("{")[1:]]
        if optional and not all(words.get(slot) for slot in slots):
            continue
        for slot in slots:
            text = text.replace("{" + slot + "}", words.get(slot, ""))
        out += text
    return " ".join(out.split())


def _split(phrase: str) -> list[str]:
    parts: list[str] = []
    for piece in phrase.split("["):
        head, closed, tail = piece.partition("]")
        parts += [f"[{head}]", tail] if closed else [piece]
    return parts


def _models(output: BaseModel, field: str) -> list[dict[str, JsonValue]]:
    items = output.model_dump(mode="json").get(field, [])
    return [item for item in items if isinstance(item, dict)]
