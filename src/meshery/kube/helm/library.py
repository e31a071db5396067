"""Helm by its own library (`helm-python-sdk`), through the options of its C interface.

The package's Python methods leave out most options (API versions, CRDs, hooks, ownership), so calls
go to the documented C functions with options as JSON; `_native` is where the package declares them.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helm_python import Chart, Config, HelmContext, NativeHandle, enable_logging
from helm_python import _native as native
from helm_python.errors import HelmError

from meshery.core.errors import Problem
from meshery.kube.helm import calls
from meshery.kube.helm.backend import Told
from meshery.kube.helm.faults import fault_of, schema_problems
from meshery.kube.helm.hearing import Words
from meshery.kube.helm.model import Finding, Release, Removed, Rendered, Revision, Values
from meshery.kube.helm.reading import (
    hook_of,
    left_by,
    release_of,
    rendered,
    revision_of,
    subject_of,
)

_NO_CHART = native.HANDLE(0)
_SEVERITIES: Mapping[int, Any] = {1: "info", 2: "warning", 3: "error"}


class Library:
    """One order's way to Helm."""

    def __init__(self, order: calls.Order, *, kubeconfig: Path | None, told: Told) -> None:
        self._order = order
        self._kubeconfig = kubeconfig
        self._context = HelmContext()
        self._is_cancellable = isinstance(order.call, calls.Change)
        self._hear(told)

    def perform(self, call: calls.Call) -> Any:
        """Do it; blocks."""
        doing = f"{type(call).__name__.lower()} of {subject_of(call)}"
        try:
            return _VERBS[type(call)](self, call)
        except HelmError as error:
            raise fault_of(error.detail, doing=doing) from error

    def cancel(self) -> bool:
        """Have Helm stop and mark the revision as failed; only a change can be stopped so."""
        if self._is_cancellable:
            self._context.cancel()
        return self._is_cancellable

    def _hear(self, told: Told) -> None:
        logger = logging.getLogger("meshery.helm")
        logger.propagate = False
        logger.setLevel(logging.DEBUG)
        logger.addHandler(Words(told))
        enable_logging(logging.DEBUG, logger)

    def _config(self) -> Config:
        return Config(kubeconfig_path=self._kubeconfig, namespace=self._order.namespace)

    def render(self, call: calls.Render) -> Rendered:
        """Templates, without or with a cluster."""
        options = {
            "name": call.release,
            "namespace": self._order.namespace,
            "kube_version": call.capabilities.kubernetes,
            "api_versions": list(call.capabilities.api_versions),
            "is_install": not call.is_upgrade,
            "is_upgrade": call.is_upgrade,
        }
        chart = Chart.load(call.chart)
        # Before rendering: that takes disabled dependencies out of the loaded chart.
        crds = chart.crds
        arguments = [_handle(chart), json.dumps(call.values), json.dumps(options)]
        if self._kubeconfig is None:
            files = _called("helm_render", *arguments)
        else:
            config = self._config()
            files = _called("helm_render_with_config", _handle(config), *arguments)
        return rendered(files, crds={each["filename"]: each["data"] for each in crds})

    def install(self, call: calls.Install) -> Release:
        """A first revision."""
        options = {
            **_change_options(call),
            "skip_crds": not call.crds,
            "create_namespace": call.create_namespace,
            "labels": call.labels,
        }
        return self._changed("helm_install", call, options)

    def upgrade(self, call: calls.Upgrade) -> Release:
        """A next revision."""
        # Without these, values that are empty would mean those of the last revision.
        options = {
            **_change_options(call),
            "reset_values": True,
            "skip_crds": True,
            "max_history": call.max_history,
        }
        return self._changed("helm_upgrade", call, options)

    def _changed(self, function: str, call: calls.Change, options: Mapping[str, Any]) -> Release:
        config = self._config()
        summary = _called(
            function,
            _handle(config),
            _handle(self._context),
            _NO_CHART,
            call.chart,
            call.release,
            json.dumps(call.values),
            json.dumps(options),
        )
        if call.dry_run:
            return release_of(summary, values=call.values)
        return self._held(config, call.release)

    def rollback(self, call: calls.Rollback) -> Release:
        """A next revision like an earlier one."""
        options = {
            "version": call.revision,
            "timeout_seconds": call.timeout_s,
            "wait": "watcher" if call.wait else "hookOnly",
            "disable_hooks": not call.hooks,
            "force_conflicts": call.force_conflicts,
        }
        config = self._config()
        native.call_status("helm_rollback", _handle(config), call.release, json.dumps(options))
        return self._held(config, call.release)

    def uninstall(self, call: calls.Uninstall) -> Removed:
        """The end of a release."""
        config = self._config()
        held = self._held(config, call.release)
        options = {
            "timeout_seconds": call.timeout_s,
            "wait": "watcher" if call.wait else "hookOnly",
            "disable_hooks": not call.hooks,
        }
        done = _called("helm_uninstall", _handle(config), call.release, json.dumps(options))
        gone = revision_of({**done.get("release", {}), "status": "uninstalled"})
        return Removed(
            revision=gone, kept=left_by(held, runs_hooks=call.hooks), told=done.get("info", "")
        )

    def get(self, call: calls.Get) -> Release:
        """One revision, whole."""
        return self._held(self._config(), call.release, revision=call.revision)

    def _held(self, config: Config, name: str, *, revision: int = 0) -> Release:
        held = config.get_all(name, revision=revision or None)
        info = held["info"]
        return release_of(
            held["summary"],
            values=held["config"] or {},
            description=info.get("description", ""),
            hooks=tuple(hook_of(each) for each in held["hooks"] or ()),
        )

    def history(self, call: calls.History) -> tuple[Revision, ...]:
        """Every revision."""
        return tuple(revision_of(each) for each in self._config().history(call.release))

    def list(self, call: calls.List) -> tuple[Revision, ...]:
        """The last revision of every release."""
        found = self._config().list(all_states=True, all_namespaces=call.all_namespaces)
        return tuple(revision_of(each) for each in found)

    def values(self, call: calls.GetValues) -> Values:
        """The values of a revision."""
        return (
            self._config().get_values(
                call.release, all_values=call.computed, revision=call.revision or None
            )
            or {}
        )

    def lint(self, call: calls.Lint) -> tuple[Finding, ...]:
        """The findings of `helm lint`."""
        options = {"kube_version": call.kubernetes, "namespace": self._order.namespace}
        report = _called(
            "helm_lint_run_opts", call.chart, json.dumps(call.values), json.dumps(options)
        )
        told = [
            Finding(_SEVERITIES.get(each["severity"], "warning"), each["path"], each["error"])
            for each in report["messages"]
        ]
        said = {each.message for each in told}
        # A chart that cannot be loaded at all has no messages, only errors.
        told += [Finding("error", "", text) for text in report["errors"] if text not in said]
        return tuple(told)

    def check(self, call: calls.Check) -> tuple[Problem, ...]:
        """The faults of values."""
        chart = Chart.load(call.chart)
        try:
            chart.validate_schema(call.values)
        except HelmError as error:
            problems = schema_problems(error.detail, chart=chart.name)
            return tuple(problems) or (Problem("", error.detail.strip()),)
        return ()


_VERBS: Mapping[type[calls.Call], Any] = {
    calls.Render: Library.render,
    calls.Install: Library.install,
    calls.Upgrade: Library.upgrade,
    calls.Rollback: Library.rollback,
    calls.Uninstall: Library.uninstall,
    calls.Get: Library.get,
    calls.History: Library.history,
    calls.List: Library.list,
    calls.GetValues: Library.values,
    calls.Lint: Library.lint,
    calls.Check: Library.check,
}


def _change_options(call: calls.Change) -> dict[str, Any]:
    return {
        "timeout_seconds": call.timeout_s,
        "wait": "watcher" if call.wait else "hookOnly",
        "dry_run": "server" if call.dry_run else "none",
        "disable_hooks": not call.hooks,
        "force_conflicts": call.force_conflicts,
        "take_ownership": call.take_ownership,
        "description": call.description,
    }


def _handle(held: NativeHandle) -> object:
    """The number behind an object, which must be kept until the call returned."""
    return held._raw()  # noqa: SLF001 - what C functions take


def _called(function: str, *arguments: object) -> Any:
    return json.loads(native.call_string(function, *arguments) or "null")
