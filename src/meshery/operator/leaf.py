"""Brokers that connect outward as NATS leaf nodes: what is asked for, and what it adds to them.

Whoever is connected to asks the broker's JetStream under the name of its `domain`, and hears what
it asks for, as the rights of its own account there allow. Nothing has to reach into the cluster.
docs.nats.io/running-a-nats-service/configuration/leafnodes
"""

import base64
import binascii
import hashlib
import re
from typing import Any

from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.operator.children import SECRETS, Children
from meshery.operator.model import LeafNode

Document = dict[str, Any]

SEED, AUTHORITY = "nkey", "ca.crt"
"""The keys of the Secret: the seed of the NKey that the broker proves to have, and, where the other
side's certificate is of no public authority, that authority."""
_PLACE = "/etc/nats-leaf"
_VOLUME = "leaf"
_VARIABLE = "NATS_LEAF_SEED"
_URL = re.compile(r"(tls|nats)://[A-Za-z0-9.:\[\]-]{1,290}:[0-9]{1,5}")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class LeafParts:
    """What a Broker's documents get of it. `data` is that of the Secret, base64."""

    def __init__(self, leaf: LeafNode, data: dict[str, str]) -> None:
        self._leaf = leaf
        self._data = data

    @property
    def jetstream(self) -> list[str]:
        """Lines for the block `jetstream`."""
        return [f'  domain: "{self._leaf.domain}"']

    @property
    def configuration(self) -> list[str]:
        """The block `leafnodes`."""
        return [
            "leafnodes {",
            "  reconnect: 2s",
            "  remotes [ {",
            f'    url: "{self._leaf.url}"',
            f"    nkey: ${_VARIABLE}",
            *([f'    tls {{ ca_file: "{_PLACE}/{AUTHORITY}" }}'] if self._has_authority else []),
            "  } ]",
            "}",
        ]

    @property
    def marks(self) -> dict[str, str]:
        """Annotations of the pods: another key is read by another pod."""
        text = "\n".join(self._data.get(key, "") for key in (SEED, AUTHORITY))
        return {"meshery.io/leaf": hashlib.sha256(text.encode()).hexdigest()[:32]}

    @property
    def environment(self) -> list[Document]:
        """The seed, which stands in no configuration."""
        reference = {"name": self._leaf.secret_name, "key": SEED}
        return [{"name": _VARIABLE, "valueFrom": {"secretKeyRef": reference}}]

    @property
    def volumes(self) -> list[Document]:
        """Volumes of the pods."""
        items = [{"key": AUTHORITY, "path": AUTHORITY}]
        secret = {"secretName": self._leaf.secret_name, "items": items, "defaultMode": 0o440}
        return [{"name": _VOLUME, "secret": secret}] if self._has_authority else []

    @property
    def mounts(self) -> list[Document]:
        """Where the servers have them."""
        mount = {"name": _VOLUME, "mountPath": _PLACE, "readOnly": True}
        return [mount] if self._has_authority else []

    @property
    def _has_authority(self) -> bool:
        return bool(self._data.get(AUTHORITY))


async def leaf_parts(leaf: LeafNode | None, children: Children) -> LeafParts | None:
    """What is asked for with what its Secret holds; None where nothing is asked for.

    NotFoundError without that Secret, InvalidInputError when it holds no seed of a user's NKey.
    """
    if leaf is None:
        return None
    # The schema says so too, but the older group's is not ours.
    if not (_URL.fullmatch(leaf.url) and _DOMAIN.fullmatch(leaf.domain) and leaf.secret_name):
        raise InvalidInputError(
            "spec.leafNode needs a url, the name of a Secret, and a domain",
            remedy="write it as `mesheryctl kubernetes leaf` prints it",
            code="meshery.operator.leaf",
        )
    found = await children.find(SECRETS, leaf.secret_name)
    if found is None:
        raise NotFoundError(
            f"the Secret {leaf.secret_name} is not there",
            cause="spec.leafNode.secretName names it",
            remedy="create it: mesheryctl kubernetes leaf prints it",
            code="meshery.operator.leaf",
        )
    data: dict[str, str] = found.get("data") or {}
    if not _is_seed(data.get(SEED, "")):
        raise InvalidInputError(
            f"the Secret {leaf.secret_name} holds no credentials of a leaf node",
            cause=f"its key {SEED} should be the seed of a user's NKey, which begins with SU",
            remedy="replace it: mesheryctl kubernetes leaf prints it",
            code="meshery.operator.leaf",
        )
    return LeafParts(leaf, data)


def told(leaf: LeafNode | None, connected: int) -> Document:
    """What the status says of it; `connected` servers are."""
    if leaf is None:
        return {}
    why = "" if connected else (
        f"{leaf.url} is not reached, its certificate is not trusted, or it refuses these "
        "credentials; the log of the servers says which"
    )  # fmt: skip
    return {"leafNode": {"connected": connected > 0, "message": why}}


def _is_seed(text: str) -> bool:
    try:
        seed = base64.b64decode(text, validate=True).strip()
    except binascii.Error:
        return False
    return seed.startswith(b"SU") and len(seed) == 58
