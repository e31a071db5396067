"""What a watch of a cluster costs where nothing happens, against `kubectl get -w` of its kinds.

kubectl watches one kind in one process; theirs are summed. Both wait side by side, so what the API
server tells (bookmarks) is the same for both.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cluster import HERE, Cluster, cluster
from harness import Strangers, claim, show

OBJECTS = 2_000
SETTLE_S = 10.0
SECONDS = 90.0


def main() -> None:
    """Start both, let them settle, and count."""
    with cluster() as read, ExitStack() as running:
        read.fill(OBJECTS)
        ours, kinds = running.enter_context(_watch(read))
        peers = [running.enter_context(_kubectl(read, kind)) for kind in kinds]
        time.sleep(SETTLE_S)
        if any(peer.poll() is not None for peer in peers):
            raise RuntimeError("kubectl refuses to watch one of the kinds")
        others = [peer.pid for peer in peers]
        strangers = Strangers(ours, *others, *read.plane.pids.values())
        before = _cpu_ms(ours), sum(map(_cpu_ms, others))
        time.sleep(SECONDS)
        mine, theirs = _cpu_ms(ours) - before[0], sum(map(_cpu_ms, others)) - before[1]
        foreign = strangers.share()
        memory = [_resident_mb(ours), sum(map(_resident_mb, others))]
    show(f"meshery {mine / SECONDS:.2f} ms/s, {memory[0]:.0f} MB")
    show(f"kubectl {theirs / SECONDS:.2f} ms/s, {memory[1]:.0f} MB, {len(kinds)} processes")
    ratio = mine / theirs
    claim(
        f"idle watch of {len(kinds)} kinds: CPU / kubectl get -w of the same",
        ratio=ratio,
        target="<= 1.0",
        met=ratio <= 1.0,
        detail=f"{mine / SECONDS:.2f} and {theirs / SECONDS:.2f} ms/s over {SECONDS:.0f} s; "
        f"{memory[0]:.0f} and {memory[1]:.0f} MB",
        foreign=foreign,
    )


@contextmanager
def _watch(read: Cluster) -> Iterator[tuple[int, list[str]]]:
    """Our watch, settled: its process, and the kinds it watches."""
    words = ["watch", str(read.plane.kubeconfig), str(OBJECTS)]
    argv = [sys.executable, str(HERE / "cluster_readers.py"), *words]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def _kubectl(read: Cluster, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    argv = [*read.kubectl_words, "get", kind, "-A", "-w"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _cpu_ms(pid: int) -> float:
    """CPU of all threads of a process so far, finer than ticks (Linux)."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e6


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
