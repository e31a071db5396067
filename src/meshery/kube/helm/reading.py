"""What Helm answers, as our nouns: the shapes that its library and its program share."""

from collections.abc import Iterable, Mapping
from typing import Any

from meshery.kube.helm import calls, manifest
from meshery.kube.helm.model import Hook, Object, Release, Rendered, Revision, Values

_AT_END = ("pre-delete", "post-delete")
"""Events of the uninstall itself."""
_ENDED = {"Succeeded": "hook-succeeded", "Failed": "hook-failed"}
"""The policy that deletes a hook, by how it ended."""


def subject_of(call: calls.Call) -> str:
    """What a call is about, in words."""
    if isinstance(call, calls.Lint | calls.Check):
        return "the chart"
    return "releases" if isinstance(call, calls.List) else getattr(call, "release", "")


def rendered(files: Mapping[str, str], *, crds: Mapping[str, str]) -> Rendered:
    """Texts by their template's path as what they hold."""
    notes = {path: text for path, text in files.items() if path.endswith("NOTES.txt")}
    texts = {path: text for path, text in files.items() if path not in notes and text.strip()}
    documents = [
        document
        for path in sorted(texts)
        if not path.rpartition("/")[2].startswith("_")
        for document in manifest.objects_of(texts[path], source=path)
    ]
    objects, hooks = manifest.parted(documents)
    defined = [each for path in crds for each in manifest.objects_of(crds[path], source=path)]
    # Of the notes, those of the chart itself; its path is the shortest.
    chief = min(notes, key=len, default="")
    return Rendered(
        objects=tuple(objects),
        hooks=tuple(hooks),
        crds=tuple(defined),
        notes=notes.get(chief, ""),
        files={**texts, **crds},
    )


def release_of(
    summary: Mapping[str, Any],
    *,
    values: Values,
    description: str = "",
    hooks: Iterable[Hook] = (),
) -> Release:
    """A release from the summary of the library."""
    text = summary.get("manifest") or ""
    return Release(
        name=summary["name"],
        namespace=summary["namespace"],
        revision=summary["revision"],
        status=summary["status"],
        chart=summary.get("chart_name", ""),
        chart_version=summary.get("chart_version", ""),
        app_version=summary.get("app_version", ""),
        deployed_at=summary.get("deployed_at", ""),
        description=description,
        notes=summary.get("notes", ""),
        manifest=text,
        objects=tuple(manifest.objects_of(text, source=f"the release {summary['name']}")),
        hooks=tuple(hooks),
        values=values,
    )


def hook_of(said: Mapping[str, Any]) -> Hook:
    """A hook as Helm keeps it, with its last run."""
    documents = manifest.objects_of(said.get("manifest", ""), source=str(said.get("path", "")))
    return Hook(
        events=tuple(said.get("events") or ()),
        document=documents[0] if documents else {},
        phase=(said.get("last_run") or {}).get("phase", ""),
        delete_policies=tuple(said.get("delete_policies") or ()),
    )


def revision_of(summary: Mapping[str, Any]) -> Revision:
    """A revision from the summary of the library."""
    return Revision(
        name=summary.get("name", ""),
        namespace=summary.get("namespace", ""),
        revision=summary.get("revision", 0),
        status=summary.get("status", "unknown"),
        chart=summary.get("chart_name", ""),
        chart_version=summary.get("chart_version", ""),
        app_version=summary.get("app_version", ""),
        deployed_at=summary.get("deployed_at", ""),
    )


def left_by(release: Release, *, runs_hooks: bool) -> tuple[Object, ...]:
    """What stays when a release is uninstalled: kept objects, and hooks that were made.

    `runs_hooks` tells whether those of the uninstall are made as well.
    """
    kept = [document for document in release.objects if manifest.is_kept(document)]
    return (*kept, *(hook.document for hook in release.hooks if _stays(hook, runs_hooks)))


def _stays(hook: Hook, runs_hooks: bool) -> bool:
    is_run_now = runs_hooks and not set(_AT_END).isdisjoint(hook.events)
    phase = "Succeeded" if is_run_now else hook.phase
    return bool(phase) and _ENDED.get(phase) not in hook.delete_policies
