"""`Item`: an object as it came, its metadata decoded, the rest left as bytes.

Most of what is listed is looked at by name and label only; decoding all of it costs ten times more.
"""

from typing import Any

import msgspec

from meshery.kube.resource import Resource

METADATA_KIND = "PartialObjectMetadata"


class Owner(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An owner reference."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """What every object has (`ObjectMeta`); times are RFC 3339 texts, empty where absent."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = ""
    deletion_timestamp: str | None = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[Owner, ...] = ()
    finalizers: tuple[str, ...] = ()


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    metadata: Metadata
    api_version: str = ""
    kind: str = ""
    spec: msgspec.Raw = msgspec.Raw(b"null")
    status: msgspec.Raw = msgspec.Raw(b"null")


class Item(msgspec.Struct, frozen=True):
    """An object: `raw` is the whole of it, `spec` and `status` parts of it (JSON `null` if none).

    The bytes are views into the answer they came in: keep `detached()`, or the whole answer stays.
    """

    api_version: str
    kind: str
    metadata: Metadata
    spec: msgspec.Raw
    status: msgspec.Raw
    raw: msgspec.Raw

    def document(self) -> dict[str, Any]:
        """The whole object, decoded, with its `apiVersion` and `kind`, which lists leave out."""
        found: dict[str, Any] = msgspec.json.decode(self.raw)
        named = {"apiVersion": self.api_version, "kind": self.kind}
        return {**named, **found, **named}

    def detached(self) -> "Item":
        """The same with bytes of its own."""
        raw = self.raw.copy()
        return item_of(raw, api_version=self.api_version, kind=self.kind)


_head = msgspec.json.Decoder(_Head)


def item_of(raw: msgspec.Raw | bytes, *, api_version: str = "", kind: str = "") -> Item:
    """Decode the head of an object; `api_version` and `kind` fill in what a list left out.

    Of an object whose metadata alone was asked for they say what it is the metadata of.

    msgspec's errors are left to the caller, who knows what was asked.
    """
    head = _head.decode(raw)
    is_named = head.kind and not (kind and head.kind == METADATA_KIND)
    return Item(
        api_version=(is_named and head.api_version) or api_version,
        kind=head.kind if is_named else kind,
        metadata=head.metadata,
        spec=head.spec,
        status=head.status,
        raw=raw if isinstance(raw, msgspec.Raw) else msgspec.Raw(raw),
    )


def item_of_kind(raw: msgspec.Raw | bytes, resource: Resource) -> Item:
    """As `item_of`, for an object of a known kind."""
    return item_of(raw, api_version=resource.api_version, kind=resource.kind)
