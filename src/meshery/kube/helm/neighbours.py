"""Dependencies that lie beside a chart: `repository: file://../partials`, as in a vendor's sources.

`helm dependency build` would copy them into `charts/`; for a folder or archive that holds all of
them, that is done here. What lies outside of what was named is left, and told as missing.
"""

from pathlib import Path

from meshery.core.errors import LimitError
from meshery.kube.helm import folder as folders
from meshery.kube.helm.chart import CHART_FILE, read_chart

_SCHEME = "file://"
_MAX_DEPTH = 4


def complete(chart: Path, *, beside: Path, root: Path, depth: int = 0) -> None:
    """Copy what the chart in a folder of ours lacks, from where its paths lead. Blocks.

    `beside` is the folder that its paths start from, `root` what none of them may leave. LimitError
    for charts that need each other in a circle.
    """
    if depth > _MAX_DEPTH:
        raise LimitError(
            f"the chart {beside.name} needs charts that need others, and so on",
            cause=f"deeper than {_MAX_DEPTH}",
            remedy="charts must not need each other in a circle",
            code="meshery.helm.dependencies",
        )
    for missing in read_chart(chart, source=str(beside), digest="").missing:
        if not missing.repository.startswith(_SCHEME):
            continue
        neighbour = (beside / missing.repository.removeprefix(_SCHEME)).resolve()
        is_within = neighbour.is_relative_to(root.resolve())
        if is_within and (neighbour / CHART_FILE).is_file():
            place = chart / "charts" / missing.name
            folders.copy(neighbour, place, root=root)
            complete(place, beside=neighbour, root=root, depth=depth + 1)
