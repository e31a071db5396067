"""How long `mesheryctl` takes to help, against a bare interpreter, installed from the wheel by pip.

Every round runs each command once, in random order, so that other load on the machine hits all
alike; medians over the rounds. kubectl and helm stand beside it.
"""

import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

from peers import MissingPeerError, go_tool

from meshery.core.errors import MesheryError
from meshery.kube.local.binaries import find_or_build

ROUNDS = 41
ROOT = Path(__file__).parents[1]

STATIC_LIMIT, OTHER_LIMIT = 1.8, 5.0


def main() -> None:
    """Install, measure, print rows and claims."""
    with tempfile.TemporaryDirectory() as folder:
        scripts = install(Path(folder))
        commands = all_commands(scripts)
        times, foreign = measure(commands)
    bare = statistics.median(times["python -I -c pass"])
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:<28} {median * 1e3:7.1f} ms {median / bare:6.2f} x", file=sys.stderr)
    print(f"foreign CPU {foreign:.0%}{' (too much!)' if foreign > 0.1 else ''}", file=sys.stderr)
    ratios = {name: statistics.median(taken) / bare for name, taken in times.items()}
    for name in ("mesheryctl --help", "mesheryctl version"):
        claim(name, ratios[name], STATIC_LIMIT, bare=bare, foreign=foreign)
    others = [name for name in ratios if name.startswith("mesheryctl") and name.count(" ") > 1]
    worst = max(others, key=ratios.__getitem__)
    claim(f"other help (worst: {worst})", ratios[worst], OTHER_LIMIT, bare=bare, foreign=foreign)


def install(folder: Path) -> Path:
    """The wheel, installed with its dependencies into a fresh environment; its scripts' folder."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels = folder / "wheels"
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(wheels), str(ROOT)], check=True)
    venv.create(folder / "venv", with_pip=True)
    scripts = folder / "venv" / "bin"
    wheel = next(wheels.glob("meshery-*.whl"))
    compiling = {name: value for name, value in os.environ.items() if not _hides_bytecode(name)}
    subprocess.run(
        [scripts / "python", "-m", "pip", "--quiet", "install", str(wheel)],
        check=True,
        env=compiling,
    )
    return scripts


def all_commands(scripts: Path) -> dict[str, Sequence[str]]:
    """What is measured, by the name it is shown under."""
    ctl = str(scripts / "mesheryctl")
    commands: dict[str, Sequence[str]] = {
        "python -I -c pass": (str(scripts / "python"), "-I", "-c", "pass"),
        "mesheryctl --help": (ctl, "--help"),
        "mesheryctl version": (ctl, "version"),
    }
    for words in ("system --help", "system start --help", "sandbox --help", "perf run --help"):
        commands[f"mesheryctl {words}"] = (ctl, *words.split())
    commands["mesheryctl -v system --help"] = (ctl, "-v", "system", "--help")
    commands["python -c 'import click'"] = (str(scripts / "python"), "-c", "import click")
    for name in ("kubectl", "helm"):
        try:
            commands[f"{name} --help"] = (str(_peer(name)), "--help")
        except (MissingPeerError, MesheryError) as error:
            print(f"{name} is not shown: {error}", file=sys.stderr)
    return commands


def _peer(name: str) -> Path:
    found = shutil.which(name)
    if found is not None:
        return Path(found)
    return find_or_build().path(name) if name == "kubectl" else go_tool(name)


def measure(commands: dict[str, Sequence[str]]) -> tuple[dict[str, list[float]], float]:
    """Seconds of each command in each round, and the share of CPU that was not ours."""
    environment = {name: value for name, value in os.environ.items() if not _hides_bytecode(name)}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for argv in commands.values():
        _run(argv, environment)  # files into the cache
    busy, own = _busy_s(), _own_s()
    began = time.perf_counter()
    for _ in range(ROUNDS):
        for name in random.sample(list(commands), len(commands)):
            times[name].append(_run(commands[name], environment))
    elapsed = (time.perf_counter() - began) * (os.cpu_count() or 1)
    foreign = max(0.0, (_busy_s() - busy) - (_own_s() - own)) / elapsed
    return times, foreign


def claim(name: str, ratio: float, limit: float, *, bare: float, foreign: float) -> None:
    """One line for the report."""
    document = {
        "claim": f"{name} against `python -I -c pass`",
        "ratio": round(ratio, 2),
        "target": f"<= {limit}",
        "met": ratio <= limit,
        "detail": f"bare {bare * 1e3:.1f} ms, foreign CPU {foreign:.0%}",
    }
    print(json.dumps(document))


def _run(argv: Sequence[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(argv, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def _hides_bytecode(name: str) -> bool:
    """Variables that keep Python from the compiled files that pip has written."""
    return name.startswith("PYTHON")


def _busy_s() -> float:
    """CPU seconds of the whole machine that were not idle (Linux); elsewhere only ours."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return _own_s()
    ticks = [int(field) for field in stat.read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def _own_s() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
