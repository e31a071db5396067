"""Kubeconfig files: read, merged as kubectl merges them, and flattened context by context.

A file from outside is hostile until checked: it may name programs to run (`exec`) and files to
read. `Trust` says what it may do; an upload gets `UPLOADED`, a person's own file `OWN`. Format:
kubernetes.io/docs/reference/config-api/kubeconfig.v1; merging as in client-go's loading rules.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from meshery.core.errors import InvalidInputError, NotFoundError, Problem
from meshery.core.yamlfile import YamlDocument, parse_yaml, read_yaml
from meshery.kube.access import Access
from meshery.kube.contextreader import read_context
from meshery.kube.fieldreader import Entry

MAX_ENTRIES = 1_000
"""Contexts, clusters or users in one file; the largest seen hold a few hundred."""


class Trust(msgspec.Struct, frozen=True):
    """What a kubeconfig may do on this machine: run programs, and name files.

    `commands` are programs allowed even where `programs` is False. `issuers` are `host:port` pairs
    of OpenID Connect providers that may be private; None permits the file's own issuers.
    """

    programs: bool
    files: bool
    commands: frozenset[str] = frozenset()
    issuers: frozenset[str] | None = frozenset()


OWN = Trust(programs=True, files=True, issuers=None)
"""A person's own file, read by that person's own command."""
UPLOADED = Trust(programs=False, files=False)
"""A file that came over the network."""
REFUSED = "meshery.kubeconfig.refused"
"""The code of what is forbidden to a file."""


class Kubeconfig:
    """The entries of one or more files; `access` flattens one context."""

    def __init__(self, sections: Mapping[str, Mapping[str, Entry]], *, current: str) -> None:
        self._contexts = sections["contexts"]
        self._clusters = sections["clusters"]
        self._users = sections["users"]
        self.current = current

    @property
    def contexts(self) -> tuple[str, ...]:
        """Names, in the order of the files."""
        return tuple(self._contexts)

    def access(self, name: str = "", *, trust: Trust) -> Access:
        """The context `name`, or the current one, on its own.

        NotFoundError when there is none; InvalidInputError with every fault of it, code
        `meshery.kubeconfig.refused` when `trust` forbids what it asks for.
        """
        wanted = name or self.current
        if wanted not in self._contexts:
            raise NotFoundError(
                f"there is no context {wanted!r}" if wanted else "no context is current",
                cause="the file has " + (", ".join(self.contexts) or "no contexts"),
                remedy="name one of them",
                code="meshery.kubeconfig.context",
            )
        access, problems, refused = read_context(
            self._contexts[wanted],
            clusters=self._clusters,
            users=self._users,
            programs=trust.commands if not trust.programs else None,
            issuers=trust.issuers,
            files=trust.files,
        )
        if refused:
            raise _refusal(wanted, [*refused, *problems])
        if access is None or problems:
            raise _faults(f"the context {wanted!r} cannot be used", problems)
        return access


def parse_kubeconfig(text: bytes | str, *, source: str = "the kubeconfig") -> Kubeconfig:
    """Read one file's text. Files it names are relative to nothing, so they must be absolute.

    InvalidInputError lists every fault of its structure with lines; larger than 1 MB, too deep
    and too many aliases are faults as well. What only one context needs is checked by `access`.
    """
    return _merge([(parse_yaml(text, source=source), None)])


def read_kubeconfigs(paths: Sequence[Path]) -> Kubeconfig:
    """Read and merge files: for each name the first file wins; files that are not there are left.

    InvalidInputError when none of them is there, or with the faults of all.
    """
    there = [path for path in paths if path.exists()]
    if not there:
        raise InvalidInputError(
            "there is no kubeconfig",
            cause="looked at " + (", ".join(str(path) for path in paths) or "no path"),
            remedy="give --kubeconfig FILE, or set KUBECONFIG",
            code="meshery.kubeconfig.missing",
        )
    return _merge([(read_yaml(path), path.parent) for path in there])


def usual_paths(environment: Mapping[str, str]) -> list[Path]:
    """Where kubectl looks: every path of KUBECONFIG, else `~/.kube/config`."""
    listed = [part for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    home = Path(environment.get("HOME") or Path.home())
    return [Path(part).expanduser() for part in listed] or [home / ".kube" / "config"]


_SECTIONS = {"contexts": "context", "clusters": "cluster", "users": "user"}


def _merge(documents: Sequence[tuple[YamlDocument, Path | None]]) -> Kubeconfig:
    sections: dict[str, dict[str, Entry]] = {section: {} for section in _SECTIONS}
    problems: list[Problem] = []
    current = ""
    for document, folder in documents:
        data = document.data if document.data is not None else {}
        if not isinstance(data, dict):
            problems.append(Problem("", f"{document.source} is no mapping", 1))
            continue
        problems += _check_kind(data, document)
        given = data.get("current-context") or ""
        if not isinstance(given, str):
            problems.append(_at(document, "current-context", "must be a text"))
        current = current or str(given)
        for section in _SECTIONS:
            for entry in _entries(section, data, document, folder=folder, problems=problems):
                sections[section].setdefault(entry.name, entry)
    if problems:
        raise _faults("the kubeconfig cannot be used", problems)
    return Kubeconfig(sections, current=current)


def _check_kind(data: Mapping[str, Any], document: YamlDocument) -> Iterator[Problem]:
    if data.get("kind") not in (None, "", "Config"):
        yield _at(document, "kind", f"is {data['kind']!r:.60}, not Config")
    if data.get("apiVersion") not in (None, "", "v1"):
        yield _at(document, "apiVersion", f"is {data['apiVersion']!r:.60}, not v1")


def _entries(
    section: str,
    data: Mapping[str, Any],
    document: YamlDocument,
    *,
    folder: Path | None,
    problems: list[Problem],
) -> Iterator[Entry]:
    listed = data.get(section) or []
    if not isinstance(listed, list) or len(listed) > MAX_ENTRIES:
        problems.append(_at(document, section, f"must be a list of at most {MAX_ENTRIES}"))
        return
    seen: set[str] = set()
    inner = _SECTIONS[section]
    for position, item in enumerate(listed):
        path = f"{section}[{position}]"
        fault = _entry_fault(item, inner, seen)
        if fault:
            problems.append(_at(document, path, fault))
            continue
        seen.add(item["name"])
        yield Entry(item["name"], item.get(inner) or {}, f"{path}.{inner}", document, folder)


def _entry_fault(item: Any, inner: str, seen: Collection[str]) -> str:
    if not isinstance(item, dict):
        return f"must be a mapping of name and {inner}"
    if not isinstance(item.get("name"), str) or not item["name"]:
        return "has no name"
    if not isinstance(item.get(inner) or {}, dict):
        return f"{inner} must be a mapping"
    return f"the name {item['name']!r:.60} is used twice" if item["name"] in seen else ""


def _at(document: YamlDocument, path: str, message: str) -> Problem:
    return Problem(path, message, document.line(path))


def _faults(what: str, problems: Sequence[Problem]) -> InvalidInputError:
    return InvalidInputError(
        what,
        cause="; ".join(f"line {fault.line}: {fault.path}: {fault.message}" for fault in problems),
        remedy="correct it; `kubectl config view --raw --flatten` writes a clean one",
        code="meshery.kubeconfig",
        problems=problems,
    )


def _refusal(context: str, problems: Sequence[Problem]) -> InvalidInputError:
    return InvalidInputError(
        f"the context {context!r} asks for what an uploaded kubeconfig may not do",
        cause="; ".join(f"line {fault.line}: {fault.path}: {fault.message}" for fault in problems),
        remedy="use the token of a ServiceAccount instead (`kubectl create token NAME`), and "
        "embed certificates (`kubectl config view --raw --flatten`)",
        code=REFUSED,
        problems=problems,
    )
