"""Checks of what an adapter says of its mesh and how it renders."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from meshery.adapters.checking import Check, Finding, Probe, Skipped, demand, unexpected
from meshery.adapters.choosing import latest_first
from meshery.adapters.draft import key_of
from meshery.adapters.model import Component, Description, Object
from meshery.adapters.samples import sample_behaviours, sample_world
from meshery.behaviours.model import Fidelity, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.core.errors import InvalidInputError, MesheryError, NotFoundError

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SMP = re.compile(r"[A-Z][A-Z0-9_]*")


async def _described(probe: Probe) -> None:
    demand(not probe.fault, probe.fault)
    described = probe.described
    name, smp = described.name, described.smp
    demand(_NAME.fullmatch(name), f"the name {name!r} is not lower case letters and dashes")
    demand(_SMP.fullmatch(smp), f"the literal {smp!r} is not upper case")
    demand(described.title, "it has no title")
    demand(described.digest, "it has no digest")
    health = await probe.client.health()
    demand(health.is_ready, f"it is not ready: {health.reason}")
    demand(health.digest == described.digest, "Health has another digest than Describe")


async def _same(probe: Probe) -> None:
    first = probe.described
    demand(await probe.client.describe() == first, "two descriptions differ")


async def _versions(probe: Probe) -> None:
    versions, status = probe.described.versions, probe.described.status
    demand(versions.known or not status.has_installer, "it knows no version")
    names = [each.name for each in versions.known]
    demand(len(names) == len(set(names)), "a version is listed twice")
    marked = [name for name in names if name.startswith("v")]
    demand(not marked, f"versions have a leading v: {', '.join(marked[:3])}")
    for channel in {each.channel for each in versions.known}:
        told = [each for each in versions.known if each.channel == channel]
        wrong = [each.name for each in told][:5]
        demand(told == latest_first(told, versions.ordering), f"not newest first: {wrong}")
    try:
        date.fromisoformat(versions.as_of)
    except ValueError as error:
        raise Finding(f"the list's date {versions.as_of!r} is no ISO date") from error


async def _profiles(probe: Probe) -> None:
    described = probe.described
    charts = {each.alias or each.name for each in described.charts}
    for profile in described.profiles:
        strange = [name for name in (*profile.charts, *profile.values) if name not in charts]
        demand(not strange, f"the profile {profile.name} names charts there are not: {strange}")
    for chart in described.charts:
        strange = [name for name in chart.needs if name not in charts]
        demand(not strange, f"the chart {chart.name} needs charts there are not: {strange}")


async def _schemas(probe: Probe) -> None:
    described = probe.described
    missing = {kind.value for kind in Kind} - {each.kind for each in described.behaviours}
    demand(not missing, f"kinds without parameters: {', '.join(sorted(missing))}")
    for each in described.behaviours:
        demand(_is_schema(each.schema), f"the schema of {each.kind} is none")
    for kind in described.kinds:
        told = f"{kind.api_version} {kind.kind}"
        demand(not kind.schema or _is_schema(kind.schema), f"the schema of {told} is none")
    for operation in described.operations:
        schema = operation.input_schema
        demand(not schema or _is_schema(schema), f"the input of {operation.key} has no schema")


async def _renders(probe: Probe) -> None:
    rendering = await _sample(probe)
    for outcome in rendering.outcomes:
        is_unsupported = outcome.fidelity is Fidelity.UNSUPPORTED
        told = f"{outcome.behaviour.removeprefix('check-')} is {outcome.fidelity}"
        if is_unsupported:
            demand(not outcome.objects, f"{told}, but has objects")
            demand(outcome.notes and outcome.alternative, f"{told}: why, and what is near it?")
        elif outcome.fidelity is Fidelity.APPROXIMATE:
            demand(outcome.notes, f"{told} without a note")
        else:  # what a mesh does anyway needs no object, but a word on it
            demand(outcome.objects or outcome.notes, f"{told}, but has neither object nor note")


async def _objects(probe: Probe) -> None:
    rendering = await _sample(probe)
    for each in rendering.objects:
        demand(_is_object(each), f"an object lacks apiVersion, kind or name: {key_of(each)}")
    keys = [key_of(each) for each in rendering.objects]
    demand(len(keys) == len(set(keys)), "an object is there twice")
    told = {name for outcome in rendering.outcomes for name in outcome.objects}
    made = {_told(each) for each in rendering.objects}
    demand(told <= made, f"outcomes name objects there are not: {sorted(told - made)}")
    demand(made <= told, f"objects belong to no behaviour: {sorted(made - told)}")


async def _pure(probe: Probe) -> None:
    first, second = await _sample(probe), await _sample(probe)
    demand(first == second, "the same behaviours were rendered in two ways")


async def _every_version(probe: Probe) -> None:
    _some_version(probe.described)
    for version in probe.described.versions.known:
        await probe.client.render(sample_behaviours(), sample_world(version.name))


async def _unknown_version(probe: Probe) -> None:
    _some_version(probe.described)
    try:
        await probe.client.render(sample_behaviours()[:1], sample_world("0.0.0-no-version"))
    except InvalidInputError as error:
        demand(error.remedy or error.cause, "it is refused without a word on known ones")
    except MesheryError as error:
        raise Finding(unexpected(error)) from error
    else:
        raise Finding("it was rendered for, perhaps as another version")


async def _components(probe: Probe) -> None:
    described = probe.described
    if not described.kinds:
        raise Skipped("the mesh has no kinds of its own")
    world = World(version=_some_version(described), namespace="shop")
    for kind in described.kinds:
        asked = Component(api_version=kind.api_version, kind=kind.kind, name="check")
        made = await probe.client.render_component(asked, world)
        told = f"{kind.api_version} {kind.kind}"
        if made.outcome.fidelity is Fidelity.UNSUPPORTED:
            demand(made.outcome.notes, f"{told} is unsupported without a note")
            continue
        demand(made.objects, f"{told} became nothing")
        has_namespace = "namespace" in made.objects[0].get("metadata", {})
        demand(has_namespace == kind.is_namespaced, f"{told}: its namespace is not as described")


async def _rendered_operations(probe: Probe) -> None:
    described = probe.described
    keys = [each.key for each in described.operations if each.is_rendered]
    if not keys:
        raise Skipped("no operation is made of manifests")
    for key in keys:
        made = await probe.client.render_operation(key, sample_world(_some_version(described)))
        demand(made.objects, f"{key} became nothing")
        demand(all(map(_is_object, made.objects)), f"{key} has objects without a name")


async def _validators(probe: Probe) -> None:
    for name in probe.described.validators:
        await probe.client.validate([], [name])
    try:
        await probe.client.validate([], ["no-such-check"])
    except NotFoundError:
        return
    except MesheryError as error:
        raise Finding(unexpected(error)) from error
    raise Finding("a check that there is not was run")


async def _migrations(probe: Probe) -> None:
    for each in probe.described.migrations:
        demand(each.why, f"why to move to {each.to} is not said")
        await probe.client.translate(each.to, [])


def _some_version(described: Description) -> str:
    if not described.versions.known:
        raise Skipped("no version is known")
    return described.versions.known[0].name


async def _sample(probe: Probe) -> Rendering:
    world = sample_world(_some_version(probe.described))
    return await probe.client.render(sample_behaviours(), world)


def _is_schema(schema: Mapping[str, Any]) -> bool:
    return any(key in schema for key in ("type", "$ref", "anyOf", "oneOf", "allOf", "properties"))


def _is_object(made: Object) -> bool:
    api_version, kind, _, name = key_of(made)
    return bool(api_version and kind and name)


def _told(made: Object) -> str:
    _, kind, namespace, name = key_of(made)
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


CONTRACT = (
    Check("described", "It says what the mesh is, and is ready.", _described),
    Check("described-twice", "It says the same twice.", _same),
    Check("versions", "Versions are dated, unique, newest of a channel first.", _versions),
    Check("profiles", "Profiles and charts name charts that there are.", _profiles),
    Check("schemas", "Kinds, behaviours and inputs have JSON Schemas.", _schemas),
    Check("fidelity", "Each kind of behaviour has objects, or a note and what is near.", _renders),
    Check("objects", "Objects are whole, single, and told by their behaviour.", _objects),
    Check("pure", "The same is rendered the same way.", _pure),
    Check("every-version", "Every version that is told can be rendered for.", _every_version),
    Check("unknown-version", "A version that is unknown is refused.", _unknown_version),
    Check("components", "Each kind can be rendered as a component.", _components),
    Check("manifests", "Operations made of manifests have objects.", _rendered_operations),
    Check("validators", "Each check can be run; others are not found.", _validators),
    Check("migrations", "Each migration has a reason and can be read.", _migrations),
)
