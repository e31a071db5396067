"""Helm by its program on PATH (3.17 or newer), for machines that its library has no wheel for.

Values go through standard input, the login through an inherited descriptor: a command line is
everybody's to read. Notes are not told when rendering: `helm template` leaves them out.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from meshery.core.errors import InvalidInputError, Problem
from meshery.kube.helm import calls
from meshery.kube.helm.chart import read_chart
from meshery.kube.helm.faults import VALUES, fault_of
from meshery.kube.helm.model import Finding, Release, Removed, Rendered, Revision, Values
from meshery.kube.helm.reading import (
    hook_of,
    left_by,
    release_of,
    rendered,
    revision_of,
    subject_of,
)

_MAX_REVISIONS = 256
_SOURCE = re.compile(r"^# Source: (\S+)$", re.MULTILINE)
_LINTED = re.compile(r"^\[(INFO|WARNING|ERROR)\] (\S*?): (.*)$", re.MULTILINE)


class Program:
    """One order's way to Helm."""

    def __init__(self, program: str, order: calls.Order, *, kubeconfig: Path | None) -> None:
        self._program = program
        self._namespace = order.namespace
        self._kubeconfig = kubeconfig
        self._doing = f"{type(order.call).__name__.lower()} of {subject_of(order.call)}"
        self._running: subprocess.Popen[str] | None = None

    def perform(self, call: calls.Call) -> Any:
        """Do it; blocks."""
        return _VERBS[type(call)](self, call)

    def cancel(self) -> bool:
        """Have the program stop; it marks its revision as failed."""
        if self._running is None:
            return False
        self._running.send_signal(signal.SIGTERM)
        return True

    def render(self, call: calls.Render) -> Rendered:
        """Templates, without or with a cluster."""
        words = ["template", call.release, call.chart, "--include-crds"]
        words += ["--is-upgrade"] if call.is_upgrade else []
        words += ["--dry-run=server"] if self._kubeconfig else []
        told = call.capabilities
        words += ["--kube-version", told.kubernetes] if told.kubernetes else []
        words += [word for each in told.api_versions for word in ("--api-versions", each)]
        parts = _SOURCE.split(self._run(words, values=call.values))
        files: dict[str, str] = {}
        for path, text in zip(parts[1::2], parts[2::2], strict=True):
            files[path] = files.get(path, "") + "---" + text.removesuffix("---\n")
        crds = {path: text for path, text in files.items() if "/crds/" in path}
        return rendered({path: text for path, text in files.items() if path not in crds}, crds=crds)

    def install(self, call: calls.Install) -> Release:
        """A first revision."""
        words = ["install", call.release, call.chart, *_change_words(call)]
        words += [] if call.crds else ["--skip-crds"]
        words += ["--create-namespace"] if call.create_namespace else []
        labels = [f"{name}={value}" for name, value in call.labels.items()]
        words += ["--labels", ",".join(labels)] if labels else []
        return self._changed(words, call)

    def upgrade(self, call: calls.Upgrade) -> Release:
        """A next revision."""
        words = ["upgrade", call.release, call.chart, *_change_words(call)]
        words += ["--reset-values", "--skip-crds", f"--history-max={call.max_history}"]
        return self._changed(words, call)

    def _changed(self, words: Sequence[str], call: calls.Change) -> Release:
        made = json.loads(self._run([*words, "-o", "json"], values=call.values))
        if not call.dry_run:
            return self._held(call.release)
        chart = read_chart(Path(call.chart), source=call.chart, digest="")
        metadata = {
            "chart": chart.name,
            "version": chart.version,
            "appVersion": chart.app_version,
        }
        return _release(made, metadata, values=call.values)

    def rollback(self, call: calls.Rollback) -> Release:
        """A next revision like an earlier one."""
        words = ["rollback", call.release, *([str(call.revision)] if call.revision else [])]
        words += _time_words(call)
        words += ["--force-conflicts"] if call.force_conflicts else []
        self._run(words)
        return self._held(call.release)

    def uninstall(self, call: calls.Uninstall) -> Removed:
        """The end of a release."""
        held = self._held(call.release)
        told = self._run(["uninstall", call.release, *_time_words(call)])
        gone = Revision(
            name=held.name,
            namespace=held.namespace,
            revision=held.revision,
            status="uninstalled",
            chart=held.chart,
            chart_version=held.chart_version,
            app_version=held.app_version,
        )
        return Removed(revision=gone, kept=left_by(held, runs_hooks=call.hooks), told=told.strip())

    def get(self, call: calls.Get) -> Release:
        """One revision, whole."""
        return self._held(call.release, revision=call.revision)

    def _held(self, name: str, *, revision: int = 0) -> Release:
        at = ["-o", "json", *([f"--revision={revision}"] if revision else [])]
        status = self._read(["status", name, *at])
        metadata = self._read(["get", "metadata", name, *at])
        return _release(status, metadata, values=status.get("config") or {})

    def history(self, call: calls.History) -> tuple[Revision, ...]:
        """Every revision."""
        words = ["history", call.release, "-o", "json", f"--max={_MAX_REVISIONS}"]
        return tuple(
            _revision({**each, "name": call.release, "namespace": self._namespace})
            for each in self._read(words)
        )

    def list(self, call: calls.List) -> tuple[Revision, ...]:
        """The last revision of every release."""
        states = ("deployed", "failed", "pending", "superseded", "uninstalled", "uninstalling")
        words = ["list", "-o", "json", "--max=0", *(f"--{state}" for state in states)]
        words += ["--all-namespaces"] if call.all_namespaces else []
        return tuple(_revision(each) for each in self._read(words))

    def values(self, call: calls.GetValues) -> Values:
        """The values of a revision."""
        words = ["get", "values", call.release, "-o", "json"]
        words += ["--all"] if call.computed else []
        words += [f"--revision={call.revision}"] if call.revision else []
        return self._read(words) or {}

    def lint(self, call: calls.Lint) -> tuple[Finding, ...]:
        """The findings of `helm lint`."""
        words = ["lint", call.chart]
        words += ["--kube-version", call.kubernetes] if call.kubernetes else []
        done = self._done(words, values=call.values)
        found = _LINTED.findall(done.stdout)
        if done.returncode != 0 and not found:
            raise fault_of(done.stderr, doing=self._doing)
        return tuple(Finding(severity.lower(), path, message) for severity, path, message in found)

    def check(self, call: calls.Check) -> tuple[Problem, ...]:
        """The faults of values."""
        try:
            self._run(["template", "check", call.chart], values=call.values)
        except InvalidInputError as error:
            if error.specific_code == VALUES:
                return error.problems
        return ()

    def _read(self, words: Sequence[str]) -> Any:
        return json.loads(self._run(words) or "null")

    def _run(self, words: Sequence[str], *, values: Values | None = None) -> str:
        done = self._done(words, values=values)
        if done.returncode != 0:
            words = done.stderr.rpartition("Error: ")[2].partition("\n\nUse --debug")[0]
            raise fault_of(words, doing=self._doing)
        return done.stdout

    def _done(
        self, words: Sequence[str], *, values: Values | None
    ) -> "subprocess.CompletedProcess[str]":
        said = [] if values is None else ["-f", "-"]
        command = [self._program, *words, *said, "--namespace", self._namespace]
        with subprocess.Popen(  # noqa: S603 - Helm itself, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "KUBECONFIG": str(self._kubeconfig or os.devnull)},
            pass_fds=_descriptors(self._kubeconfig),
            text=True,
        ) as process:
            self._running = process
            out, complaint = process.communicate(None if values is None else json.dumps(values))
            self._running = None
        return subprocess.CompletedProcess(command, process.returncode, out, complaint)


_VERBS: Mapping[type[calls.Call], Any] = {
    calls.Render: Program.render,
    calls.Install: Program.install,
    calls.Upgrade: Program.upgrade,
    calls.Rollback: Program.rollback,
    calls.Uninstall: Program.uninstall,
    calls.Get: Program.get,
    calls.History: Program.history,
    calls.List: Program.list,
    calls.GetValues: Program.values,
    calls.Lint: Program.lint,
    calls.Check: Program.check,
}


def _change_words(call: calls.Change) -> list[str]:
    words = _time_words(call)
    words += ["--dry-run=server"] if call.dry_run else []
    words += ["--take-ownership"] if call.take_ownership else []
    words += ["--force-conflicts"] if call.force_conflicts else []
    return words + (["--description", call.description] if call.description else [])


def _time_words(call: calls.Change | calls.Rollback | calls.Uninstall) -> list[str]:
    words = [f"--timeout={call.timeout_s}s"]
    words += ["--wait"] if call.wait else []
    return words + ([] if call.hooks else ["--no-hooks"])


def _descriptors(kubeconfig: Path | None) -> tuple[int, ...]:
    """The descriptor behind `/proc/self/fd/N`: it has the same number in the program."""
    if kubeconfig is None or not kubeconfig.is_relative_to("/proc/self/fd"):
        return ()
    return (int(kubeconfig.name),)


def _release(said: Mapping[str, Any], metadata: Mapping[str, Any], *, values: Values) -> Release:
    info = said.get("info") or {}
    summary = {
        "name": said["name"],
        "namespace": said["namespace"],
        "revision": said["version"],
        "status": info.get("status", "unknown"),
        "notes": info.get("notes", ""),
        "deployed_at": info.get("last_deployed", ""),
        "manifest": said.get("manifest", ""),
        "chart_name": metadata.get("chart", ""),
        "chart_version": metadata.get("version", ""),
        "app_version": metadata.get("appVersion", ""),
    }
    return release_of(
        summary,
        values=values,
        description=info.get("description", ""),
        hooks=tuple(hook_of(each) for each in said.get("hooks") or ()),
    )


def _revision(said: Mapping[str, Any]) -> Revision:
    """A line of `helm history` or `helm list`, where chart and version are one word."""
    found = re.fullmatch(r"(.+?)-(v?\d+\..*)", said.get("chart", ""))
    return revision_of(
        {
            "name": said["name"],
            "namespace": said["namespace"],
            "revision": int(said["revision"]),
            "status": said.get("status", "unknown"),
            "chart_name": found[1] if found else said.get("chart", ""),
            "chart_version": found[2] if found else "",
            "app_version": said.get("app_version", ""),
            "deployed_at": said.get("updated", ""),
        }
    )
