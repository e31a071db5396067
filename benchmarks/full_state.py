"""All objects of a cluster, from nothing: time, CPU and memory of our watch and of others.

Every reader is a process, measured from its start until it has told or holds all. `kubectl get`
prints whole objects; the official client makes models of them; kopf's handler keeps them. Ours
redacts every one, encodes it as a message, and keeps what it needs to tell what vanished.
"""

from collections.abc import Callable, Mapping
from functools import partial
from statistics import median

from cluster import Cluster, Reading, cluster
from harness import Strangers, claim, in_turn, missing, show
from peers import MissingPeerError, kopf_python

FEW, MANY = 10_000, 50_000
ROUNDS = {FEW: 3, MANY: 1}
"""Of many one round is long enough: a minute for each of the others."""
MEMORY = 0.5
GROWTH = 1.2
OURS, KUBECTL, OFFICIAL, KOPF = "meshery", "kubectl get", "official client", "kopf"

Medians = Mapping[str, Reading]


def main() -> None:
    """Measure at both sizes in turn and state the claims."""
    contenders = _contenders()
    found: dict[int, Medians] = {}
    foreign: dict[int, float] = {}
    with cluster() as read:
        for count in (FEW, MANY):
            read.fill(count)
            strangers = Strangers(*read.plane.pids.values())
            runs = {name: partial(of, read) for name, of in contenders.items()}
            found[count] = _medians(in_turn(runs, rounds=ROUNDS[count]))
            foreign[count] = strangers.share()
            _state(count, found[count], foreign[count])
    _growth(found[FEW][OURS], found[MANY][OURS], max(foreign.values()))


def _contenders() -> dict[str, Callable[[Cluster], Reading]]:
    chosen: dict[str, Callable[[Cluster], Reading]] = {
        OURS: Cluster.meshery,
        KUBECTL: Cluster.kubectl,
        OFFICIAL: Cluster.official,
    }
    try:
        kopf_python()
    except MissingPeerError as error:
        missing("full state against kopf", target="<= 1.0", reason=str(error))
    else:
        chosen[KOPF] = Cluster.kopf
    return chosen


def _medians(taken: Mapping[str, list[Reading]]) -> Medians:
    return {
        name: Reading(
            median(each.seconds for each in runs),
            median(each.cpu_s for each in runs),
            round(median(each.peak_bytes for each in runs)),
            round(median(each.held_bytes for each in runs)),
        )
        for name, runs in taken.items()
    }


def _state(count: int, found: Medians, foreign: float) -> None:
    for name, taken in found.items():
        show(
            f"{count:>6} objects, {name:<16} {taken.seconds:7.2f} s, {taken.cpu_s:7.2f} s CPU, "
            f"peak {taken.peak_bytes / 1e6:7.1f} MB, held {taken.held_bytes / count:8.0f} B/object"
        )
    ours = found[OURS]
    for name, peer in found.items():
        if name == OURS:
            continue
        _claim(f"{count} objects: time / {name}", ours.seconds, peer.seconds, "s", foreign)
        _claim(f"{count} objects: CPU / {name}", ours.cpu_s, peer.cpu_s, "s", foreign)
        if peer.held_bytes:
            _claim(
                f"{count} objects: memory held for each / {name}",
                ours.held_bytes / count,
                peer.held_bytes / count,
                "B",
                foreign,
                target=MEMORY,
            )


def _claim(
    name: str, ours: float, peer: float, unit: str, foreign: float, *, target: float = 1.0
) -> None:
    ratio = ours / peer
    claim(
        name,
        ratio=ratio,
        target=f"<= {target:g}",
        met=ratio <= target,
        detail=f"medians {ours:.3g} {unit}, {peer:.3g} {unit}",
        foreign=foreign,
    )


def _growth(few: Reading, many: Reading, foreign: float) -> None:
    """So many times as many objects should cost so many times as much."""
    times = MANY / FEW
    grown = {
        "time": many.seconds / few.seconds / times,
        "CPU": many.cpu_s / few.cpu_s / times,
        "memory": many.held_bytes / max(few.held_bytes, 1) / times,
    }
    worst = max(grown.values())
    claim(
        f"growth from {FEW} to {MANY} objects / linear",
        ratio=worst,
        target=f"<= {GROWTH:g}",
        met=worst <= GROWTH,
        detail=", ".join(f"{name} {ratio:.2f}" for name, ratio in grown.items()),
        foreign=foreign,
    )


if __name__ == "__main__":
    main()
