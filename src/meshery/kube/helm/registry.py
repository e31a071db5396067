"""A chart from an OCI registry, by the distribution protocol and through our guarded fetches.

github.com/opencontainers/distribution-spec (pull), helm.sh/docs/topics/registries (media types),
and the token scheme of distribution.github.io/distribution/spec/auth/token. Only anonymous pulls.
A registry on this machine's loopback address is spoken to without TLS, as is the custom.
"""

import hashlib
import re
from collections.abc import Collection
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from meshery.core.errors import (
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
    UnavailableError,
)
from meshery.core.http import Fetched, fetch
from meshery.kube.helm.bounds import BOUNDS
from meshery.kube.helm.repository import FETCH_S
from meshery.kube.helm.versions import near, newest

CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_MANIFEST_BYTES = 4 * 1024 * 1024
_REFERENCE = re.compile(
    r"oci://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:\d+)?/([a-z0-9._/-]+?)"
    r"(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?"
)
_Kind = TypeVar("_Kind")
_LOOPBACK = ("127.", "localhost", "[::1]")


class Reference(msgspec.Struct, frozen=True):
    """`oci://HOST/REPOSITORY[:TAG][@DIGEST]`. A chart's `+` is `_` in a tag."""

    base: str
    repository: str
    tag: str = ""
    digest: str = ""


class _Layer(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str
    digest: str
    size: int = 0


class _Manifest(msgspec.Struct, frozen=True):
    layers: tuple[_Layer, ...] = ()


class _Tags(msgspec.Struct, frozen=True):
    tags: tuple[str, ...] | None = ()


def reference_of(text: str) -> Reference:
    """Read an address. InvalidInputError when it is none."""
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise InvalidInputError(
            f"{text[:200]!r} is no address of a chart in a registry",
            remedy="write oci://HOST/REPOSITORY/CHART, with :VERSION if you like",
            code="meshery.helm.source",
        )
    host, port, repository, tag, digest = found.groups()
    scheme = "http" if host.startswith(_LOOPBACK) else "https"
    return Reference(f"{scheme}://{host}{port or ''}", repository, tag or "", digest or "")


async def pull(reference: Reference, *, version: str, registered: Collection[str]) -> bytes:
    """The archive of a chart; `version` is the newest where neither it nor a tag is said.

    NotFoundError names near versions; what came is compared with the digests that it goes by.
    """
    registry = _Registry(reference, registered)
    wanted = reference.digest or version.replace("+", "_") or reference.tag
    if not wanted:
        wanted = newest(await registry.tags())
    answer = await registry.ask(f"manifests/{wanted}", accept=_MANIFEST, limit=_MANIFEST_BYTES)
    if answer.status == 404:
        raise _not_there(reference, wanted, await registry.tags())
    _require(answer, 200, f"the manifest of {wanted}")
    if reference.digest:
        _compare(answer.body, reference.digest)
    layer = _chart_layer(answer.body)
    if layer.size > BOUNDS.archive_bytes or not layer.digest.startswith("sha256:"):
        raise _not_a_chart(f"its layer has {layer.size} bytes, digest {layer.digest[:80]}")
    blob = await registry.ask(f"blobs/{layer.digest}", accept="*/*", limit=BOUNDS.archive_bytes)
    _require(blob, 200, "the chart")
    _compare(blob.body, layer.digest)
    return blob.body


class _Registry:
    """One repository; it remembers the token that it was given."""

    def __init__(self, reference: Reference, registered: Collection[str]) -> None:
        self._root = f"{reference.base}/v2/{reference.repository}"
        self._repository = reference.repository
        self._registered = registered
        self._token = ""

    async def tags(self) -> tuple[str, ...]:
        """Versions that are there; none when the registry does not tell."""
        answer = await self.ask("tags/list", accept="application/json", limit=_MANIFEST_BYTES)
        if answer.status != 200:
            return ()
        found = _decoded(answer.body, _Tags).tags or ()
        return tuple(tag.replace("_", "+") for tag in found)

    async def ask(self, path: str, *, accept: str, limit: int) -> Fetched:
        """GET, with a token if the registry asks for one."""
        answer = await self._get(path, accept, limit)
        if answer.status == 401 and not self._token:
            self._token = await self._new_token(answer.headers.get("www-authenticate", ""))
            answer = await self._get(path, accept, limit)
        return answer

    async def _get(self, path: str, accept: str, limit: int) -> Fetched:
        headers = {"Accept": accept}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return await fetch(
            f"{self._root}/{path}",
            headers=headers,
            registered=self._registered,
            max_bytes=limit,
            timeout_s=FETCH_S,
        )

    async def _new_token(self, challenge: str) -> str:
        said = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        if not challenge.lower().startswith("bearer ") or "realm" not in said:
            raise _closed(challenge)
        asked = {"scope": f"repository:{self._repository}:pull"}
        if "service" in said:
            asked["service"] = said["service"]
        url = f"{said['realm']}?{urlencode(asked)}"
        answer = await fetch(url, registered=self._registered, max_bytes=_MANIFEST_BYTES)
        if answer.status != 200:
            raise _closed(f"{said['realm']} answered {answer.status}")
        given = _decoded(answer.body, dict[str, object])
        return str(given.get("token") or given.get("access_token") or "")


def _chart_layer(body: bytes) -> _Layer:
    layers = _decoded(body, _Manifest).layers
    found = next((layer for layer in layers if layer.media_type == CHART_LAYER), None)
    if found is None:
        raise _not_a_chart("its manifest has no layer with a chart")
    return found


def _decoded(body: bytes, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _not_a_chart(str(error)) from error


def _compare(body: bytes, digest: str) -> None:
    found = f"sha256:{hashlib.sha256(body).hexdigest()}"
    if found != digest:
        raise InvalidInputError(
            "what the registry sent is not what it goes by",
            cause=f"its digest is {found}, not {digest}",
            remedy="try again; if it stays so, do not trust this registry",
            code="meshery.helm.digest",
        )


def _require(answer: Fetched, status: int, what: str) -> None:
    if answer.status in {401, 403}:
        raise _closed(f"{answer.url} answered {answer.status}")
    if answer.status != status:
        raise UnavailableError(
            f"the registry did not send {what}",
            cause=f"{answer.url} answered {answer.status}",
            remedy="check the address",
            code="meshery.helm.registry",
        )


def _not_there(reference: Reference, wanted: str, tags: tuple[str, ...]) -> NotFoundError:
    nearest = ", ".join(near(wanted, tags))
    return NotFoundError(
        f"there is no version {wanted} of {reference.repository}",
        cause=f"near ones: {nearest}" if nearest else "the registry names no versions",
        remedy="choose one of them",
        code="meshery.helm.version",
    )


def _closed(cause: str) -> NotAuthenticatedError:
    return NotAuthenticatedError(
        "the registry wants a login",
        cause=cause,
        remedy="pull the chart yourself (`helm pull`), and give its archive",
        code="meshery.helm.registry",
    )


def _not_a_chart(cause: str) -> InvalidInputError:
    return InvalidInputError(
        "the registry holds no chart there",
        cause=cause,
        remedy="check the address; images and charts look alike",
        code="meshery.helm.registry",
    )
