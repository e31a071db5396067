"""What goes through the pipe: one `Order` in, as a line of JSON; progress and one answer out.

Each call is a struct of its own, told apart by `verb`; `ANSWERS` says what comes back for it. The
kubeconfig travels here and nowhere else: not in arguments, environment or files.
"""

from typing import Any

import msgspec

from meshery.core.errors import MesheryError, Problem, error_from_dict
from meshery.kube.helm.model import (
    Capabilities,
    Finding,
    Offered,
    Release,
    Removed,
    Rendered,
    Revision,
    Values,
)

FOLDER = "meshery-helm-"
"""How the name of a call's own folder begins, in which its child works."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a child may take: private memory, processor time, and the size of its answer.

    Memory is RLIMIT_DATA, since an address-space limit would count what Go merely reserves (1.8 GB
    at its start); it has no effect on macOS. An istiod chart takes a tenth of the default.
    """

    memory_bytes: int = 1024 * 1024 * 1024
    cpu_s: int = 120
    answer_bytes: int = 64 * 1024 * 1024


class _Call(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag=str.lower):
    pass


class Render(_Call, frozen=True):
    """Render templates. With a cluster `lookup` finds its objects, without one nothing."""

    chart: str
    release: str
    values: Values = {}
    capabilities: Capabilities = Capabilities()
    is_upgrade: bool = False


class Change(_Call, frozen=True):
    """What installing and upgrading have in common; `timeout_s` is for hooks and waiting."""

    chart: str
    release: str
    values: Values = {}
    timeout_s: int = 300
    wait: bool = False
    hooks: bool = True
    dry_run: bool = False
    force_conflicts: bool = False
    take_ownership: bool = False
    description: str = ""


class Install(Change, frozen=True):
    """Make a release."""

    crds: bool = False
    create_namespace: bool = False
    labels: dict[str, str] = {}


class Upgrade(Change, frozen=True):
    """Make the next revision, with exactly these values."""

    max_history: int = 10


class Rollback(_Call, frozen=True):
    """Make a new revision like an earlier one; 0 is the one before the last."""

    release: str
    revision: int = 0
    timeout_s: int = 300
    wait: bool = False
    hooks: bool = True
    force_conflicts: bool = False


class Uninstall(_Call, frozen=True):
    """Remove a release with its history."""

    release: str
    timeout_s: int = 300
    wait: bool = False
    hooks: bool = True


class Get(_Call, frozen=True):
    """A release at a revision, 0 the last one."""

    release: str
    revision: int = 0


class History(_Call, frozen=True):
    """Every revision, oldest first."""

    release: str


class List(_Call, frozen=True):
    """The last revisions of releases, in whatever state."""

    all_namespaces: bool = False


class GetValues(_Call, frozen=True):
    """The values of a revision: those set, or with `computed` all that it was rendered with."""

    release: str
    revision: int = 0
    computed: bool = False


class Lint(_Call, frozen=True):
    """Look for faults of a chart."""

    chart: str
    values: Values = {}
    kubernetes: str = ""


class Check(_Call, frozen=True):
    """Compare values with the schemas of a chart and its dependencies."""

    chart: str
    values: Values = {}


class Index(_Call, frozen=True):
    """Read the index of a chart repository from a file."""

    file: str
    name: str


Call = (
    Render
    | Install
    | Upgrade
    | Rollback
    | Uninstall
    | Get
    | History
    | List
    | GetValues
    | Lint
    | Check
    | Index
)

ANSWERS: dict[type[Call], Any] = {
    Render: Rendered,
    Install: Release,
    Upgrade: Release,
    Rollback: Release,
    Uninstall: Removed,
    Get: Release,
    History: tuple[Revision, ...],
    List: tuple[Revision, ...],
    GetValues: Values,
    Lint: tuple[Finding, ...],
    Check: tuple[Problem, ...],
    Index: Offered,
}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A call, the cluster it is for, and what it may take.

    With `lifeline` the child ends when its standard input does, and takes its folder with it.
    """

    call: Call
    kubeconfig: str = ""
    namespace: str = "default"
    limits: Limits = Limits()
    lifeline: bool = False

    def __repr__(self) -> str:
        return f"Order({type(self.call).__name__}, {self.namespace!r})"


class Progress(msgspec.Struct, frozen=True, tag_field="kind", tag="progress"):
    """What was done just now, in words."""

    message: str


class Answer(msgspec.Struct, frozen=True, tag_field="kind", tag="answer"):
    """The result of the call."""

    value: msgspec.Raw


class Fault(msgspec.Struct, frozen=True, tag_field="kind", tag="fault"):
    """An error of the house's tree as `MesheryError.as_dict` gives it, and its class's code."""

    error: dict[str, Any]
    family: str

    @classmethod
    def of(cls, error: MesheryError) -> "Fault":
        """What is sent of an error."""
        return cls(error.as_dict(), type(error).code)

    def raised(self) -> MesheryError:
        """The error as it was."""
        error = error_from_dict({**self.error, "code": self.family})
        error.specific_code = self.error["code"]
        return error


Line = Progress | Answer | Fault
