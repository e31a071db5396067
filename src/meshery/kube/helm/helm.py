"""`Helm`: releases of one namespace of one cluster, each call a child process with limits.

    async with Helm(access=access, namespace="istio-system") as helm:
        planned = await helm.install(chart, release="istiod", values=values, dry_run=True)
        made = await helm.install(chart, release="istiod", values=values)

Without an access only what needs no cluster can be asked: rendering, lint, checking values. Helm's
own waiting is off unless asked for: readiness is judged by us. Hooks run.

Calls on one release must not overlap; Helm keeps no lock. After a change that did not come to its
end, the error tells how the release stands; `repair` leads out of it.
"""

from collections.abc import Mapping
from typing import Any

from meshery.core.errors import (
    CancelledByUserError,
    DeadlineError,
    LimitError,
    MesheryError,
    NotFoundError,
    Problem,
    UnavailableError,
)
from meshery.kube.helm import calls
from meshery.kube.helm.asking import READ_S, Asking, Given
from meshery.kube.helm.chart import LocalChart
from meshery.kube.helm.model import (
    Capabilities,
    Finding,
    Release,
    Removed,
    Rendered,
    Revision,
    Values,
)
from meshery.kube.helm.process import KILLED
from meshery.kube.helm.recovery import Recovery, recovery_of

MARGIN_S = 30.0
"""What a change gets beyond the time for its hooks."""


class Helm(Asking):
    """A way to the releases of a namespace."""

    async def render(
        self,
        chart: LocalChart,
        *,
        release: str,
        values: Mapping[str, Any] | None = None,
        capabilities: Capabilities | None = None,
        is_upgrade: bool = False,
        offline: bool = False,
        time_s: float = READ_S,
    ) -> Rendered:
        """What the chart comes to.

        Templates find objects of the cluster by `lookup`, unless `offline`. InvalidInputError for
        values or templates at fault, LimitError for a chart that takes too much.
        """
        call = calls.Render(
            chart=chart.folder,
            release=release,
            values=dict(values or {}),
            capabilities=capabilities or Capabilities(),
            is_upgrade=is_upgrade,
        )
        return await self.ask(call, Rendered, time_s=time_s, offline=offline)

    async def lint(
        self, chart: LocalChart, *, values: Mapping[str, Any] | None = None, kubernetes: str = ""
    ) -> tuple[Finding, ...]:
        """What Helm finds wrong or unusual in a chart."""
        call = calls.Lint(chart=chart.folder, values=dict(values or {}), kubernetes=kubernetes)
        return await self.ask(call, tuple[Finding, ...], time_s=READ_S, offline=True)

    async def check(self, chart: LocalChart, *, values: Mapping[str, Any]) -> tuple[Problem, ...]:
        """What in `values` does not fit the schemas of the chart and its dependencies."""
        call = calls.Check(chart=chart.folder, values=dict(values))
        return await self.ask(call, tuple[Problem, ...], time_s=READ_S, offline=True)

    async def install(
        self,
        chart: LocalChart,
        *,
        release: str,
        values: Mapping[str, Any] | None = None,
        timeout_s: int = 300,
        wait: bool = False,
        hooks: bool = True,
        dry_run: bool = False,
        crds: bool = False,
        create_namespace: bool = False,
        take_ownership: bool = False,
        force_conflicts: bool = False,
        description: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Release:
        """Make a release; with `dry_run` ask the server what would come of it.

        Definitions of the chart's `crds/` are left out unless `crds`: Helm applies them before it
        writes any release down, and never changes them again. `timeout_s` is for hooks, and for
        readiness where `wait` is asked for.
        """
        call = calls.Install(
            chart=chart.folder,
            release=release,
            values=dict(values or {}),
            timeout_s=timeout_s,
            wait=wait,
            hooks=hooks,
            dry_run=dry_run,
            crds=crds,
            create_namespace=create_namespace,
            take_ownership=take_ownership,
            force_conflicts=force_conflicts,
            description=description,
            labels=dict(labels or {}),
        )
        return await self._change(call, Release)

    async def upgrade(
        self,
        chart: LocalChart,
        *,
        release: str,
        values: Mapping[str, Any] | None = None,
        timeout_s: int = 300,
        wait: bool = False,
        hooks: bool = True,
        dry_run: bool = False,
        take_ownership: bool = False,
        force_conflicts: bool = False,
        description: str = "",
        max_history: int = 10,
    ) -> Release:
        """Make the next revision, with exactly `values`: those of the last one are not kept."""
        call = calls.Upgrade(
            chart=chart.folder,
            release=release,
            values=dict(values or {}),
            timeout_s=timeout_s,
            wait=wait,
            hooks=hooks,
            dry_run=dry_run,
            take_ownership=take_ownership,
            force_conflicts=force_conflicts,
            description=description,
            max_history=max_history,
        )
        return await self._change(call, Release)

    async def rollback(
        self,
        release: str,
        *,
        revision: int = 0,
        timeout_s: int = 300,
        wait: bool = False,
        hooks: bool = True,
        force_conflicts: bool = False,
    ) -> Release:
        """Make a new revision like an earlier one; 0 is the one before the last."""
        call = calls.Rollback(
            release=release,
            revision=revision,
            timeout_s=timeout_s,
            wait=wait,
            hooks=hooks,
            force_conflicts=force_conflicts,
        )
        return await self._change(call, Release)

    async def uninstall(
        self, release: str, *, timeout_s: int = 300, wait: bool = False, hooks: bool = True
    ) -> Removed:
        """Remove a release with its history; its objects may take a while to go."""
        call = calls.Uninstall(release=release, timeout_s=timeout_s, wait=wait, hooks=hooks)
        return await self._change(call, Removed)

    async def get(self, release: str, *, revision: int = 0) -> Release:
        """A release with manifest, hooks and values. NotFoundError when there is none."""
        return await self.ask(calls.Get(release=release, revision=revision), Release)

    async def history(self, release: str) -> tuple[Revision, ...]:
        """Every revision, oldest first; none when there is no such release."""
        try:
            return await self.ask(calls.History(release=release), tuple[Revision, ...])
        except NotFoundError:
            return ()

    async def list(self, *, all_namespaces: bool = False) -> tuple[Revision, ...]:
        """The last revision of each release, in whatever state it is."""
        return await self.ask(calls.List(all_namespaces=all_namespaces), tuple[Revision, ...])

    async def values(self, release: str, *, revision: int = 0, computed: bool = False) -> Values:
        """The values that were set; with `computed` all that templates were given."""
        call = calls.GetValues(release=release, revision=revision, computed=computed)
        return await self.ask(call, Values)

    async def recovery(self, release: str) -> Recovery:
        """What the release needs before its next change. Nobody may be at it."""
        return recovery_of(await self.history(release))

    async def repair(self, release: str, *, timeout_s: int = 300) -> Recovery:
        """Do what `recovery` says; the recovery that was done. Nobody may be at the release."""
        needed = await self.recovery(release)
        if needed.verb == "uninstall":
            await self.uninstall(release, timeout_s=timeout_s, hooks=False)
        elif needed.verb == "rollback":
            await self.rollback(release, revision=needed.revision, timeout_s=timeout_s)
        return needed

    async def _change(
        self,
        call: calls.Install | calls.Upgrade | calls.Rollback | calls.Uninstall,
        answer: type[Given],
    ) -> Given:
        try:
            return await self.ask(call, answer, time_s=call.timeout_s + MARGIN_S)
        except MesheryError as error:
            if _is_half_done(error):
                raise _told(error, await self._state(call.release)) from error
            raise

    async def _state(self, release: str) -> str:
        """How the release stands, in words; why that is not known, if it is not."""
        try:
            return (await self.recovery(release)).why
        except MesheryError as error:
            return f"its state could not be read: {error.what}"


def _is_half_done(error: MesheryError) -> bool:
    """Whether Helm may have begun, and may not have ended."""
    return (
        isinstance(error, DeadlineError | LimitError | UnavailableError | CancelledByUserError)
        or error.specific_code == KILLED
    )


def _told(error: MesheryError, state: str) -> MesheryError:
    return type(error)(
        error.what,
        cause=f"{error.cause}; {state}",
        remedy=error.remedy,
        code=error.specific_code,
        problems=error.problems,
    )
