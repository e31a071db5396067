"""Rendered text as objects, and which of them are hooks or outlive their release.

Texts come from templates of strangers, so this runs in the child, whose memory and time are
limited: aliases of aliases end nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from meshery.core.errors import InvalidInputError, Problem
from meshery.kube.helm.goyaml import GoLoader
from meshery.kube.helm.model import Hook, Object

HOOK = "helm.sh/hook"
_HOOK_DELETES = "helm.sh/hook-delete-policy"
_POLICY = "helm.sh/resource-policy"


def objects_of(text: str, *, source: str) -> list[Object]:
    """The objects of a text with several documents; empty ones are left, lists are opened.

    InvalidInputError when a document is no object of Kubernetes. `source` names the text in errors.
    """
    return list(_objects(text, source))


def load(text: str, *, source: str) -> Any:
    """The first document. InvalidInputError when it is no YAML."""
    return next(_documents(text, source), None)


def _documents(text: str, source: str) -> Iterator[Any]:
    try:
        yield from yaml.load_all(text, Loader=GoLoader)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise _fault(source, str(error), line=mark.line + 1 if mark else 0) from error


def _objects(text: str, source: str) -> Iterator[Object]:
    for document in _documents(text, source):
        if document is None:
            continue
        if not _is_object(document):
            raise _fault(source, "a document is no object with apiVersion and kind")
        if document["kind"] == "List":
            yield from (item for item in document.get("items") or () if _is_object(item))
        else:
            yield document


def _is_object(document: Any) -> bool:
    return isinstance(document, dict) and all(
        isinstance(document.get(key), str) for key in ("apiVersion", "kind")
    )


def parted(documents: Iterable[Object]) -> tuple[list[Object], list[Hook]]:
    """Objects of the release, and those that are hooks (helm.sh/docs/topics/charts_hooks)."""
    objects, hooks = [], []
    for document in documents:
        said = annotations(document)
        if said.get(HOOK):
            hooks.append(
                Hook(
                    events=_listed(said[HOOK]),
                    document=document,
                    delete_policies=_listed(said.get(_HOOK_DELETES, "")),
                )
            )
        else:
            objects.append(document)
    return objects, hooks


def is_kept(document: Object) -> bool:
    """Whether Helm leaves the object when its release goes."""
    return annotations(document).get(_POLICY, "").strip().lower() == "keep"


def annotations(document: Object) -> Mapping[str, str]:
    """The annotations of an object that may lack them."""
    metadata = document.get("metadata")
    said = metadata.get("annotations") if isinstance(metadata, dict) else None
    return {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in (each.strip() for each in text.split(",")) if part)


def _fault(source: str, cause: str, *, line: int = 0) -> InvalidInputError:
    return InvalidInputError(
        f"what {source} renders to cannot be read",
        cause=cause,
        remedy="correct the template, or the values that led to this",
        code="meshery.helm.template",
        problems=[Problem(source, cause, line)],
    )
