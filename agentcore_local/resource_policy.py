"""The control plane's operations on resource policies of runtimes and endpoints (botocore model)."""

from agentcore_local.control import Params, Reply
from agentcore_local.endpoints import find_resource
from agentcore_local.evaluation import BadPolicy, Statement, parse
from agentcore_local.store import Store
from agentcore_local.wire import Refused


class ResourcePolicies:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, params: Params) -> Reply:
        runtime_id, arn = find_resource(self._store, params["resourceArn"])
        check(params["policy"], arn)
        with self._store.change():
            self._store.put_resource_policy(runtime_id, arn, params["policy"])
        return {"policy": params["policy"]}

    async def get(self, params: Params) -> Reply:
        return {"policy": self._existing(params["resourceArn"])}

    async def delete(self, params: Params) -> Reply:
        self._existing(params["resourceArn"])
        with self._store.change():
            self._store.drop_resource_policy(params["resourceArn"])
        return {}

    def _existing(self, wanted: str) -> str:
        _, arn = find_resource(self._store, wanted)
        policy = self._store.resource_policy(arn)
        if policy is None:
            raise Refused("not_found", detail="The resource has no resource policy")
        return policy


def check(document: str, arn: str) -> None:
    """Refuse a document that could not be judged later. Raises Refused (400)."""
    try:
        for statement in parse(document):
            _check_statement(statement, arn)
    except BadPolicy as e:
        raise Refused("validation", detail=str(e), fields=[("policy", str(e))]) from None


def _check_statement(statement: Statement, arn: str) -> None:
    if statement.principals is None:
        raise BadPolicy("A resource policy's statement must have a Principal")
    if statement.not_resources or statement.resources != (arn,):
        raise BadPolicy("A resource policy's Resource must be exactly the ARN of the resource it is attached to")
    if any("*" in p and p != "*" for p in statement.principals):
        raise BadPolicy("A Principal must be * or name one principal; it has no wildcards")
    foreign = [a for a in statement.actions if a != "*" and not a.lower().startswith("bedrock-agentcore:")]
    if foreign:
        raise BadPolicy("A resource policy's actions must be of bedrock-agentcore")
