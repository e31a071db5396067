"""ServiceIntentions read back: never so that a request comes in that Consul refuses.

Consul follows one source, the most exact, and its permissions in order; of neutral rules all hold,
a deny wins, and an allow shuts out whom no allow takes. Where these come apart the stricter reading
is taken, with a line that says so.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from meshery.adapters.draft import Object
from meshery.meshes.consul.intentions import ALL
from meshery.meshes.consul.parts import GROUP
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.translation import Translation, target

Document = dict[str, Any]
_PATH_FIELDS = ("pathExact", "pathPrefix", "pathRegex")


class _Source(msgspec.Struct):
    """A source: who it is, and what its permissions come to.

    `ends` is how what no condition takes ends: `allow`, `deny`, or by the default (an empty text).
    """

    name: str
    namespace: str
    denies: list[Document] = []
    allows: list[Document] = []
    ends: str = ""
    lets: bool = False

    def covers(self, other: "_Source") -> bool:
        """Whether callers of the other source are callers of this one too."""
        if self is other or self.name != ALL:
            return False
        return not self.namespace or (self.namespace == other.namespace and other.name != ALL)

    def caller(self) -> Document:
        """The caller in a document; an empty one is everybody."""
        if self.name == ALL:
            return {"namespace": self.namespace} if self.namespace else {}
        own = {"identity": self.name}
        return {**own, "namespace": self.namespace} if self.namespace else own


def read_intentions(notes: Translation, objects: Sequence[Object]) -> None:
    """The intentions of each service, then what is said for all services."""
    made = list(of_kind(objects, "ServiceIntentions", GROUP))
    own = [each for each in made if _destination(each) != ALL]
    for each in own:
        _Reader(notes, each).read()
    for each in made:
        if _destination(each) == ALL:
            _read_for_all(notes, each, own, objects)


def _destination(made: Object) -> str:
    return str(dig(made, "spec.destination.name") or name_of(made))


def _read_for_all(
    notes: Translation, made: Object, own: Sequence[Object], objects: Sequence[Object]
) -> None:
    """What holds where a service has no intention of its own for a caller."""
    reader = _Reader(notes, made)
    if not own:
        reader.read()
        return
    for source in reader.sources:
        if source.lets:
            notes.lost(made, f"it lets {source.name} call all other services; name them")
    shut = {(each["name"], namespace_of(made)) for each in _services(objects)}
    shut -= {(_destination(each), namespace_of(each)) for each in own}
    if not any(each.name == ALL and each.ends == "deny" for each in reader.sources):
        notes.lost(made, "it holds beside intentions of single services; read it by hand")
        return
    notes.lost(made, "services that are not among the objects are refused by it; deny them too")
    for name, namespace in sorted(shut):
        notes.behaviour(f"{name}-deny", "access", target(name, namespace), {"action": "deny"})


def _services(objects: Sequence[Object]) -> Iterable[Mapping[str, Any]]:
    for kind in ("Service", "ServiceDefaults"):
        for each in of_kind(objects, kind):
            yield {"name": name_of(each)}


class _Reader:
    """The intentions of one destination that are being read."""

    def __init__(self, notes: Translation, made: Object) -> None:
        self.notes, self.made = notes, made
        self.rules: dict[tuple[str, bytes], tuple[list[Document], list[Document]]] = {}
        given = dig(made, "spec.sources") or ()
        self.sources = [each for each in map(self._source, given) if each is not None]

    def read(self) -> None:
        """All sources, then what they have to say together."""
        closes = any(each.lets for each in self.sources)
        for source in self.sources:
            self._add(source, closes=closes)
        name = _destination(self.made)
        to = {"service": ALL} if name == ALL else target(name, namespace_of(self.made))
        documents = self._documents()
        if closes and not any(each["action"] == "allow" for each in documents):
            documents = [{"action": "deny"}]
        elif closes and not any(each.caller() == {} for each in self.sources):
            self._lost("whom no source names followed the default, and is refused now")
        for params in documents:
            self.notes.behaviour(f"{name_of(self.made)}-{params['action']}", "access", to, params)

    def _add(self, source: _Source, *, closes: bool) -> None:
        wider = [each for each in self.sources if each.covers(source) and each.lets]
        if wider and source.ends != "allow":
            if source.ends != "deny" or source.lets:
                self._lost(
                    f"{source.name} may send less than {wider[0].name}, which no rules say "
                    "together; it is refused"
                )
            self._rule("deny", source, [])
            return
        inner = [each.name for each in self.sources if source.covers(each)]
        if source.denies:
            self._rule("deny", source, source.denies)
            if inner:
                self._lost(f"what is denied to {source.name} is denied to {inner[0]} too now")
        if source.ends == "allow":
            self._rule("allow", source, [])
        elif source.allows:
            self._rule("allow", source, source.allows)
        elif source.ends == "deny" and not closes:
            self._rule("deny", source, [])

    def _rule(self, action: str, source: _Source, to: list[Document]) -> None:
        key = (action, msgspec.json.encode(to))
        self.rules.setdefault(key, ([], to))[0].append(source.caller())

    def _documents(self) -> list[Document]:
        """Rules that say the same of several callers as one."""
        made = []
        for (action, _), (callers, to) in self.rules.items():
            params: Document = {"action": action}
            if {} not in callers:
                params["from"] = callers
            if to:
                params["to"] = to
            made.append(params)
        return made

    def _source(self, given: Mapping[str, Any]) -> _Source | None:
        name = str(given.get("name", ""))
        for field in ("peer", "partition", "samenessGroup"):
            if given.get(field) not in {None, "", "default"}:
                self._lost(f"{name} of the {field} {given[field]} is no caller of a behaviour")
                return None
        namespace = str(given.get("namespace") or "")
        source = _Source(name, "" if namespace == ALL else namespace, [], [])
        if "permissions" not in given:
            source.ends = str(given.get("action", "deny"))
            source.lets = source.ends == "allow"
            if source.lets and dig(self.made, "spec.jwt"):
                self._lost("jwt is asked for, which is read as a refusal: say claims by hand")
                source.ends = "deny"
            return source
        for permission in given["permissions"] or ():
            if source.ends:
                break  # the one before took everything that was left
            self._permission(source, permission)
        return source

    def _permission(self, source: _Source, permission: Mapping[str, Any]) -> None:
        http = permission.get("http") or {}
        is_deny = permission.get("action") != "allow"
        source.lets = source.lets or not is_deny
        operation = _operation(http)
        is_narrowed = bool(
            http.get("header") or permission.get("jwt") or dig(self.made, "spec.jwt")
        )
        if is_narrowed or operation is None:
            self._lost(
                f"a permission of {source.name} asks for more than methods and paths; it is "
                + ("a deny without that" if is_deny else "left out")
            )
            if not is_deny:
                return
            methods = {"methods": http["methods"]} if http.get("methods") else {}
            operation = operation or {**methods, "paths": ["/*"]}
        takes_all = not operation or (operation == {"paths": ["/*"]})
        if takes_all and not is_narrowed:
            source.ends = "deny" if is_deny else "allow"
        elif not is_deny:
            source.allows.append(operation)
        else:
            if source.allows:
                self._lost(f"a deny of {source.name} stood behind an allow, and wins now")
            source.denies.append(operation or {"paths": ["/*"]})

    def _lost(self, what: str) -> None:
        self.notes.lost(self.made, what)


def _operation(http: Mapping[str, Any]) -> Document | None:
    """Methods and paths; None where a regex says more than paths of an access can."""
    made: Document = {"methods": list(http["methods"])} if http.get("methods") else {}
    field = next((each for each in _PATH_FIELDS if http.get(each)), None)
    if field == "pathExact":
        made["paths"] = [http[field]]
    elif field == "pathPrefix":
        if http[field] != "/" or not made:
            made["paths"] = [f"{http[field]}*"]
    elif field == "pathRegex":
        plain = re.sub(r"\\(.)", r"\1", http[field].removeprefix(".*"))
        if http[field] != f".*{re.escape(plain)}":
            return None
        made["paths"] = [f"*{plain}"]
    return made
