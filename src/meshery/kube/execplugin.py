"""Exec plug-ins: programs that print an ExecCredential for one cluster.

kubernetes.io/docs/reference/config-api/client-authentication.v1
"""

import asyncio
import base64
import contextlib
import json
import os
from asyncio.subprocess import DEVNULL, PIPE, Process

import msgspec

from meshery.core.errors import NotAuthenticatedError
from meshery.kube.access import Access, ExecPlugin

TIME_S = 30.0
"""How long a plug-in may take; some ask a cloud over the network."""
MAX_BYTES = 1_048_576


class PluginStatus(msgspec.Struct, frozen=True, rename="camel"):
    """What a plug-in gives: a token, or a certificate with its key, and when it ends (RFC 3339)."""

    token: str = ""
    certificate: str = msgspec.field(default="", name="clientCertificateData")
    key: str = msgspec.field(default="", name="clientKeyData")
    expires: str = msgspec.field(default="", name="expirationTimestamp")


class _Credential(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    status: PluginStatus | None = None


async def run_plugin(access: Access, *, time_s: float = TIME_S) -> PluginStatus:
    """Run the plug-in of `access` and read what it prints.

    NotAuthenticatedError when it is not there, fails, takes too long, or prints something else.
    """
    plugin = access.credentials.exec
    assert plugin is not None  # noqa: S101 - callers have one
    # Settings of ours may hold secrets, such as the database's password: they are not its business.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MESHERY_")}
    environment = {**kept, **plugin.environment, "KUBERNETES_EXEC_INFO": _info(access)}
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.arguments,
            env=environment,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _failure(
            plugin, f"cannot be started: {error.strerror}", remedy=plugin.install_hint
        ) from error
    try:
        async with asyncio.timeout(time_s):
            printed, complaint = await _output(process, plugin)
            code = await process.wait()
    except TimeoutError as error:
        raise _failure(plugin, f"did not end within {time_s:g} s") from error
    finally:
        await _end(process)
    if code != 0:
        said = complaint[-500:].decode("utf-8", "replace").strip()
        raise _failure(plugin, f"ended with {code}: {said}", remedy=plugin.install_hint)
    return _read(plugin, printed)


async def _output(process: Process, plugin: ExecPlugin) -> tuple[bytes, bytes]:
    assert process.stdout is not None  # noqa: S101 - they are pipes
    assert process.stderr is not None  # noqa: S101
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_bounded(stream)) for stream in (process.stdout, process.stderr)]
    printed, complaint = (task.result() for task in tasks)
    if len(printed) > MAX_BYTES:
        raise _failure(plugin, f"printed more than {MAX_BYTES} bytes")
    return printed, complaint


async def _bounded(stream: asyncio.StreamReader) -> bytes:
    """At most a little more than MAX_BYTES; the rest is read and dropped."""
    kept = bytearray()
    while chunk := await stream.read(65_536):
        if len(kept) <= MAX_BYTES:
            kept += chunk
    return bytes(kept)


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()


def _info(access: Access) -> str:
    """The ExecCredential a plug-in gets in its environment."""
    plugin = access.credentials.exec
    assert plugin is not None  # noqa: S101
    spec: dict[str, object] = {"interactive": False}
    if plugin.provide_cluster:
        cluster = {
            "server": access.server,
            "tls-server-name": access.tls_server_name,
            "insecure-skip-tls-verify": access.insecure,
            "certificate-authority-data": base64.b64encode(access.ca.encode()).decode(),
            "proxy-url": access.proxy_url,
        }
        spec["cluster"] = {name: value for name, value in cluster.items() if value}
    return json.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})


def _read(plugin: ExecPlugin, printed: bytes) -> PluginStatus:
    try:
        found = msgspec.json.decode(printed, type=_Credential)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _failure(plugin, f"printed no ExecCredential: {error}") from error
    if (found.api_version, found.kind) != (plugin.api_version, "ExecCredential"):
        raise _failure(
            plugin, f"printed {found.api_version} {found.kind}, not {plugin.api_version}"
        )
    status = found.status
    if status is None or not (status.token or (status.certificate and status.key)):
        raise _failure(plugin, "printed neither a token nor a certificate with its key")
    return status


def _failure(plugin: ExecPlugin, cause: str, *, remedy: str = "") -> NotAuthenticatedError:
    return NotAuthenticatedError(
        f"the exec plug-in {plugin.command} gave no credentials",
        cause=f"it {cause}",
        remedy=remedy or "run the program by hand to see what it lacks, or use a token",
        code="meshery.kube.exec",
    )
