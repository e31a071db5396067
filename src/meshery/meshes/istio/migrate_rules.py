"""Rules of VirtualServices read back: splits, routes, faults, copies, retries, timeouts."""

from collections.abc import Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.istio.condition import Condition
from meshery.meshes.istio.notes import Native, own, split_host, target_of
from meshery.meshes.istio.pressure import GRPC_CODES
from meshery.meshes.istio.reading import conditions, is_plain, match_document
from meshery.meshes.look import name_of, namespace_of
from meshery.meshes.translation import Translation

_UNSAID = ("corsPolicy", "delegate", "directResponse")
_WHOLE_HOST = ("timeout", "retries", "mirrors", "mirror")


def read_rules(notes: Translation, made: Object) -> None:
    """The behaviours of one VirtualService for the mesh's own callers."""
    hosts = own(made, "hosts") or []
    if "mesh" not in (own(made, "gateways") or ["mesh"]):
        return
    for field in ("tcp", "tls"):
        if own(made, field):
            notes.lost(made, f"{field} rules are read by a person")
    for host in hosts:
        _Host(notes, made, str(host)).read(own(made, "http") or [])


class _Host:
    """One host of a VirtualService that is being read."""

    def __init__(self, notes: Translation, made: Object, host: str) -> None:
        self.notes, self.made = notes, made
        self.namespace = namespace_of(made)
        self.target = target_of(host, self.namespace)
        self.host = split_host(host, self.namespace)
        self.name = name_of(made)

    def read(self, rules: Sequence[Native]) -> None:
        """All rules, then what they say alike."""
        for rule in rules:
            matches = rule.get("match") or []
            for condition in conditions(matches):
                self._tell_prefix(matches, condition)
                if condition is None or not is_plain(condition):
                    self._left(rule, "its match asks for callers, ports or more than a match says")
                else:
                    self._rule(rule, condition)
        for field in _WHOLE_HOST:
            self._alike(rules, field)

    def _tell_prefix(self, matches: Sequence[Native], condition: Condition | None) -> None:
        prefix = condition.path.prefix if condition is not None and condition.path else None
        if prefix and {"prefix": prefix} in [each.get("uri") for each in matches]:
            self.notes.lost(self.made, f"prefix {prefix} is read as whole elements")

    def _rule(self, rule: Native, condition: Condition) -> None:
        for field in _UNSAID:
            if field in rule:
                self._left(rule, f"{field} is no behaviour")
        ways = rule.get("route") or []
        backends = [self._backend(each) for each in ways]
        changed = _changes(rule)
        match = match_document(condition)
        if len(backends) > 1 and not changed:
            self._add("split", {"backends": backends, **match})
        elif changed or match or "redirect" in rule or _leaves(backends):
            only = [{key: each[key] for key in each if key != "weight"} for each in backends]
            kept = (backends if len(backends) > 1 else only) if _leaves(backends) else []
            if kept or changed or "redirect" in rule:
                redirect = _redirect(rule)
                self._add("route", {**match, **changed, **redirect, **_listed(kept)})
        if rule.get("fault"):
            self._fault(rule["fault"], match)

    def _backend(self, way: Native) -> dict[str, Any]:
        to = way.get("destination") or {}
        name, home = split_host(str(to.get("host", "")), self.namespace)
        made: dict[str, Any] = {}
        if (name, home) != self.host or not to.get("subset"):
            made["service"] = name if home in {"", self.host[1]} else f"{name}.{home}"
        if to.get("subset"):
            made["subset"] = to["subset"]
        if "weight" in way:
            made["weight"] = way["weight"]
        if made.get("service") == self.host[0]:
            made["itself"] = True
        return made

    def _fault(self, fault: Native, match: Native) -> None:
        params: dict[str, Any] = dict(match)
        for field, value in (("delay", "fixedDelay"), ("abort", "httpStatus")):
            said = fault.get(field)
            if said is None:
                continue
            percent = (said.get("percentage") or {}).get("value", 100.0)
            share = {} if percent == 100 else {"percent": percent}
            if field == "delay":
                params["delay"] = {"duration": said.get(value), **share}
            elif said.get("grpcStatus") in GRPC_CODES:
                params["abort"] = {"grpcStatus": GRPC_CODES.index(said["grpcStatus"]), **share}
            else:
                params["abort"] = {"status": said.get(value), **share}
        self._add("fault", params)

    def _alike(self, rules: Sequence[Native], field: str) -> None:
        """What all rules say alike holds for the host; else that of the last, and a line."""
        said = [rule.get(field) for rule in rules if "redirect" not in rule]
        if not any(said):
            return
        if any(each != said[-1] for each in said):
            self.notes.lost(
                self.made, f"{field} differs between rules; the last one's is read for all"
            )
        last = said[-1]
        if not last:
            return
        if field == "timeout":
            self._add("timeout", {"request": last})
        elif field == "retries":
            self._retries(last)
        else:
            percentage = next((each.get("mirrorPercentage") for each in rules[-1:]), None)
            copies = (
                last if field == "mirrors" else [{"destination": last, "percentage": percentage}]
            )
            for each in copies:
                self._copy(each)

    def _retries(self, retries: Native) -> None:
        params: dict[str, Any] = {}
        if not retries.get("attempts"):
            self.notes.lost(self.made, "retries are off, which no behaviour says")
            return
        params["attempts"] = retries["attempts"]
        if retries.get("perTryTimeout"):
            params["perTryTimeout"] = retries["perTryTimeout"]
        if retries.get("retryOn"):
            params["on"] = [each.strip() for each in retries["retryOn"].split(",")]
        if retries.get("backoff"):
            params["backoff"] = {"base": retries["backoff"]}
        self._add("retry", params)

    def _copy(self, copy: Native) -> None:
        to = self._backend(copy)
        to.pop("itself", None)
        percent = (copy.get("percentage") or {}).get("value", 100.0)
        self._add("mirror", {"to": to, **({} if percent == 100 else {"percent": percent})})

    def _add(self, kind: str, params: dict[str, Any]) -> None:
        backends = params.get("backends") or []
        for each in backends:
            each.pop("itself", None)
        self.notes.behaviour(f"{self.name}-{kind}", kind, self.target, params)

    def _left(self, rule: Native, why: str) -> None:
        what = rule.get("name") or "a rule"
        self.notes.lost(self.made, f"{what}: {why}")


def _leaves(backends: Sequence[Native]) -> bool:
    """Whether requests go elsewhere than to the host as a whole."""
    return len(backends) > 1 or any(not each.get("itself") for each in backends)


def _listed(backends: list[dict[str, Any]]) -> dict[str, Any]:
    return {"backends": backends} if backends else {}


def _changes(rule: Native) -> dict[str, Any]:
    made: dict[str, Any] = {}
    rewrite = rule.get("rewrite") or {}
    if rewrite:
        made["rewrite"] = _rewrite(rewrite, rule)
    if rule.get("headers"):
        made["headerOps"] = {
            side: {key: value for key, value in changes.items() if value}
            for side, changes in rule["headers"].items()
        }
    return made


def _rewrite(rewrite: Native, rule: Native) -> dict[str, Any]:
    made: dict[str, Any] = {}
    regex = rewrite.get("uriRegexRewrite")
    if regex is not None and regex.get("match") == "^/.*$":
        made["path"] = {"full": regex["rewrite"].replace("\\\\", "\\")}
    elif regex is not None and regex.get("rewrite", "").endswith("\\1"):
        made["path"] = {"prefix": regex["rewrite"][:-2] or "/"}
    elif rewrite.get("uri"):
        prefixed = any("prefix" in (each.get("uri") or {}) for each in rule.get("match") or [])
        made["path"] = {"prefix" if prefixed else "full": rewrite["uri"]}
    if rewrite.get("authority"):
        made["host"] = rewrite["authority"]
    return made


def _redirect(rule: Native) -> dict[str, Any]:
    given = rule.get("redirect")
    if given is None:
        return {}
    made = {
        name: given[field]
        for name, field in (("scheme", "scheme"), ("host", "authority"), ("port", "port"))
        if given.get(field)
    }
    if given.get("uri"):
        made["path"] = {"full": given["uri"]}
    elif given.get("prefixRewrite"):
        made["path"] = {"prefix": given["prefixRewrite"].rstrip("/") or "/"}
    made["status"] = given.get("redirectCode", 301)
    return {"redirect": made}
