"""Six sidecars ready, against one bare Envoy's start; and with their applications, beside it.

Ours counts from writing the first file to the last sidecar's listeners up (the sandbox `shop`:
certificates issued, six Envoys); the applications come after, and the time until all of it answers
is shown too. The peer is one Envoy with the smallest configuration, from spawn to its first answer.
"""

from statistics import median

from bare_envoy import bare_envoy
from harness import claim, in_turn, show
from own_server import foreign_share, own_server, sandbox_down, sandbox_up

ROUNDS = 7
TARGET = 8.0


def main() -> None:
    """Measure in turn and state the claim."""
    with own_server() as (client, _):
        foreign = foreign_share()
        whole_s: list[float] = []

        def ours() -> float:
            answered = sandbox_up(client, "shop")
            sandbox_down(client, "shop")
            whole_s.append(float(answered["ready_s"]))
            return float(answered["sidecars_ready_s"])

        def bare() -> float:
            with bare_envoy() as envoy:
                return envoy.start_s

        taken = in_turn({"six sidecars": ours, "bare Envoy": bare}, rounds=ROUNDS)
    six, one = median(taken["six sidecars"]), median(taken["bare Envoy"])
    show(
        f"six sidecars {six * 1e3:.0f} ms, with five applications {median(whole_s) * 1e3:.0f} ms; "
        f"one bare Envoy {one * 1e3:.0f} ms"
    )
    claim(
        "six sidecars ready / one bare Envoy's start",
        ratio=six / one,
        target=f"<= {TARGET:g}",
        met=six / one <= TARGET,
        detail=f"medians of {ROUNDS} rounds: {six * 1e3:.0f} ms, {one * 1e3:.0f} ms",
        foreign=foreign,
    )


if __name__ == "__main__":
    main()
