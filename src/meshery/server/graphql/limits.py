"""What a query may ask for: how deep, how broad, under how many names, and how much in all.

The document is measured before anything else looks at it, so that none of the costlier checks sees
a hostile one. Each fragment is measured once, however often it is spread.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from strawberry.extensions import SchemaExtension

from meshery.core.errors import LimitError
from meshery.core.page import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

MAX_TOKENS = 4000
MAX_DEPTH = 14
MAX_FIELDS = 500
MAX_ALIASES = 30
MAX_COST = 100_000
"""Fields times the items that they may be asked of."""

_LISTS = frozenset({"edges", "nodes"})
_SCHEMA = "__"


class Size(msgspec.Struct, frozen=True):
    """How large a part of a query is. `cost` counts each field once for each item of its lists."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    cost: int = 0

    def beside(self, other: "Size") -> "Size":
        """Both in one selection."""
        return Size(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.cost + other.cost,
        )


class LimitExtension(SchemaExtension):
    """Refuses what is too large, before validation."""

    def on_operation(self) -> Iterator[None]:
        """Reading ends where the document is too long."""
        self.execution_context.parse_options["max_tokens"] = MAX_TOKENS
        yield

    def on_validate(self) -> Iterator[None]:
        """An error takes the place of the validation."""
        context = self.execution_context
        document = context.graphql_document
        if document is not None:
            refused = refusal(document, context.variables or {})
            if refused is not None:
                context.pre_execution_errors = [GraphQLError(refused.what, original_error=refused)]
        yield


def refusal(document: DocumentNode, variables: Mapping[str, Any]) -> LimitError | None:
    """Why a document is refused; None when it may be answered."""
    size = _Measure(document, variables).whole()
    for name, value, most in (
        ("levels deep", size.depth, MAX_DEPTH),
        ("fields", size.fields, MAX_FIELDS),
        ("aliases", size.aliases, MAX_ALIASES),
        ("items in cost", size.cost, MAX_COST),
    ):
        if value > most:
            return LimitError(
                f"the query is too large: {value} {name}",
                cause=f"at most {most} are answered",
                remedy="ask for less at once: fewer fields, a smaller `first`, several queries",
                code="meshery.graphql.limit",
            )
    return None


class _Measure:
    def __init__(self, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._document = document
        self._variables = variables
        self._fragments = {
            each.name.value: each
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._measured: dict[str, Size] = {}

    def whole(self) -> Size:
        """All operations of the document together."""
        size = Size()
        for each in self._document.definitions:
            if isinstance(each, OperationDefinitionNode):
                size = size.beside(self._selection(each.selection_set))
        return size

    def _selection(self, selected: SelectionSetNode | None) -> Size:
        size = Size()
        for each in selected.selections if selected else ():
            if isinstance(each, FieldNode):
                size = size.beside(self._field(each))
            elif isinstance(each, InlineFragmentNode):
                size = size.beside(self._selection(each.selection_set))
            elif isinstance(each, FragmentSpreadNode):
                size = size.beside(self._fragment(each.name.value))
        return size

    def _field(self, field: FieldNode) -> Size:
        if field.name.value.startswith(_SCHEMA):
            return self._of_schema(field)
        inner = self._selection(field.selection_set)
        return Size(
            depth=inner.depth + 1,
            fields=inner.fields + 1,
            aliases=inner.aliases + (field.alias is not None),
            cost=1 + inner.cost * self._items(field),
        )

    def _of_schema(self, field: FieldNode) -> Size:
        """Introspection is deep by nature, and cheap; it counts by its breadth alone."""
        inner = self._selection(field.selection_set)
        return Size(depth=1, fields=inner.fields + 1, aliases=inner.aliases, cost=inner.fields + 1)

    def _fragment(self, name: str) -> Size:
        fragment = self._fragments.get(name)
        if fragment is None:
            return Size()  # validation says so
        if name not in self._measured:
            self._measured[name] = Size()  # one that spreads itself; validation says so
            self._measured[name] = self._selection(fragment.selection_set)
        return self._measured[name]

    def _items(self, field: FieldNode) -> int:
        """How many items a field may have, as far as the query says."""
        names = {each.name.value for each in field.arguments or ()}
        if "first" in names:
            return self._first(field)
        return DEFAULT_PAGE_SIZE if self._is_list(field) else 1

    def _is_list(self, field: FieldNode) -> bool:
        """Whether it is a connection, by what is asked of it."""
        selections = field.selection_set.selections if field.selection_set else ()
        return any(isinstance(each, FieldNode) and each.name.value in _LISTS for each in selections)

    def _first(self, field: FieldNode) -> int:
        value = next(each.value for each in field.arguments or () if each.name.value == "first")
        if isinstance(value, IntValueNode):
            asked: Any = int(value.value) if len(value.value) < 10 else MAX_PAGE_SIZE
        elif isinstance(value, VariableNode):
            asked = self._variables.get(value.name.value, MAX_PAGE_SIZE)
        else:
            asked = MAX_PAGE_SIZE
        is_number = isinstance(asked, int) and not isinstance(asked, bool)
        return max(1, min(asked, MAX_PAGE_SIZE)) if is_number else MAX_PAGE_SIZE
