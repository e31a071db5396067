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
    stage = directory / _STAGE
    stage.mkdir(mode=0o700, exist_ok=True)
    waiting = stage / name
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(content))
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
        with (directory / name).open("rb") as file:
            found = _VERSION.match(file.read(_VERSION_BYTES))
    except FileNotFoundError:
        return ""
    return found[1].decode() if found else ""


def identity_of(leaf: Leaf) -> Json:
    """The identity file of a certificate."""
    return identity_file(certificate=leaf.certificate_pem, key=leaf.key_pem)
