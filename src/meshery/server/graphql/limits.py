"""What a query may ask for: how deep, how broad, under how many names, and how much in all.

The document is measured before anything else looks at it, so that none of the costlier checks sees
a hostile one. Each fragment is measured once, however often it is spread. The schema
says what is a list; a field that it does not know counts once, since validation refuses it.
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
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
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
LISTED = 10
"""Items of a list that comes whole, as it is counted: how many it has is not known before."""

_FIRST = "first"
_PAGE_INFO = "pageInfo"
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
            schema = context.schema._schema  # noqa: SLF001 - the library tells it to rules alone
            refused = refusal(document, context.variables or {}, schema=schema)
            if refused is not None:
                context.pre_execution_errors = [GraphQLError(refused.what, original_error=refused)]
        yield


def refusal(
    document: DocumentNode, variables: Mapping[str, Any], *, schema: GraphQLSchema
) -> LimitError | None:
    """Why a document is refused; None when it may be answered."""
    size = _Measure(document, variables, schema).whole()
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
    def __init__(
        self, document: DocumentNode, variables: Mapping[str, Any], schema: GraphQLSchema
    ) -> None:
        self._document = document
        self._variables = variables
        self._schema = schema
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
                root = self._schema.get_root_type(each.operation)
                size = size.beside(self._selection(each.selection_set, root))
        return size

    def _selection(
        self, selected: SelectionSetNode | None, parent: GraphQLNamedType | None
    ) -> Size:
        size = Size()
        for each in selected.selections if selected else ():
            if isinstance(each, FieldNode):
                size = size.beside(self._field(each, parent))
            elif isinstance(each, InlineFragmentNode):
                on = each.type_condition
                kind = self._schema.get_type(on.name.value) if on else parent
                size = size.beside(self._selection(each.selection_set, kind))
            elif isinstance(each, FragmentSpreadNode):
                size = size.beside(self._fragment(each.name.value))
        return size

    def _field(self, field: FieldNode, parent: GraphQLNamedType | None) -> Size:
        if field.name.value.startswith(_SCHEMA):
            return self._of_schema(field)
        known = _fields(parent)
        definition = known.get(field.name.value)
        kind = get_named_type(definition.type) if definition else None
        inner = self._selection(field.selection_set, kind)
        # What a connection has in it was counted by its `first`.
        items = self._items(field, definition) if _PAGE_INFO not in known else 1
        return Size(
            depth=inner.depth + 1,
            fields=inner.fields + 1,
            aliases=inner.aliases + (field.alias is not None),
            cost=1 + inner.cost * items,
        )

    def _of_schema(self, field: FieldNode) -> Size:
        """Introspection is deep by nature, and cheap; it counts by its breadth alone."""
        inner = self._selection(field.selection_set, None)
        return Size(depth=1, fields=inner.fields + 1, aliases=inner.aliases, cost=inner.fields + 1)

    def _fragment(self, name: str) -> Size:
        fragment = self._fragments.get(name)
        if fragment is None:
            return Size()  # validation says so
        if name not in self._measured:
            self._measured[name] = Size()  # one that spreads itself; validation says so
            kind = self._schema.get_type(fragment.type_condition.name.value)
            self._measured[name] = self._selection(fragment.selection_set, kind)
        return self._measured[name]

    def _items(self, field: FieldNode, definition: GraphQLField | None) -> int:
        """How many items a field may have, as far as schema and query say."""
        if definition is None:
            return 1
        if _FIRST in definition.args:
            return self._first(field)
        return LISTED if is_list_type(get_nullable_type(definition.type)) else 1

    def _first(self, field: FieldNode) -> int:
        given = {each.name.value: each.value for each in field.arguments or ()}
        value = given.get(_FIRST)
        if value is None:
            asked: Any = DEFAULT_PAGE_SIZE
        elif isinstance(value, IntValueNode):
            asked = int(value.value) if len(value.value) < 10 else MAX_PAGE_SIZE
        elif isinstance(value, VariableNode):
            asked = self._variables.get(value.name.value, MAX_PAGE_SIZE)
        else:
            asked = MAX_PAGE_SIZE
        is_number = isinstance(asked, int) and not isinstance(asked, bool)
        return max(1, min(asked, MAX_PAGE_SIZE)) if is_number else MAX_PAGE_SIZE


def _fields(kind: GraphQLNamedType | None) -> Mapping[str, GraphQLField]:
    return kind.fields if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else {}
