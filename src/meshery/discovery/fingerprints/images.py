"""Image references, read as the container runtimes read them.

Source: the reference grammar of the OCI distribution specification (`distribution/reference`). The
registry is the first component where it has a dot, a port or is `localhost`; a tag stands after the
last slash; a digest after `@`. A mirror keeps the last part of the path, seldom the rest, so that
tables match on `basename`.
"""

import re
from functools import lru_cache

import msgspec

DEFAULT_REGISTRY = "docker.io"

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_REGISTRY = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")


class ImageReference(msgspec.Struct, frozen=True):
    """One image: registry with its port, path within it, tag and digest; empty where not given."""

    registry: str = ""
    path: str = ""
    tag: str = ""
    digest: str = ""

    @property
    def basename(self) -> str:
        """The last component of the path, what mirrors keep."""
        return self.path.rpartition("/")[2]

    @property
    def segments(self) -> tuple[str, ...]:
        """The components of the path before the last."""
        return tuple(self.path.split("/")[:-1])

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.path}{tag}{digest}" if self.path else ""


@lru_cache(maxsize=4096)
def parse_image(text: str) -> ImageReference:
    """The reference that `text` writes; an empty one where it writes none."""
    rest, _, digest = text.strip().rpartition("://")[2].partition("@")
    if "@" in digest or (digest and not _DIGEST.fullmatch(digest)):
        return ImageReference()
    registry, rest = _split_registry(rest)
    path, _, tag = rest.partition(":")
    if not _PATH.fullmatch(path) or (":" in rest and not _TAG.fullmatch(tag)):
        return ImageReference()
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"library/{path}"
    return ImageReference(registry, path, tag, digest)


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    is_registry = bool(slash) and (
        "." in first or ":" in first or first == "localhost" or first != first.lower()
    )
    if not is_registry:
        return DEFAULT_REGISTRY, text
    return (first, rest) if _REGISTRY.fullmatch(first) else ("", "")
