"""Access rules and strict mutual TLS, as role-based access control in slots.

Two HTTP slots in turn: `access-deny`, then `access-allow`. The first also refuses callers without
an identity where mutual TLS is strict: the network slot closes new raw connections, this one the
requests on raw connections from before.
"""

from collections.abc import Iterable

from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.security import Access, Caller, Operation
from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.effect import mtls_mode
from meshery.sandbox.render.inbound import identity_of, suffered
from meshery.sandbox.render.listeners import ALLOW_SLOT, DENY_SLOT, NETWORK_SLOT
from meshery.sandbox.render.names import (
    EXTENSION_TYPE,
    HTTP_RBAC_TYPE,
    NETWORK_RBAC_TYPE,
    Json,
    discovery_file,
)

AUDIT_PREFIX = "audit"
_STRICT = "mutual TLS is strict"
_ANYBODY = {"any": True}
_AUTHENTICATED: Json = {"authenticated": {}}


def render_deny(world: World, instance: Instance) -> Json:
    """The file of the slot that refuses; audit rules are its shadow rules, which only count."""
    rules = _policies(world, instance, "deny")
    if instance.role == "app" and mtls_mode(world, instance.service) == "strict":
        rules[_STRICT] = {
            "permissions": [_ANYBODY],
            "principals": [{"not_id": _AUTHENTICATED}],
        }
    config: Json = {}
    if rules:
        config["rules"] = {"action": "DENY", "policies": rules}
    audits = _policies(world, instance, "audit")
    if audits:
        config["shadow_rules"] = {"action": "DENY", "policies": audits}
        config["shadow_rules_stat_prefix"] = AUDIT_PREFIX
    return _slot(DENY_SLOT, HTTP_RBAC_TYPE, config)


def render_allow(world: World, instance: Instance) -> Json:
    """The file of the slot that takes only what a rule allows, once there is a rule."""
    rules = _policies(world, instance, "allow")
    config: Json = {"rules": {"action": "ALLOW", "policies": rules}} if rules else {}
    return _slot(ALLOW_SLOT, HTTP_RBAC_TYPE, config)


def render_network(world: World, instance: Instance) -> Json:
    """The file of the slot on the raw chain: closed where mutual TLS is strict."""
    config: Json = {"stat_prefix": "raw"}
    if mtls_mode(world, instance.service) == "strict":
        config["rules"] = {"action": "ALLOW", "policies": {}}
    return _slot(NETWORK_SLOT, NETWORK_RBAC_TYPE, config)


def demands_mtls(file: Json) -> bool:
    """Whether the file of the refusing or the network slot keeps plaintext out."""
    config = file["resources"][0]["typed_config"]
    rules = config.get("rules", {})
    return _STRICT in rules.get("policies", {}) or (
        config["@type"] == NETWORK_RBAC_TYPE and bool(rules)
    )


def identity_named(world: World, identity: str) -> str:
    """A SPIFFE id as it is, else that of the service or account of this name."""
    return identity if "://" in identity else identity_of(world, identity)


def _slot(name: str, type_url: str, config: Json) -> Json:
    extension = {"name": name, "typed_config": {"@type": type_url, **config}}
    return discovery_file(EXTENSION_TYPE, [extension])


def _policies(world: World, instance: Instance, action: str) -> Json:
    return {
        behaviour.name: _policy(world, instance, behaviour, behaviour.params)
        for behaviour in suffered(world, Kind.ACCESS, instance)
        if isinstance(behaviour.params, Access) and behaviour.params.action == action
    }


def _policy(world: World, instance: Instance, behaviour: Behaviour, access: Access) -> Json:
    principals = [_principal(world, caller) for caller in access.from_] or [_ANYBODY]
    if behaviour.source is not None:
        source = _exactly(identity_of(world, behaviour.source))
        principals = [_every("and_ids", "ids", [source, each]) for each in principals]
    port = world.service(instance.service).port
    permissions = [_permission(operation, port) for operation in access.to] or [_ANYBODY]
    return {"permissions": permissions, "principals": principals}


def _principal(world: World, caller: Caller) -> Json:
    parts: list[Json] = []
    if caller.identity == "*":
        parts.append(_AUTHENTICATED)
    elif caller.identity is not None:
        parts.append(_exactly(identity_named(world, caller.identity)))
    if caller.namespace is not None:
        prefix = f"spiffe://{world.trust_domain}/ns/{caller.namespace}/"
        parts.append({"authenticated": {"principal_name": {"prefix": prefix}}})
    if caller.cidr is not None:
        address, _, bits = caller.cidr.partition("/")
        length = int(bits) if bits else 128 if ":" in address else 32
        parts.append({"direct_remote_ip": {"address_prefix": address, "prefix_len": length}})
    return _every("and_ids", "ids", parts)


def _permission(operation: Operation, port: int) -> Json:
    parts: list[Json] = []
    if operation.methods:
        parts.append(_either(_method(method) for method in operation.methods))
    if operation.paths:
        parts.append(_either(_path(path) for path in operation.paths))
    if operation.ports and port not in operation.ports:
        parts.append({"not_rule": _ANYBODY})  # another port of the service: never this one
    return _every("and_rules", "rules", parts or [_ANYBODY])


def _exactly(identity: str) -> Json:
    return {"authenticated": {"principal_name": {"exact": identity}}}


def _method(method: str) -> Json:
    return {"header": {"name": ":method", "string_match": {"exact": method}}}


def _path(path: str) -> Json:
    if path == "*":
        return _ANYBODY
    if path.endswith("*"):
        text = {"prefix": path[:-1]}
    elif path.startswith("*"):
        text = {"suffix": path[1:]}
    else:
        text = {"exact": path}
    return {"url_path": {"path": text}}


def _either(parts: Iterable[Json]) -> Json:
    found = list(parts)
    return found[0] if len(found) == 1 else {"or_rules": {"rules": found}}


def _every(word: str, inner: str, parts: list[Json]) -> Json:
    return parts[0] if len(parts) == 1 else {word: {inner: parts}}
