"""Matching names, images and labels against tables."""

import re
from collections.abc import Mapping
from fnmatch import translate
from functools import lru_cache
from typing import Literal

from meshery.discovery.fingerprints.images import ImageReference
from meshery.discovery.fingerprints.rows import Images

Strength = Literal["distinct", "organisation", "common", ""]
"""How an image fits: by its name alone, with its maker's, only by a common name, or not."""


@lru_cache(maxsize=1024)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(each) for each in patterns) or r"(?!)")


def fits(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name fits any of the globs."""
    return bool(name) and bool(_compiled(patterns).match(name))


def plain(text: str) -> str:
    """A name as tables write it: mirrors like to join the parts of a path with `_` or `.`."""
    return text.lower().replace("_", "-").replace(".", "-")


def image_strength(
    image: ImageReference, images: Images, organisations: tuple[str, ...] = ()
) -> Strength:
    """How well an image fits a row of a table."""
    basename = plain(image.basename)
    if fits(basename, images.distinct):
        return "distinct"
    if not fits(basename, images.common):
        return ""
    return "organisation" if has_organisation(image, organisations) else "common"


def has_organisation(image: ImageReference, organisations: tuple[str, ...]) -> bool:
    """Whether a component of the path is one of the makers' names."""
    return any(plain(segment) in organisations for segment in image.segments)


def labels_fit(labels: Mapping[str, str], alternatives: tuple[dict[str, str], ...]) -> str:
    """The first alternative that all holds, written `a=b,c=d`; empty where none does."""
    for wanted in alternatives:
        if all(fits(labels.get(key, ""), (value,)) for key, value in wanted.items()):
            return ",".join(f"{key}={labels[key]}" for key in wanted)
    return ""
