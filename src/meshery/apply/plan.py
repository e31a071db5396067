"""A plan: the objects that are wanted, in the order in which they can be applied. No I/O.

Objects need others in two ways. What people say: a part (a pattern's service, say) or an object
needs another one, by its name. And what objects are: one needs its namespace and the definition of
its kind, where those are in the plan too, and its tier comes after the ones before.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

import msgspec

from meshery.apply.difference import authored
from meshery.apply.graph import Graph, graph_of, in_order
from meshery.apply.target import Object, Ref, ref_of
from meshery.apply.tiers import DEFINITION, Tier, group_of, is_cluster_wide, key_of, tier_of
from meshery.core.errors import InvalidInputError, Problem


class Wanted(msgspec.Struct, frozen=True):
    """An object that is wanted; `part` is what it belongs to, several objects may share one.

    `needs` names parts (then all their objects), or objects: by key, `Kind name`, or bare name.
    """

    document: Object
    part: str = ""
    needs: tuple[str, ...] = ()


class Node(msgspec.Struct, frozen=True):
    """An object of a plan, as its author wrote it; `digest` is of just that."""

    key: str
    ref: Ref
    document: Object
    tier: Tier
    digest: str
    needs: tuple[str, ...] = ()
    part: str = ""


class Plan(msgspec.Struct, frozen=True):
    """What a deployment consists of, in order."""

    deployment: str
    nodes: tuple[Node, ...]

    @property
    def graph(self) -> Graph:
        """What comes before what."""
        return graph_of(self.nodes)

    @property
    def by_key(self) -> Mapping[str, Node]:
        """The nodes by their keys."""
        return {node.key: node for node in self.nodes}


def all_of_them(_node: Node) -> bool:
    """A choice: every object."""
    return True


def none_of_them(_node: Node) -> bool:
    """A choice: no object."""
    return False


def is_needed_by_others(node: Node) -> bool:
    """A choice: only what others cannot even be stored without."""
    return node.tier in {Tier.NAMESPACE, Tier.DEFINITION}


def make_plan(wanted: Sequence[Wanted], *, deployment: str) -> Plan:
    """Put what is wanted in order.

    InvalidInputError lists every fault: an object without a name or kind, one that is given twice,
    a dependency that is not there or may be several objects; or it names a circle.
    """
    scopes = _scopes(wanted)
    nodes = [_node(each, scopes) for each in wanted]
    problems = [*_faults(nodes), *_doubled(nodes)]
    named = _Names(nodes)
    needs: dict[str, set[str]] = {node.key: set() for node in nodes}
    for position, (each, node) in enumerate(zip(wanted, nodes, strict=True)):
        for word in each.needs:
            found = named.find(word, node)
            if isinstance(found, str):
                problems.append(Problem(f"[{position}].needs", f"{node.key}: {found}"))
            else:
                needs[node.key].update(found)
        needs[node.key].update(named.implied(node))
    if problems:
        raise _refused(problems)
    linked = [msgspec.structs.replace(node, needs=tuple(sorted(needs[node.key]))) for node in nodes]
    by_key = {node.key: node for node in linked}
    return Plan(deployment, tuple(by_key[key] for key in in_order(graph_of(linked))))


def digest_of(document: Object) -> str:
    """What an author wrote, as one hash: equal for equal content in whatever order of its keys."""
    plain = msgspec.json.encode(authored(document), order="deterministic")
    return f"sha256:{sha256(plain).hexdigest()}"


class _Names:
    """What dependencies may be called."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._parts: dict[str, list[str]] = defaultdict(list)
        self._objects: dict[str, list[str]] = defaultdict(list)
        self._definitions: dict[tuple[str, str], str] = {}
        for node in nodes:
            if node.part:
                self._parts[node.part].append(node.key)
            ref = node.ref
            for word in {node.key, str(ref), f"{ref.kind} {ref.name}", ref.name}:
                self._objects[word].append(node.key)
            if node.tier is Tier.DEFINITION:
                self._definitions[_defines(node.document)] = node.key

    def find(self, word: str, node: Node) -> Iterable[str] | str:
        """The keys of what `word` names, or what is wrong with it."""
        if word in self._parts:
            return "needs itself" if word == node.part else self._parts[word]
        found = sorted(set(self._objects.get(word, ())))
        if found == [node.key]:
            return "needs itself"
        if not found:
            return f"needs {word!r}, and nothing in the plan is called so"
        if len(found) > 1:
            return f"needs {word!r}, which may be {' or '.join(found)}"
        return found

    def implied(self, node: Node) -> Iterator[str]:
        """Its namespace, the definition of its kind, its role: what of them is in the plan."""
        definition = self._definitions.get((group_of(node.ref), node.ref.kind))
        if definition:
            yield definition
        space = key_of(Ref("v1", "Namespace", node.ref.namespace))
        if space in self._objects and not is_cluster_wide(node.ref):
            yield space
        role = _role(node)
        if role in self._objects:
            yield role


def _role(node: Node) -> str:
    """The key of the role that a binding gives; nobody may bind one that is not there."""
    role = node.document.get("roleRef") or {}
    ref = Ref(node.ref.api_version, str(role.get("kind")), str(role.get("name")))
    return key_of(msgspec.structs.replace(ref, namespace=node.ref.namespace))


def _node(wanted: Wanted, scopes: Mapping[tuple[str, str], str]) -> Node:
    """An object with its own name; a namespace on what is in none is left out."""
    document = wanted.document
    ref = ref_of(document)
    is_everywhere = is_cluster_wide(ref) or scopes.get((group_of(ref), ref.kind)) == "Cluster"
    if is_everywhere and "namespace" in (document.get("metadata") or {}):
        metadata = {
            name: value for name, value in document["metadata"].items() if name != "namespace"
        }
        document = {**document, "metadata": metadata}
        ref = ref_of(document)
    tier = tier_of(document, ref)
    return Node(key_of(ref), ref, document, tier, digest_of(document), part=wanted.part)


def _scopes(wanted: Sequence[Wanted]) -> dict[tuple[str, str], str]:
    """The scope of each kind that is defined among the objects."""
    return {
        _defines(each.document): str((each.document.get("spec") or {}).get("scope", ""))
        for each in wanted
        if each.document.get("kind") == DEFINITION
    }


def _defines(document: Object) -> tuple[str, str]:
    spec = document.get("spec") or {}
    return str(spec.get("group", "")), str((spec.get("names") or {}).get("kind", ""))


def _faults(nodes: Sequence[Node]) -> Iterator[Problem]:
    for position, node in enumerate(nodes):
        ref = node.ref
        parts = (("apiVersion", ref.api_version), ("kind", ref.kind), ("metadata.name", ref.name))
        for path, text in parts:
            if not text:
                yield Problem(f"[{position}].{path}", "is missing", hint="every object has one")


def _doubled(nodes: Sequence[Node]) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, node in enumerate(nodes):
        if node.key in seen:
            yield Problem(f"[{position}]", f"{node.key} is given twice")
        seen.add(node.key)


def _refused(problems: Sequence[Problem]) -> InvalidInputError:
    return InvalidInputError(
        f"{len(problems)} fault{'s' if len(problems) > 1 else ''} in the plan",
        cause="; ".join(f"{problem.path}: {problem.message}" for problem in problems),
        remedy="correct them and plan again; nothing was changed",
        code="meshery.apply.plan",
        problems=problems,
    )
