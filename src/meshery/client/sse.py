"""Server-sent events, read line by line (WHATWG HTML, section 9.2)."""

from collections.abc import Iterable, Iterator

import msgspec


class ServerEvent(msgspec.Struct, frozen=True):
    """One event: its name, its data, and the id of the last one that had any: the resume cursor."""

    name: str
    data: str
    id: str

    def document(self) -> dict[str, object]:
        """The data as a JSON object."""
        return msgspec.json.decode(self.data, type=dict[str, object])


def read_events(lines: Iterable[str]) -> Iterator[ServerEvent]:
    """Events of a stream; comments are skipped, an unfinished last event is dropped."""
    name, cursor = "message", ""
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                yield ServerEvent(name, "\n".join(data), cursor)
            name, data = "message", []
            continue
        field, _, rest = line.partition(":")
        value = rest.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            cursor = value
