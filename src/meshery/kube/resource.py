"""`Resource`: one kind an API server serves, in one version, and the paths of its objects."""

from urllib.parse import quote

import msgspec

from meshery.core.errors import InvalidInputError


class Resource(msgspec.Struct, frozen=True):
    """A kind in one version of its group; the core group is empty.

    `preferred` marks the version of the group that the server itself prefers.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    preferred: bool = True

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def watchable(self) -> bool:
        """Whether it can be listed and watched."""
        return {"list", "watch"} <= set(self.verbs)

    def path(self, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of the collection, or of one object; no namespace means all of them.

        InvalidInputError for a name that would become another path.
        """
        parts = ["/api" if not self.group else f"/apis/{self.group}", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", _segment(namespace)]
        parts.append(self.plural)
        if name:
            parts.append(_segment(name))
        return "/".join([*parts, subresource] if subresource else parts)

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _segment(text: str) -> str:
    if text in {".", ".."} or "/" in text or "%" in text:
        raise InvalidInputError(
            f"{text!r:.80} is not a name",
            cause="names hold no slash and no percent sign, and are not . or ..",
            remedy="write the object's own name",
            code="meshery.kube.name",
        )
    return quote(text, safe=":")
