"""A conversion webhook that is broken, a group that is down: one clear sentence, and everything else goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.tools.kubernetes.definitions import Gadgets, gadgets, version
from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import change, put, remove
from tests.tools.kubernetes.test_watching import at_once, follow
from tools.errors import NotFound, ServerFailed
from tools.kubernetes.live.together import watch_view
from tools.kubernetes.live.watching import watch
from tools.rows import FeedState

SERVICE = {"namespace": "default", "name": "gadget-webhook", "path": "/convert"}
WEBHOOK = {"clientConfig": {"service": SERVICE}, "conversionReviewVersions": ["v1"]}


@asynccontextmanager
async def unconvertible(lab: Lab) -> AsyncIterator[Gadgets]:
    """A kind whose only object is held in a version that no webhook converts any more."""
    async with gadgets(lab, [version("v1beta1", storage=True)]) as added:
        await put(lab, f"{added.group}/v1beta1", added.kind, "one", spec={"size": 1})
        newer = [version("v1", storage=True), version("v1beta1", storage=False)]
        conversion = {"strategy": "Webhook", "webhook": WEBHOOK}

        async def spec(**fields: object) -> None:
            await change(
                lab, "customresourcedefinitions", added.definition, {"spec": fields}, cluster_wide=True
            )

        async def broken() -> bool:
            known = await lab.cluster.kinds.by_kind(added.api_version, added.kind)
            try:
                await lab.cluster.json("GET", known.path(lab.namespace))
            except (NotFound, ServerFailed) as error:
                return "conversion webhook" in str(error)
            return False

        async def newer_served() -> bool:
            try:
                return bool(await lab.cluster.kinds.by_kind(added.api_version, added.kind))
            except NotFound:
                return False

        await spec(versions=newer, conversion=conversion)
        await until(newer_served)
        await until(broken)
        try:
            yield added
        finally:  # what cannot be converted cannot be deleted either
            await spec(conversion={"strategy": "None", "webhook": None})


@asynccontextmanager
async def down(lab: Lab, group: str) -> AsyncIterator[str]:
    """An API service of a group that leads to nobody."""
    name = f"v1.{group}"
    spec = {
        "group": group,
        "version": "v1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"namespace": "default", "name": "nobody"},
    }
    await put(lab, "apiregistration.k8s.io/v1", "APIService", name, cluster_wide=True, spec=spec)
    try:
        yield name
    finally:
        await remove(lab, "apiservices", name, cluster_wide=True)


async def test_a_broken_conversion_webhook_is_one_sentence_that_names_the_definition(lab: Lab) -> None:
    async with unconvertible(lab) as added:
        with pytest.raises(ServerFailed) as caught:
            await lab.read("kubernetes_list", kind=added.definition)
        sentence = str(caught.value)
        assert "conversion webhook" in sentence
        assert f"customresourcedefinition {added.definition}" in sentence
        assert (await lab.read("kubernetes_list", kind="configmaps")).resource == "configmaps"


async def test_recent_changes_say_which_kind_they_could_not_see_and_show_the_rest(lab: Lab) -> None:
    async with unconvertible(lab) as added:
        await lab.config_map("settings", {})
        found = await lab.read("kubernetes_recent_changes", events=False)
        assert [sentence for sentence in found.unseen if sentence.startswith(added.definition)]
        assert "configmap/settings" in {entry.object for entry in found.changes}


async def test_a_view_of_a_broken_kind_is_stale_with_the_reason_and_heals(practice: Lab) -> None:
    async with unconvertible(practice) as added:
        kind = await practice.cluster.kinds.resolve(added.definition)
        view = await follow(
            watch(practice.cluster, kind, practice.namespace, sleep=at_once),
            lambda view: FeedState.STALE in view.states,
        )
        assert "conversion webhook" in view.details[-1]
        others = {"contexts": (practice.cluster.context,), "namespaces": (practice.namespace,)}
        await follow(
            watch_view(practice.clusters, "serviceaccounts", **others),
            lambda view: view.states[-1:] == [FeedState.LIVE],
        )
    # its webhook is not needed any more, and then the definition is gone
    view = await follow(
        watch(practice.cluster, kind, practice.namespace, sleep=at_once),
        lambda view: FeedState.FAILED in view.states,
    )
    assert "could not find the requested resource" in view.details[-1]


async def test_an_unknown_word_is_answered_with_the_group_that_is_down(lab: Lab) -> None:
    group = f"d{lab.namespace.rpartition('-')[2]}.example.com"
    async with down(lab, group):

        async def said() -> str:
            with pytest.raises(NotFound) as caught:
                await lab.read("kubernetes_list", kind="gizmos")
            return str(caught.value) if group in str(caught.value) else ""

        assert f"{group}/v1 does not answer" in await until(said)
        assert (await lab.read("kubernetes_list", kind="configmaps")).resource == "configmaps"


async def test_a_kind_whose_group_went_down_says_where_to_look(practice: Lab) -> None:
    async with gadgets(practice) as added:
        await added.make("one", size=1)
        async with down(practice, added.group) as service:

            async def refused() -> str:
                try:
                    await practice.read("kubernetes_list", kind=added.plural)
                except ServerFailed as error:
                    return str(error)
                return ""

            sentence = await until(refused)
            assert added.group in sentence
            assert f"apiservice {service} says why" in sentence
            with pytest.raises(NotFound):  # asks the server once more, and keeps what it knew
                await practice.cluster.kinds.resolve("gizmos")
            assert (await practice.cluster.kinds.resolve(added.plural)).group == added.group

        async def back() -> bool:
            try:
                return bool((await practice.read("kubernetes_list", kind=added.plural)).rows)
            except ServerFailed:
                return False

        assert await until(back)
