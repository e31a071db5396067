"""Which image runs: a setting, with the version that an object asks for."""

import re
from collections.abc import Mapping

import msgspec

from meshery import __version__
from meshery.core.errors import InvalidInputError

NATS = "nats:2.14.2-alpine"
MESHERY = f"meshery/meshery-python:{__version__}"
_REFERENCE = re.compile(
    r"(?P<name>(?:[\w.-]+(?::\d+)?/)?[\w.-]+(?:/[\w.-]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_ALPINE = "-alpine"


class Images(msgspec.Struct, frozen=True):
    """The images of the operator's settings, each with a tag, a digest, or both."""

    broker: str = NATS
    meshsync: str = MESHERY

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Images":
        """From `BROKER_IMAGE` and `MESHSYNC_IMAGE`. InvalidInputError for what is no image."""
        found = cls(
            environment.get("BROKER_IMAGE") or NATS, environment.get("MESHSYNC_IMAGE") or MESHERY
        )
        for image in (found.broker, found.meshsync):
            versioned(image, "")
        return found


def versioned(image: str, version: str) -> str:
    """The image in a version: `2.14.2`, `v2.14.2`, or with `@sha256:...` behind it.

    Without a version the image is as it was set. Another version than that of the setting lets go
    of the digest of the setting, which is that of its own version.
    """
    found = _REFERENCE.fullmatch(image)
    if found is None:
        raise InvalidInputError(
            f"{image!r} is no image", remedy="write NAME:TAG, NAME@sha256:DIGEST, or all three"
        )
    wanted, _, digest = version.removeprefix("v").partition("@")
    if not wanted:
        return image
    tag = found["tag"] or ""
    # Who says 2.14.2 means that version, in the flavour that was set.
    if tag.endswith(_ALPINE) and not wanted.endswith(_ALPINE) and _is_plain(wanted):
        wanted += _ALPINE
    digest = digest or (found["digest"] or "" if wanted == tag else "")
    return f"{found['name']}:{wanted}" + (f"@{digest}" if digest else "")


def _is_plain(version: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)*", version) is not None
