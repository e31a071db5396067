"""What an object must be put into: a kind that is served, and a namespace; either may come late.

Targets tell of the lack of one as a fault at `[position].kind` or `[position].metadata.namespace`.
"""

import re

from meshery.apply.plan import Node
from meshery.apply.tiers import DEFINITION
from meshery.core.errors import MesheryError, Problem

PLACE = frozenset({"kind", "metadata.namespace"})
_POSITION = re.compile(r"\[(?P<position>\d+)\]\.?(?P<path>.*)", re.DOTALL)
_BRING = (f"{DEFINITION}.", "Namespace ")


def brings_place(node: Node) -> bool:
    """Whether a node's kind or namespace comes with its plan."""
    return any(need.startswith(_BRING) for need in node.needs)


def lacks_place(error: MesheryError) -> bool:
    """Whether an object was refused for the lack of its kind or its namespace."""
    return any(placed(problem)[1] in PLACE for problem in error.problems)


def placed(problem: Problem) -> tuple[int | None, str]:
    """Which of the objects a fault is in, None when that is not said; and where in it."""
    found = _POSITION.fullmatch(problem.path)
    return (int(found["position"]), found["path"]) if found else (None, problem.path)
