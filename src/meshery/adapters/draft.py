"""From a behaviour to native objects, one kind at a time: what render tables are made with.

A mesh's table maps each kind to a function of a `Draft`. It puts objects and says what did not fit:

    def retry(draft: Draft) -> None:
        params = draft.params(Retry)
        draft.put(mesh_retry(draft, params))
        if params.budget is not None:
            draft.dropped("budget", "MeshRetry counts tries, not a share of requests")

    def render(behaviours, world):
        return render_each(behaviours, world, TABLE, ALTERNATIVES)

No parameter is dropped in silence: what has no place is `dropped`, what is nearly said `nearly`.
"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from meshery.behaviours.model import Behaviour, Fidelity, Kind
from meshery.behaviours.rendering import Outcome, Rendering, Service, World
from meshery.behaviours.shape import Params, document_name

P = TypeVar("P", bound=Params)
Object = dict[str, Any]
Key = tuple[str, str, str, str]


class Draft:
    """One behaviour that is being rendered: its objects so far, and what did not fit."""

    def __init__(self, behaviour: Behaviour, world: World) -> None:
        self.behaviour = behaviour
        self.world = world
        self.objects: list[Object] = []
        self.notes: list[str] = []
        self.alternative = ""
        self.fidelity = Fidelity.EXACT

    def params(self, kind: type[P]) -> P:
        """The parameters, as the type of the behaviour's kind."""
        params = self.behaviour.params
        if not isinstance(params, kind):
            raise TypeError(f"{self.behaviour.kind} has no {kind.__name__}")
        return params

    @property
    def service(self) -> Service:
        """The target: a service that is known or assumed; its name is `*` for the whole mesh."""
        target = self.behaviour.target
        return self.world.service(target.service, target.namespace)

    @property
    def namespace(self) -> str:
        """The namespace of the target."""
        return self.behaviour.target.namespace or self.world.namespace

    @property
    def is_whole_mesh(self) -> bool:
        """Whether the target is every service."""
        return self.behaviour.target.service == "*"

    def put(self, made: Object) -> None:
        """An object of this behaviour; those of one name are laid over one another at the end."""
        self.objects.append(made)

    def dropped(self, parameter: str, why: str) -> None:
        """A parameter that has no place: `parameter` is its name in documents, or its field."""
        name = document_name(parameter) if "_" in parameter else parameter
        self.nearly(f"{name} is left out: {why}")

    def nearly(self, note: str) -> None:
        """What is not exactly what was asked for."""
        self.notes.append(note)
        if self.fidelity is Fidelity.EXACT:
            self.fidelity = Fidelity.APPROXIMATE

    def note(self, note: str) -> None:
        """What a person should know though nothing is lost."""
        self.notes.append(note)

    def unsupported(self, why: str, alternative: str) -> None:
        """The mesh cannot do it: no object is made, and the nearest thing is told."""
        self.objects.clear()
        self.notes.append(why)
        self.alternative = alternative
        self.fidelity = Fidelity.UNSUPPORTED

    def outcome(self) -> Outcome:
        """What became of it, so far."""
        return Outcome(
            self.behaviour.name,
            self.fidelity,
            tuple(dict.fromkeys(self.notes)),
            tuple(dict.fromkeys(_told(each) for each in self.objects)),
            self.alternative,
        )


Table = Mapping[Kind, Callable[[Draft], None]]


def render_each(
    behaviours: Sequence[Behaviour],
    world: World,
    table: Table,
    alternatives: Mapping[Kind, str],
    *,
    mesh: str,
) -> Rendering:
    """Every behaviour by the table of a mesh; a kind that is not in it is unsupported.

    `alternatives` says for each of those what comes nearest; `mesh` is the mesh's title, for notes.
    """
    drafts = drafted(behaviours, world, table, alternatives, mesh=mesh)
    made = merged(drafts)
    return Rendering(tuple(made), tuple(draft.outcome() for draft in drafts))


def drafted(
    behaviours: Sequence[Behaviour],
    world: World,
    table: Table,
    alternatives: Mapping[Kind, str],
    *,
    mesh: str,
) -> list[Draft]:
    """The drafts of all behaviours, for meshes that put them together in a way of their own."""
    drafts = []
    for behaviour in behaviours:
        draft = Draft(behaviour, world)
        write = table.get(behaviour.kind)
        if write is None:
            draft.unsupported(
                f"{mesh} has nothing for {behaviour.kind}", alternatives[behaviour.kind]
            )
        else:
            write(draft)
        drafts.append(draft)
    return drafts


def merged(drafts: Iterable[Draft]) -> list[Object]:
    """The objects of all drafts, those of one name as one, in the order in which each came first.

    Where two behaviours say different things in one place the later one wins: both say so, and the
    earlier one is not exact any more.
    """
    found: dict[Key, Object] = {}
    said: dict[Key, list[tuple[Draft, Object]]] = {}
    for draft in drafts:
        for each in draft.objects:
            key = key_of(each)
            for earlier, own in said.setdefault(key, []):
                _replaced(earlier, own, draft, each)
            found[key] = laid_over(found[key], each)[0] if key in found else copy.deepcopy(each)
            said[key].append((draft, each))
    return list(found.values())


def _replaced(earlier: Draft, own: Object, later: Draft, made: Object) -> None:
    """Tell both of what the later one says in place of the earlier one."""
    if earlier is later:
        return
    for place in laid_over(own, made)[1]:
        where = f"{place} of {_told(made)}"
        earlier.nearly(f"{where} is replaced by what {later.behaviour.name} says")
        later.note(f"{where} was said by {earlier.behaviour.name} and is replaced")


def laid_over(below: Any, above: Any, place: str = "") -> tuple[Any, list[str]]:
    """Two documents as one, and the places where the upper one replaced another value.

    Mappings are laid over key by key, lists stand one after the other without what is there twice.
    """
    if isinstance(below, dict) and isinstance(above, dict):
        whole, replaced = copy.deepcopy(below), []
        for key, value in above.items():
            inner = f"{place}.{key}" if place else str(key)
            if key in whole:
                whole[key], more = laid_over(whole[key], value, inner)
                replaced += more
            else:
                whole[key] = copy.deepcopy(value)
        return whole, replaced
    if isinstance(below, list) and isinstance(above, list):
        return below + [copy.deepcopy(item) for item in above if item not in below], []
    return copy.deepcopy(above), [] if below == above else [place]


def key_of(made: Object) -> Key:
    """What names an object: apiVersion, kind, namespace, name."""
    metadata = made.get("metadata") or {}
    return (
        str(made.get("apiVersion", "")),
        str(made.get("kind", "")),
        str(metadata.get("namespace", "")),
        str(metadata.get("name", "")),
    )


def native(
    api_version: str, kind: str, name: str, namespace: str, spec: Mapping[str, Any]
) -> Object:
    """An object in Kubernetes' shape; an empty namespace is left out (cluster-scoped kinds)."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": dict(spec)}


def _told(made: Object) -> str:
    _, kind, namespace, name = key_of(made)
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
