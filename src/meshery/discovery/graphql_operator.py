"""GraphQL of our operator in connected clusters. Thin: the service does the work."""

import strawberry

from meshery.discovery.operators import OperatorService, OperatorState, PartState, State
from meshery.operations.model import Operation
from meshery.operations.request import platform_of
from meshery.web.graphql.door import Door, Info, connection_of
from meshery.web.graphql.fields import asked, done
from meshery.web.graphql.nouns import noun, words
from meshery.web.identity import actor_of

words(State, name="OperatorCondition")
noun(PartState, name="OperatorPart")


@strawberry.type
class OperatorQuery:
    """What may be asked."""

    @asked(
        noun(OperatorState),
        "How our operator is in a cluster: deployed, connected, and how far behind we are.",
    )
    async def operator_state(self, info: Info, context_id: strawberry.ID) -> OperatorState:
        """As the cluster itself says now."""
        return await _service(info).state(context_id)


@strawberry.type
class OperatorMutation:
    """What may be done."""

    @done(noun(Operation), "Put our operator into a cluster; the operation tells how it goes.")
    async def deploy_operator(
        self, info: Info, context_id: strawberry.ID, *, namespace: str = ""
    ) -> Operation:
        """Into its usual namespace unless another is named."""
        actor = actor_of(connection_of(info))
        return await _service(info).deploy(context_id, actor=actor, namespace=namespace)

    @done(noun(Operation), "Take our operator out of a cluster; nothing of it is left there.")
    async def remove_operator(self, info: Info, context_id: strawberry.ID) -> Operation:
        """The operation tells how it goes."""
        return await _service(info).remove(context_id, actor=actor_of(connection_of(info)))


DOOR = Door(query=OperatorQuery, mutation=OperatorMutation)


def _service(info: Info) -> OperatorService:
    return OperatorService(platform_of(connection_of(info)))
