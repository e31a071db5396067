"""What Helm says when it fails, as errors of the house.

Helm's SDK has few kinds of errors and its program has none: the words are all there is. Those that
people can do something about are told apart here; the rest keep Helm's words as their cause.
"""

import re
from collections.abc import Callable, Sequence

from meshery.core.errors import (
    CancelledByUserError,
    ConflictError,
    DeadlineError,
    ForbiddenError,
    InvalidInputError,
    MesheryError,
    NotAuthenticatedError,
    NotFoundError,
    OperationFailedError,
    Problem,
    UnavailableError,
    UnsupportedError,
)

PENDING = "meshery.helm.pending"
"""Another call is at this release, or ended in the midst of it."""
FOREIGN = "meshery.helm.foreign"
"""An object of the chart is there already and belongs to somebody else."""
VALUES = "meshery.helm.values"
TEMPLATE = "meshery.helm.template"

_LONGEST = 2_000

_Made = Callable[[str, str], MesheryError]


def fault_of(words: str, *, doing: str) -> MesheryError:
    """The error that Helm's `words` come to; `doing` is what was asked for."""
    words = words.strip()[:_LONGEST]
    for pattern, made in _KNOWN:
        if re.search(pattern, words, re.IGNORECASE):
            return made(words, doing)
    return OperationFailedError(
        f"Helm failed at {doing}",
        cause=words,
        remedy="look at the objects it names, and at the release's history",
        code="meshery.helm.failed",
    )


def schema_problems(words: str, *, chart: str) -> list[Problem]:
    """The faults that Helm lists of values: of the chart itself, and of its dependencies by name.

    A line is `- at '/looms/0/width': got string, want integer`; one that only introduces deeper
    ones is left out.
    """
    problems: list[Problem] = []
    within = ""
    lines = words.splitlines()
    for position, line in enumerate(lines):
        if heading := re.fullmatch(r"([A-Za-z0-9._-]+):", line):
            within = "" if heading[1] == chart else heading[1]
        elif found := re.fullmatch(r"(\s*)- at '(.*?)': (.*)", line):
            following = lines[position + 1] if position + 1 < len(lines) else ""
            if not re.match(rf"{found[1]}\s+- ", following):
                problems.append(Problem(_dotted(within, found[2]), found[3]))
    return problems


def chart_of(words: str) -> str:
    """The chart that a list of schema faults begins with."""
    found = re.search(r"^([A-Za-z0-9._-]+):$", words, re.MULTILINE)
    return found[1] if found else ""


def _dotted(within: str, pointer: str) -> str:
    """A JSON pointer (RFC 6901) as the house writes paths."""
    path = within
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        path += f"[{name}]" if name.isdigit() else f".{name}" if path else name
    return path


def _values(words: str, doing: str) -> MesheryError:
    problems = schema_problems(words, chart=chart_of(words))
    return InvalidInputError(
        f"the values do not fit the chart: {doing} was not begun",
        cause="; ".join(f"{problem.path}: {problem.message}" for problem in problems) or words,
        remedy="correct the values; the chart's values.schema.json says what may be set",
        code=VALUES,
        problems=problems,
    )


def _template(words: str, doing: str) -> MesheryError:
    found = re.search(r"([\w./-]+/templates/[\w./-]+?):(\d+)", words)
    named = re.search(r"([\w./-]+/templates/[\w./-]+)", words)
    path = found[1] if found else named[1] if named else ""
    return InvalidInputError(
        f"a template of the chart failed: {doing} was not begun",
        cause=words,
        remedy="correct the values that it names, or the chart",
        code=TEMPLATE,
        problems=[Problem(path, words.rpartition(": ")[2], int(found[2]) if found else 0)],
    )


def _made(
    kind: type[MesheryError], what: str, remedy: str, *, code: str
) -> Callable[[str, str], MesheryError]:
    def make(words: str, doing: str) -> MesheryError:
        return kind(what.format(doing=doing), cause=words, remedy=remedy, code=code)

    return make


_KNOWN: Sequence[tuple[str, _Made]] = (
    (r"don't meet the specifications of the schema", _values),
    (r"^\S+:\n- at '", _values),
    (
        r"another operation .* is in progress",
        _made(
            ConflictError,
            "the release is in the midst of another change: {doing} was not begun",
            "wait for it; if nobody is at it any more, repair the release first",
            code=PENDING,
        ),
    ),
    (
        r"cannot re-?use a name that is still in use",
        _made(
            ConflictError,
            "there is a release of this name: {doing} was not begun",
            "upgrade it, or choose another name; a pending or failed one can be repaired",
            code="meshery.helm.exists",
        ),
    ),
    (
        r"cannot be imported into the current release",
        _made(
            ConflictError,
            "an object of the chart belongs to somebody else: {doing} was not begun",
            "remove the object, or adopt it (take its ownership)",
            code=FOREIGN,
        ),
    ),
    (
        r"conflicts? with \"|apply failed with \d+ conflict",
        _made(
            ConflictError,
            "others set fields that the chart sets: {doing} stopped",
            "leave these fields to them (values), or force the change",
            code="meshery.helm.fields",
        ),
    ),
    (
        r"requires kubeVersion",
        _made(
            UnsupportedError,
            "the chart does not run on this version of Kubernetes",
            "choose another version of the chart, or upgrade the cluster",
            code="meshery.helm.kubernetes",
        ),
    ),
    (
        r"no matches for kind|resource mapping not found",
        _made(
            UnsupportedError,
            "the cluster lacks a kind that the chart uses: {doing} was not begun",
            "apply the CustomResourceDefinitions first",
            code="meshery.helm.kind",
        ),
    ),
    (
        r"has no \d+ version|revision.* not found",
        _made(
            NotFoundError,
            "the release has no such revision",
            "its history lists those there are",
            code="meshery.helm.revision",
        ),
    ),
    (
        r"release: not found|has no deployed releases",
        _made(
            NotFoundError,
            "there is no such release",
            "check its name and namespace; the list of all namespaces shows what is there",
            code="meshery.helm.release",
        ),
    ),
    (
        r"namespaces? \"[^\"]*\" not found",
        _made(
            NotFoundError,
            "the namespace is not there: {doing} was not begun",
            "create it, or have it created",
            code="meshery.helm.namespace",
        ),
    ),
    (
        r"provide credentials|unauthorized",
        _made(
            NotAuthenticatedError,
            "the API server does not accept the login",
            "log in to the cluster again",
            code="meshery.helm.login",
        ),
    ),
    (
        r"failed calling webhook",
        _made(
            OperationFailedError,
            "a webhook of the cluster does not answer: {doing} stopped",
            "see that what serves it runs, or remove the webhook's configuration",
            code="meshery.helm.webhook",
        ),
    ),
    (
        r"cluster unreachable|\": dial ",
        _made(
            UnavailableError,
            "the API server does not answer",
            "check the address and the network",
            code="meshery.helm.unreachable",
        ),
    ),
    (
        r"\bis forbidden\b|is attempting to grant RBAC permissions",
        _made(
            ForbiddenError,
            "the cluster forbids what {doing} needs",
            "use an account that may do it",
            code="meshery.helm.forbidden",
        ),
    ),
    (
        r"context deadline exceeded|timed out waiting",
        _made(
            DeadlineError,
            "{doing} did not end in time",
            "look at the events of what is not ready, or allow more time",
            code="meshery.helm.deadline",
        ),
    ),
    (
        r"context canceled",
        _made(
            CancelledByUserError,
            "{doing} was cancelled",
            "read the release's state before the next change",
            code="meshery.helm.cancelled",
        ),
    ),
    (
        r"template: |execution error at|parse error at|YAML parse error|error converting YAML",
        _template,
    ),
    (
        r"dependencies are missing|found in Chart.yaml, but missing in charts",
        _made(
            InvalidInputError,
            "the chart lacks charts that it depends on",
            "fetch them into its charts folder first (`helm dependency build DIR`)",
            code="meshery.helm.dependencies",
        ),
    ),
    (
        r"Chart.yaml|chart.metadata|chart metadata|is not a chart|library charts are not",
        _made(
            InvalidInputError,
            "the chart cannot be used",
            "check it with `helm lint`",
            code="meshery.helm.chart",
        ),
    ),
)
