"""Progress: what Helm's library logs of the objects it makes, in a few words."""

import logging
import re

from meshery.kube.helm.backend import Told


class Words(logging.Handler):
    """Tells of objects that are made, changed, deleted and waited for; the rest is Helm's own."""

    _TOLD = (
        ("Created resource", "created"),
        ("Patched resource", "changed"),
        ("Replaced resource", "replaced"),
        ("starting delete resource", "deleting"),
        ("waiting for resource ", "waiting for"),
    )

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told
        self._last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a record, unless it says what the last one did."""
        said = record.getMessage()
        verb = next((word for start, word in self._TOLD if said.startswith(start)), "")
        name = re.search(r"\bname=(\S+)", said)
        kind = re.search(r"\b[kK]ind=(\w+)", said)
        if verb and name and kind:
            words = f"{verb} {kind[1]} {name[1]}"
            if words != self._last:
                self._last = words
                self._told(words)
