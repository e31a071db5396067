"""Our own contract, served: the methods of `meshery.adapter.v1.Adapter`."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from meshery._proto.meshery.adapter.v1 import adapter_pb2 as pb
from meshery.adapters.choosing import chosen_version
from meshery.adapters.description import description_of
from meshery.adapters.library import Adapter
from meshery.adapters.model import (
    WORD_FIELDS,
    Component,
    ComponentRendering,
    Description,
    Health,
    Object,
    Order,
    VersionList,
)
from meshery.adapters.operating import Operating
from meshery.adapters.rpc import Handler
from meshery.adapters.wire import from_message, plain, to_message
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import World
from meshery.core.errors import InvalidInputError


class Contract:
    """An adapter behind our contract. `versions` answers the list that is known now."""

    def __init__(
        self, adapter: Adapter, operating: Operating, versions: Callable[[], VersionList]
    ) -> None:
        self._adapter = adapter
        self._operating = operating
        self._versions = versions
        self._described: tuple[VersionList, Description] | None = None

    @property
    def description(self) -> Description:
        """What the adapter says of itself now."""
        versions = self._versions()
        if self._described is None or self._described[0] is not versions:
            self._described = versions, description_of(self._adapter, versions)
        return self._described[1]

    def methods(self) -> dict[str, Handler]:
        """The methods by their names."""
        return {
            "Describe": self._describe,
            "Render": self._render,
            "Validate": self._validate,
            "Translate": self._translate,
            "Operate": self._operate,
            "Cancel": self._cancel,
            "Health": self._health,
        }

    async def _describe(self, _request: Any, _context: Any) -> Any:
        return to_message(self.description, pb.DescribeResponse)

    async def _render(self, request: pb.RenderRequest, _context: Any) -> Any:
        world = self._world(request.world)
        asked = [
            bool(request.behaviours),
            request.HasField("component"),
            bool(request.operation),
        ]
        if sum(asked) > 1:
            raise InvalidInputError(
                "behaviours, a component and an operation are rendered one at a time"
            )
        if request.HasField("component"):
            component = from_message(request.component, Component)
            return _rendered(self._adapter.render_component(component, world))
        if request.operation:
            return _rendered(self._adapter.render_operation(request.operation, world))
        behaviours = [parse_behaviour(_document(each)) for each in request.behaviours]
        rendering = self._adapter.render(behaviours, world)
        return to_message(rendering, pb.RenderResponse)

    async def _validate(self, request: pb.ValidateRequest, _context: Any) -> Any:
        found = self._adapter.validate(_objects(request.objects_json), list(request.validators))
        return to_message({"findings": found}, pb.ValidateResponse)

    async def _translate(self, request: pb.TranslateRequest, _context: Any) -> Any:
        made = self._adapter.translate(request.to, _objects(request.objects_json))
        return to_message(made, pb.TranslateResponse)

    async def _operate(self, request: pb.OperateRequest, _context: Any) -> AsyncIterator[Any]:
        order = from_message(request, Order)
        if not order.operation_id:
            raise InvalidInputError("the operation has no id", remedy="choose one for it")
        version = chosen_version(order.version, self._versions().known)
        async for word in self._operating.words(msgspec.structs.replace(order, version=version)):
            yield to_message({WORD_FIELDS[type(word)]: word}, pb.OperateResponse)

    async def _cancel(self, request: pb.CancelRequest, _context: Any) -> Any:
        return pb.CancelResponse(is_found=self._operating.cancel(request.operation_id))

    async def _health(self, _request: Any, _context: Any) -> Any:
        health = Health(
            is_ready=True, digest=self.description.digest, operations=self._operating.count
        )
        return to_message(health, pb.HealthResponse)

    def _world(self, message: pb.World) -> World:
        """The world of a request; its version is one that is known."""
        given = {"version": "", **plain(message, World)}
        given["version"] = chosen_version(given["version"], self._versions().known)
        try:
            return msgspec.convert(given, World)
        except msgspec.ValidationError as error:
            raise InvalidInputError("the world cannot be used", cause=str(error)) from error


def _document(behaviour: pb.Behaviour) -> dict[str, Any]:
    """The document of a behaviour; its own reader tells what is wrong with it."""
    try:
        return plain(behaviour)
    except msgspec.DecodeError as error:
        raise InvalidInputError(
            f"the parameters of {behaviour.name} are no JSON", cause=str(error)
        ) from error


def _objects(texts: Any) -> list[Object]:
    """Native objects of their texts. InvalidInputError names the one that cannot be read."""
    found: list[Object] = []
    for number, text in enumerate(texts, 1):
        try:
            found.append(msgspec.json.decode(text, type=dict[str, Any]))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise InvalidInputError(
                f"object {number} is no JSON object", cause=str(error)
            ) from error
    return found


def _rendered(rendering: ComponentRendering) -> Any:
    made = {"objects": rendering.objects, "outcomes": (rendering.outcome,)}
    return to_message(made, pb.RenderResponse)
