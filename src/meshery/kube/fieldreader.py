"""Typed fields of one kubeconfig entry, read with their faults and lines."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from meshery.core.errors import Problem
from meshery.core.yamlfile import YamlDocument

MAX_FILE_BYTES = 1_048_576
"""Largest certificate or key file that is read."""


class Entry(msgspec.Struct, frozen=True):
    """A named part of a file: its fields, where they stand, and the folder paths start from."""

    name: str
    fields: Mapping[str, Any]
    path: str
    document: YamlDocument
    folder: Path | None


class FieldReader:
    """Reads fields of one entry and gathers what is wrong with them."""

    def __init__(
        self,
        entry: Entry,
        *,
        files: bool,
        problems: list[Problem],
        refused: list[Problem],
    ) -> None:
        self.entry = entry
        self._files = files
        self._problems = problems
        self._refused = refused

    def under(self, field: str) -> "FieldReader":
        """The reader of a mapping inside this entry."""
        inner = self.entry.fields.get(field) or {}
        if not isinstance(inner, dict):
            self.fault(field, "must be a mapping")
            inner = {}
        path = f"{self.entry.path}.{field}"
        entry = msgspec.structs.replace(self.entry, fields=inner, path=path)
        return FieldReader(entry, files=self._files, problems=self._problems, refused=self._refused)

    def fault(self, field: str, message: str) -> None:
        """Keep a fault of `field`; the empty field is the entry itself."""
        self._problems.append(self._problem(field, message))

    def refuse(self, field: str, message: str) -> None:
        """Keep what the file is not trusted to do."""
        self._refused.append(self._problem(field, message))

    def _problem(self, field: str, message: str) -> Problem:
        path = f"{self.entry.path}.{field}" if field else self.entry.path
        return Problem(path, message, self.entry.document.line(path))

    def text(self, field: str) -> str:
        """A text; empty when absent."""
        value = self.entry.fields.get(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.fault(field, "must be a text; put it in quotes")
            return ""
        return value

    def flag(self, field: str) -> bool:
        """A truth value; False when absent."""
        value = self.entry.fields.get(field)
        if value is not None and not isinstance(value, bool):
            self.fault(field, "must be true or false")
        return value is True

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts; empty when absent."""
        value = self.entry.fields.get(field) or []
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            self.fault(field, "must be a list of texts")
            return ()
        return tuple(value)

    def path(self, field: str) -> Path | None:
        """A file's path, absolute; None when none is given or it may not be."""
        given = self.text(field)
        if not given:
            return None
        if not self._files:
            self.refuse(field, f"names the file {given!r:.120}")
            return None
        path = Path(given)
        if not path.is_absolute() and self.entry.folder is None:
            self.fault(field, f"{given!r:.120} is relative, and the text has no folder")
            return None
        return (self.entry.folder or Path()) / path

    def pem(self, field: str, *, data: str = "") -> str:
        """PEM text from `<field>-data` (base64), which wins, or from the file `<field>`."""
        data = data or f"{field}-data"
        given = self.text(data)
        if given:
            return self._decoded(data, given)
        path = self.path(field)
        return self._file(field, path) if path else ""

    def _decoded(self, field: str, given: str) -> str:
        try:
            text = base64.b64decode("".join(given.split()), validate=True).decode("ascii")
        except (binascii.Error, UnicodeError, ValueError):
            self.fault(field, "is not PEM in base64")
            return ""
        return self._checked(field, text)

    def _file(self, field: str, path: Path) -> str:
        try:
            if path.stat().st_size > MAX_FILE_BYTES or not path.is_file():
                self.fault(field, f"{path} is no certificate file")
                return ""
            return self._checked(field, path.read_text("ascii"))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no text"
            self.fault(field, f"cannot read {path}: {reason}")
            return ""

    def _checked(self, field: str, text: str) -> str:
        if "-----BEGIN " not in text:
            self.fault(field, "holds no PEM block")
            return ""
        return text
