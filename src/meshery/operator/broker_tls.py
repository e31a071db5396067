"""TLS of a broker: the Secrets that its servers mount, and whom clients are to trust.

Routes between servers are always secured by the operator's own authority: they go by addresses that
no user could name beforehand, and hold while the user's certificate is replaced by another one's.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from meshery.core.errors import InvalidInputError
from meshery.operator.broker_frame import BrokerFrame
from meshery.operator.broker_parts import Secured
from meshery.operator.certificates import CERTIFICATE, fault_of, renewed
from meshery.operator.children import SECRETS, Children
from meshery.operator.conditions import Outcome
from meshery.operator.model import Tls
from meshery.operator.names import AUTHORITY, host_of, tls_of


async def secured(
    frame: BrokerFrame, children: Children, addresses: Sequence[str]
) -> Secured | Outcome | None:
    """Have the certificates; None without TLS, an outcome while the user's Secret is missing.

    `addresses` are those, besides the names of its Services, that servers are reached by.
    InvalidInputError for a Secret of the user's that clients would not trust.
    """
    wanted = frame.spec.tls
    if not wanted.enabled:
        return None
    given: dict[str, bytes] = {}
    if wanted.secret_name:
        found = await children.find(SECRETS, wanted.secret_name)
        if found is None:
            missing = f"waits for the Secret {wanted.secret_name} that spec.tls.secretName names"
            return Outcome("HealthCheckFailed", missing)
        given = _decoded(found)
        _check(given, frame)
    made = await _own(frame, children, addresses) if frame.is_cluster or not given else {}
    shown, own = given or made, tls_of(frame.broker)
    return Secured(
        clients=wanted.secret_name or own,
        routes=own,
        authorities=base64.b64encode(shown[AUTHORITY]).decode(),
        mark=_mark(shown, made),
    )


def standing(frame: BrokerFrame, servers: Mapping[str, Any] | None) -> tuple[Tls, str]:
    """The TLS that servers can have, and what they cannot: why, and what to do about it.

    Routes are encrypted at both ends or none. Servers that begin anew one by one would not find the
    others, and the first would wait for ever. `servers` is their StatefulSet, if there is one.
    """
    wanted = frame.spec.tls
    if servers is None or not frame.is_cluster or servers["spec"]["replicas"] < 2:
        return wanted, ""
    volumes = {each["name"]: each for each in servers["spec"]["template"]["spec"]["volumes"]}
    held = volumes.get("clients")
    if wanted.enabled == (held is not None):
        return wanted, ""
    named = held["secret"]["secretName"] if held else ""
    stands = Tls(held is not None, "" if named == tls_of(frame.broker) else named)
    turned = "on" if wanted.enabled else "off"
    return stands, (
        f"spec.tls of several servers that stand cannot be turned {turned}; take it back, or have "
        "all made anew at once, without what they store in their pods, by deletion of the "
        f"StatefulSet {frame.name}"
    )


async def unsecured(frame: BrokerFrame, children: Children) -> None:
    """Have no certificates where servers mount none of ours any more."""
    wanted = frame.spec.tls
    if not wanted.enabled or (wanted.secret_name and not frame.is_cluster):
        await children.take_away(SECRETS, tls_of(frame.broker))


def _check(given: Mapping[str, bytes], frame: BrokerFrame) -> None:
    fault = fault_of(given, host_of(frame.name, frame.namespace))
    if fault:
        name = frame.spec.tls.secret_name
        raise InvalidInputError(
            f"the Secret {name} cannot be used for TLS",
            cause=fault,
            remedy=f"renew what is in {name}, or leave out spec.tls.secretName",
            code="meshery.operator.certificate",
        )


async def _own(
    frame: BrokerFrame, children: Children, addresses: Sequence[str]
) -> dict[str, bytes]:
    name = tls_of(frame.broker)
    before = await children.find(SECRETS, name) or {}
    data = renewed(_decoded(before), [*_names(frame), *addresses])
    document = frame.document("v1", "Secret", name)
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    await children.put({**document, "type": "kubernetes.io/tls", "data": encoded})
    return data


def _names(frame: BrokerFrame) -> list[str]:
    """As servers are called within the cluster, and by who forwards a port to one."""
    names = ["localhost", "127.0.0.1"]
    for service in (frame.name, f"{frame.name}-headless"):
        full = f"{service}.{frame.namespace}.svc.cluster.local"
        labels = full.split(".")
        names += [".".join(labels[:count]) for count in (1, 2, 3)] + [full]
    headless = f"*.{frame.name}-headless.{frame.namespace}.svc"
    return [*names, headless, f"{headless}.cluster.local"]


def _decoded(secret: Mapping[str, Any]) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


def _mark(shown: Mapping[str, bytes], made: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for data in (shown, made):
        for key in (AUTHORITY, CERTIFICATE):
            digest.update(data.get(key, b""))
    return digest.hexdigest()[:32]
