"""Routers, splitters and resolvers read back: splits, routes, retries, timeouts, failover."""

from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.behaviours.resilience import GRPC_CONDITIONS, RETRY_CONDITIONS
from meshery.meshes.consul.matching import SAFE_METHODS
from meshery.meshes.consul.parts import GROUP
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.translation import Translation, target

Document = dict[str, Any]
Native = Mapping[str, Any]

_RETRY = ("numRetries", "retryOn", "retryOnConnectFailure", "retryOnStatusCodes")
_TIMES = {"requestTimeout": "request", "idleTimeout": "idle"}
_CONDITIONS = {*RETRY_CONDITIONS, *GRPC_CONDITIONS}


def read_routes(notes: Translation, objects: Sequence[Object]) -> None:
    """Everything that decides where requests go."""
    splitters = {name_of(each): each for each in of_kind(objects, "ServiceSplitter", GROUP)}
    led_to: set[str] = set()
    for each in of_kind(objects, "ServiceRouter", GROUP):
        router = _Router(notes, each, splitters)
        router.read()
        led_to |= router.led_to
    for name, splitter in splitters.items():
        if name not in led_to:
            to = target(name, namespace_of(splitter))
            backends = _shares(notes, splitter, name)
            notes.behaviour(f"{name}-split", "split", to, {"backends": backends})
    for each in of_kind(objects, "ServiceResolver", GROUP):
        _read_resolver(notes, each)


class _Router:
    """One ServiceRouter that is being read."""

    def __init__(self, notes: Translation, made: Object, splitters: Mapping[str, Object]) -> None:
        self.notes, self.made, self.splitters = notes, made, splitters
        self.name = name_of(made)
        self.to = target(self.name, namespace_of(made))
        self.led_to: set[str] = set()

    def read(self) -> None:
        """Its routes, then what all of them say alike."""
        routes = _prefixes(dig(self.made, "spec.routes") or ())
        if all(http for http, _ in routes):
            routes.append(({}, {}))  # the default route, which Consul adds
        for http, goal in routes:
            if not _is_twice(http, routes):
                self._route(http, goal)
        self._times([goal for _, goal in routes])
        self._retries(routes)

    def _route(self, http: Native, goal: Native) -> None:
        params = self._changes(http, goal)
        backends = self._backends(goal)
        if backends == [{"service": self.name}]:
            backends = []
        if params is None or not (backends or params or http):
            return
        kind = "split" if len(backends) > 1 and not params else "route"
        for match in self._matches(http):
            whole = {**({"match": match} if match else {}), **params}
            if backends:
                whole["backends"] = backends
            self.notes.behaviour(f"{self.name}-{kind}", kind, self.to, whole)

    def _backends(self, goal: Native) -> list[Document]:
        name = str(goal.get("service", self.name))
        if name != self.name and name in self.splitters and name.startswith(f"{self.name}-"):
            self.led_to.add(name)
            return _shares(self.notes, self.splitters[name], self.name)
        return [_backend(goal, self.name)]

    def _changes(self, http: Native, goal: Native) -> Document | None:
        made: Document = {}
        for side in ("request", "response"):
            if goal.get(f"{side}Headers"):
                made.setdefault("headerOps", {})[side] = dict(goal[f"{side}Headers"])
        if goal.get("prefixRewrite"):
            new = str(goal["prefixRewrite"])
            if http.get("pathRegex"):
                self._lost("a rewrite of what a regex matched is no behaviour")
                return None
            word = "full" if http.get("pathExact") else "prefix"
            made["rewrite"] = {"path": {word: new.rstrip("/") or "/" if word == "prefix" else new}}
        return made

    def _matches(self, http: Native) -> list[Document]:
        """Neutral conditions, one for each method; none where they ask for more."""
        made: Document = {}
        for field, word in (("pathExact", "exact"), ("pathRegex", "regex")):
            if http.get(field):
                made["path"] = {word: http[field]}
        prefix = str(http.get("pathPrefix", "/"))
        if prefix != "/" and not http.get("elements"):
            self._lost(f"prefix {prefix} is read as whole elements")
        if prefix.rstrip("/"):
            made["path"] = {"prefix": prefix.rstrip("/")}
        for field, name in (("header", "headers"), ("queryParam", "query")):
            given = http.get(field) or ()
            if any(each.get("ignoreCase") for each in given) or http.get("caseInsensitive"):
                self._lost("a condition without regard to case is left out with its route")
                return []
            if given:
                made[name] = [_condition(each) for each in given]
        methods = http.get("methods")
        return [{**made, "method": method} for method in methods] if methods else [made]

    def _times(self, goals: Sequence[Native]) -> None:
        said = [{f: goal[f] for f in _TIMES if goal.get(f)} for goal in goals]
        if not any(said):
            return
        if any(each != said[0] for each in said):
            self._lost("routes have timeouts of their own; a timeout holds for a service")
            return
        params = {_TIMES[field]: _limit(str(value)) for field, value in said[0].items()}
        self.notes.behaviour(f"{self.name}-timeout", "timeout", self.to, params)

    def _retries(self, routes: Sequence[tuple[Document, Native]]) -> None:
        said = [({f: goal[f] for f in _RETRY if goal.get(f)}, http) for http, goal in routes]
        tried = [(each, set(http.get("methods") or ())) for each, http in said if each]
        if not tried:
            return
        safe_only = all(methods and methods <= set(SAFE_METHODS) for _, methods in tried)
        if any(each != tried[0][0] for each, _ in tried) or (
            not safe_only and len(tried) != len(said)
        ):
            self._lost("routes have retries of their own; a retry holds for a service")
            return
        params = self._retry(tried[0][0])
        if params is not None:
            more = {"idempotentOnly": True} if safe_only else {}
            self.notes.behaviour(f"{self.name}-retry", "retry", self.to, {**params, **more})

    def _retry(self, said: Native) -> Document | None:
        words = [*said.get("retryOn", ())]
        if said.get("retryOnConnectFailure"):
            words.append("connect-failure")
        codes = [str(each) for each in said.get("retryOnStatusCodes", ())]
        known = [each for each in words if each in _CONDITIONS]
        known += [each for each in codes if 400 <= int(each) <= 599]
        for each in words + codes:
            if each not in known:
                self._lost(f"a retry on {each} is no condition of a behaviour")
        if not known:
            self._lost("retries without a condition that a behaviour knows are left out")
            return None
        return {"attempts": said.get("numRetries", 1), "on": list(dict.fromkeys(known))}

    def _lost(self, what: str) -> None:
        self.notes.lost(self.made, what)


def _prefixes(routes: Sequence[Native]) -> list[tuple[Document, Native]]:
    """Conditions with where they lead; a path and the prefix below it as one with `elements`."""
    made: list[tuple[Document, Native]] = []
    for each in routes:
        http = dict(dig(each, "match.http") or {})
        goal = each.get("destination") or {}
        exact = {**http, "pathExact": str(http.get("pathPrefix", "")).rstrip("/")}
        exact.pop("pathPrefix", None)
        if http.get("pathPrefix", "/") != "/" and http["pathPrefix"].endswith("/"):
            place = next((at for at, (one, _) in enumerate(made) if one == exact), None)
            if place is not None and _same(made[place][1], goal):
                made[place] = ({**http, "elements": True}, goal)
                continue
        made.append((http, goal))
    return made


def _is_twice(http: Native, routes: Sequence[tuple[Document, Native]]) -> bool:
    """Whether a route for safe methods stands before the same one for all methods."""
    plain = {key: value for key, value in http.items() if key != "methods"}
    is_safe = set(http.get("methods") or ()) == set(SAFE_METHODS)
    return is_safe and any(other == plain for other, _ in routes)


def _same(one: Native, other: Native) -> bool:
    left, right = dict(one), dict(other)
    for each in (left, right):
        each["prefixRewrite"] = str(each.get("prefixRewrite", "")).rstrip("/")
    return left == right


def _condition(given: Native) -> Document:
    words = ("exact", "prefix", "suffix", "contains", "regex", "present")
    made = {"name": given["name"], **{word: given[word] for word in words if given.get(word)}}
    return {**made, "invert": True} if given.get("invert") else made


def _backend(goal: Native, own: str) -> Document:
    made: Document = {}
    name = str(goal.get("service") or own)
    if name != own or not goal.get("serviceSubset"):
        made["service"] = name
    if goal.get("serviceSubset"):
        made["subset"] = goal["serviceSubset"]
    return made


def _shares(notes: Translation, made: Object, own: str) -> list[Document]:
    """Backends of a splitter; weights with decimals are hundredths."""
    given = dig(made, "spec.splits") or ()
    if any(each.get("requestHeaders") or each.get("responseHeaders") for each in given):
        notes.lost(made, "changes of headers by a split are those of a route; write one")
    weights = [float(each.get("weight", 0)) for each in given]
    size = 1 if all(each == int(each) for each in weights) else 100
    return [
        {**_backend(each, own), "weight": round(size * weight)}
        for each, weight in zip(given, weights, strict=True)
    ]


def _read_resolver(notes: Translation, made: Object) -> None:
    name, to = name_of(made), target(name_of(made), namespace_of(made))
    spec = made.get("spec") or {}
    times = {
        word: _limit(str(spec[field]))
        for field, word in (("connectTimeout", "connect"), ("requestTimeout", "request"))
        if spec.get(field)
    }
    if times:
        notes.behaviour(f"{name}-timeout", "timeout", to, times)
    if spec.get("prioritizeByLocality"):
        notes.behaviour(f"{name}-locality", "locality", to, {})
    for subset, each in (spec.get("subsets") or {}).items():
        notes.lost(made, f"subset {subset} is what {each.get('filter', 'is there')} takes")
    for field, why in (
        ("failover", "where it fails over to is said by hand: a fallback, or localities"),
        ("redirect", "a service that stands for another one is no behaviour"),
        ("defaultSubset", "the subset that nobody asks for is no behaviour"),
        ("loadBalancer", "how callers choose among instances is no behaviour"),
    ):
        if spec.get(field):
            notes.lost(made, f"{field}: {why}")


def _limit(text: str) -> str:
    """A Go duration; a negative one is no limit."""
    return "0s" if text.startswith("-") else text
