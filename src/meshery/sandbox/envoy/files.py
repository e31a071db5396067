"""A sidecar's files: written whole by a rename, private, never edited in place.

Envoy watches for a rename over the file and ignores edits. The new content waits in a directory
beside it, so that the watch sees one event, not the writing.
"""

import os
import re
from pathlib import Path

import msgspec

from meshery.core.paths import private_dir
from meshery.sandbox.authority import Leaf
from meshery.sandbox.render.names import BOOTSTRAP, IDENTITY, TRUST, Json
from meshery.sandbox.render.tls import identity_file, trust_file
from meshery.sandbox.render.world import SidecarConfig

_STAGE = ".new"
_VERSION = re.compile(rb'\{"version_info":"([^"]*)"')  # always the first key
_VERSION_BYTES = 128


def write_sidecar(directory: Path, config: SidecarConfig, *, leaf: Leaf, trust: bytes) -> None:
    """Everything a sidecar needs before it starts: a missing file would never be noticed later."""
    private_dir(directory)
    put_file(directory, BOOTSTRAP, config.bootstrap)
    put_file(directory, IDENTITY, identity_of(leaf))
    put_file(directory, TRUST, trust_file(trust))
    for name, content in config.files.items():
        put_file(directory, name, content)


def put_file(directory: Path, name: str, content: Json) -> None:
    """Write one file whole (mode 0600)."""
    waiting = directory / _STAGE / name
    descriptor = _create(waiting)
    try:
        _write_all(descriptor, msgspec.json.encode(content))
    finally:
        os.close(descriptor)
    waiting.replace(directory / name)


def read_file(directory: Path, name: str) -> Json | None:
    """The content of a file; None when there is none."""
    try:
        content: Json = msgspec.json.decode((directory / name).read_bytes())
    except FileNotFoundError:
        return None
    return content


def read_version(directory: Path, name: str) -> str:
    """The version of a file, without reading the rest; empty when there is none."""
    try:
        descriptor = os.open(f"{directory}/{name}", os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        found = _VERSION.match(os.read(descriptor, _VERSION_BYTES))
    finally:
        os.close(descriptor)
    return found[1].decode() if found else ""


def identity_of(leaf: Leaf) -> Json:
    """The identity file of a certificate."""
    return identity_file(certificate=leaf.certificate_pem, key=leaf.key_pem)


def _create(path: Path) -> int:
    """Open a file to be written anew; its directory is made when it is missing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return os.open(path, flags, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
