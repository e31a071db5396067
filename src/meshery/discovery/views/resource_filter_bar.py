"""What a reader chooses objects by: cluster, kind, namespace, labels and words."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from nicegui import ui

from meshery.discovery.facets import Facets, parse_kind
from meshery.discovery.filter import ResourceFilter
from meshery.ui.format import whole
from meshery.ui.widgets.html import tag

MOST_NAMESPACES = 1000
"""More are not offered one by one; the search finds in namespaces too."""
_ANY = ""


class Chosen(msgspec.Struct, frozen=True):
    """What is chosen, as addresses carry it: `label` in kubectl's form, `app=web,tier`."""

    cluster: str = ""
    kind: str = ""
    namespace: str = ""
    label: str = ""
    search: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Chosen":
        """From an address."""
        return cls(**{name: query.get(name, "") for name in cls.__struct_fields__})

    @property
    def filter(self) -> ResourceFilter:
        """As the service asks for it."""
        kind, group = parse_kind(self.kind)
        return ResourceFilter(
            cluster_id=self.cluster,
            kind=kind,
            group=group,
            namespace=self.namespace,
            labels=tuple(each.strip() for each in self.label.split(",") if each.strip()),
            search=self.search,
        )


class ResourceFilterBar:
    """The fields; `changed` runs after each change of `chosen`."""

    def __init__(
        self,
        chosen: Chosen,
        changed: Callable[[], Awaitable[None]],
        *,
        with_labels: bool = True,
    ) -> None:
        self.chosen = chosen
        self._changed = changed
        with tag("div", classes="filters", role="search", aria_label="Choose objects"):
            self._search = self._text("search", "Name or namespace")
            self._kind = self._choice("kind", "Kind")
            self._namespace = self._choice("namespace", "Namespace")
            if with_labels:
                self._text("label", "Labels: app=web, tier")
            self._cluster = self._choice("cluster", "Cluster")

    def offer(self, facets: Facets, clusters: Mapping[str, str]) -> None:
        """Say what there is to choose from; `clusters` are names by id."""
        kinds = {each.value: _kind_words(each.value, each.objects) for each in facets.kinds}
        namespaces = {each: each for each in facets.namespaces[:MOST_NAMESPACES]}
        self._offer(self._kind, "kind", {_ANY: "All kinds", **kinds})
        self._offer(self._namespace, "namespace", {_ANY: "All namespaces", **namespaces})
        self._offer(self._cluster, "cluster", {_ANY: "All clusters", **clusters})
        self._cluster.set_visibility(len(clusters) > 1 or bool(self.chosen.cluster))

    def _offer(self, field: ui.select, name: str, options: dict[str, str]) -> None:
        value = getattr(self.chosen, name)
        wanted = {**options, **({} if value in options else {value: value})}
        if field.options != wanted:
            field.set_options(wanted)

    def _text(self, name: str, words: str) -> ui.input:
        field = ui.input(placeholder=words, value=getattr(self.chosen, name))
        field.props(f'borderless dense clearable debounce=250 aria-label="{words}"')
        field.classes(f"filter by-{name}")
        field.on_value_change(lambda change: self._choose(name, change.value))
        return field

    def _choice(self, name: str, words: str) -> ui.select:
        value = getattr(self.chosen, name)
        field = ui.select({value: value or "All"}, value=value, with_input=True)
        field.props(f'borderless dense options-dense hide-selected fill-input aria-label="{words}"')
        field.classes("filter")
        field.on_value_change(lambda change: self._choose(name, change.value))
        return field

    async def _choose(self, name: str, value: Any) -> None:
        words = str(value or "").strip()
        if words != getattr(self.chosen, name):
            self.chosen = msgspec.structs.replace(self.chosen, **{name: words})
            await self._changed()


def _kind_words(value: str, objects: int) -> str:
    kind, group = parse_kind(value)
    name = kind if group is None else f"{kind} ({group or 'core'})"
    return f"{name}, {whole(objects)}"
