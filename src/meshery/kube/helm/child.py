"""The child: `python -m meshery.kube.helm.child` does one call of Helm and ends.

It reads an `Order` as one line of JSON, limits itself, and prints lines of JSON: progress, then an
answer or a fault. What goes wrong in here - a template that never ends, or needs all memory - ends
this process alone.

SIGTERM cancels: Helm stops a change in good order and marks its revision as failed; whatever else
is under way just ends.
"""

import contextlib
import os
import resource
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from meshery.core.errors import LimitError, MesheryError, OperationFailedError
from meshery.kube.helm.backend import Backend, choose
from meshery.kube.helm.calls import FOLDER, Answer, Fault, Index, Limits, Line, Order, Progress

MAX_ORDER_BYTES = 32 * 1024 * 1024
_CANCELLED = 128 + signal.SIGTERM


def main() -> int:
    """Do the order on standard input; 0 when it was done, 1 when it failed."""
    lines = _Lines(_own_output())
    raw = sys.stdin.buffer.readline(MAX_ORDER_BYTES)
    if not raw.endswith(b"\n"):  # whoever started us ended before all was said
        _leave_nothing()
        return 1
    order = msgspec.json.decode(raw, type=Order)
    _limit(order.limits)
    if order.lifeline:
        threading.Thread(target=_end_with_input, daemon=True).start()
    work = _Work(order, lines)
    signal.signal(signal.SIGTERM, lambda *_: work.cancel())
    return work.run()


class _Work:
    """The call, in a thread of its own: a thread that is within C hears no signal."""

    def __init__(self, order: Order, lines: "_Lines") -> None:
        self._order = order
        self._lines = lines
        self._backend: Backend | None = None
        self._is_done = threading.Event()
        self._code = 1

    def run(self) -> int:
        """Wait until it is done; the exit code."""
        threading.Thread(target=self._perform, daemon=True).start()
        self._is_done.wait()
        return self._code

    def cancel(self) -> None:
        """End in good order where that is possible, at once where not."""
        if self._backend is None or not self._backend.cancel():
            os._exit(_CANCELLED)

    def _perform(self) -> None:
        try:
            raw = msgspec.json.encode(self._answer())
            _check_size(len(raw), self._order.limits)
            self._lines.write(Answer(msgspec.Raw(raw)))
            self._code = 0
        except MesheryError as error:
            self._lines.write(Fault.of(error))
        except MemoryError:
            self._lines.write(Fault.of(_out_of_memory(self._order.limits)))
        except Exception as error:  # noqa: BLE001 - the process ends here; its parent must know why
            self._lines.write(Fault.of(_unexpected(error)))
        finally:
            self._is_done.set()

    def _answer(self) -> Any:
        if isinstance(self._order.call, Index):
            from meshery.kube.helm.indexfile import read_index

            return read_index(Path(self._order.call.file), name=self._order.call.name)
        with _kubeconfig(self._order.kubeconfig) as path:
            self._backend = choose(self._order, kubeconfig=path, told=self._lines.tell)
            return self._backend.perform(self._order.call)


class _Lines:
    """The way out; several threads of Helm tell of progress."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._lock = threading.Lock()

    def tell(self, message: str) -> None:
        """A line of progress."""
        self.write(Progress(message))

    def write(self, line: Line) -> None:
        """One line, whole."""
        with self._lock:
            self._output.write(msgspec.json.encode(line) + b"\n")
            self._output.flush()


def _own_output() -> BinaryIO:
    """Standard output for us alone: what Helm and its libraries print goes to standard error."""
    kept = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return kept


def _limit(limits: Limits) -> None:
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: limits.memory_bytes,
        resource.RLIMIT_CPU: limits.cpu_s,
    }
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (soft, hard))


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.answer_bytes:
        raise LimitError(
            "the chart renders to too much",
            cause=f"{size} bytes; the limit is {limits.answer_bytes}",
            remedy="split the chart",
            code="meshery.helm.size",
        )


def _out_of_memory(limits: Limits) -> LimitError:
    return LimitError(
        "the chart needs too much memory",
        cause=f"more than {limits.memory_bytes // 1024**2} MiB",
        remedy="check its templates for loops that grow",
        code="meshery.helm.memory",
    )


def _unexpected(error: Exception) -> OperationFailedError:
    return OperationFailedError(
        "Helm's process failed",
        cause=f"{type(error).__name__}: {error}",
        remedy="read the release's state; tell us how this came about",
        code="meshery.helm.failed",
    )


def _leave_nothing() -> None:
    """Remove the folder that was made for this call; its maker is not there to do so."""
    folder = Path.cwd()
    if folder.name.startswith(FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


def _end_with_input() -> None:
    """End this process, its children and its folder when whoever started it is gone."""
    while os.read(0, 4096):
        pass
    _leave_nothing()
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(_CANCELLED)


@contextmanager
def _kubeconfig(text: str) -> Iterator[Path | None]:
    """A path that the text can be read from. On Linux no disk sees it; it ends with us."""
    if not text:
        yield None
        return
    if sys.platform == "linux":
        descriptor = os.memfd_create("kubeconfig", 0)  # a `helm` that is started inherits it
        os.write(descriptor, text.encode())
        yield Path(f"/proc/self/fd/{descriptor}")
        os.close(descriptor)
    else:
        with _private_file(text) as path:
            yield path


@contextmanager
def _private_file(text: str) -> Iterator[Path]:
    path = Path("kubeconfig").absolute()  # the working directory is this call's own, and private
    path.touch(mode=0o600)
    try:
        path.write_text(text)
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


if __name__ == "__main__":
    raise SystemExit(main())
