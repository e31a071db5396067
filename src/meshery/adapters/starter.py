"""A project for a new adapter: small, and working from the first moment."""

import re
from importlib.resources import files
from pathlib import Path

from meshery.core.errors import ConflictError, InvalidInputError

_TEMPLATE = "acme"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_project(name: str, folder: Path) -> list[Path]:
    """Write a project for the mesh `name` into a new folder; the files.

    InvalidInputError for a name that is none, ConflictError when the folder is there and not empty.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"{name!r} cannot name a mesh", remedy="lower case letters, digits and dashes"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is there already", remedy="name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for each in sorted(files("meshery.adapters").joinpath("template").iterdir(), key=str):
        target = folder / _named(each.name, name.replace("-", "_")).removesuffix(".txt")
        target.write_text(_text(each.read_text(encoding="utf-8"), name), encoding="utf-8")
        written.append(target)
    return written


def _text(text: str, name: str) -> str:
    """The template's words for the mesh, in each of their forms."""
    module = name.replace("-", "_")
    text = re.sub(rf"\b{_TEMPLATE}_adapter\b", f"{module}_adapter", text)
    text = text.replace(_TEMPLATE.upper(), module.upper())
    text = text.replace(_TEMPLATE.title(), name.replace("-", " ").title())
    return text.replace(_TEMPLATE, name)


def _named(text: str, module: str) -> str:
    return text.replace(_TEMPLATE, module)
