"""The one door to AWS: nothing outside this package imports boto3 or botocore."""

from orchestration.aws.agent_log import CloudWatchAgentLog
from orchestration.aws.artifacts import ArtifactBucket, ImageRepository
from orchestration.aws.auth_log import DecisionLog
from orchestration.aws.cognito import CognitoProvider
from orchestration.aws.control import BotoRuntimeControl, observed_from_api
from orchestration.aws.function import BotoFunctions
from orchestration.aws.gateway import BotoGatewayControl
from orchestration.aws.inspector import Inspector
from orchestration.aws.log_groups import LogGroups
from orchestration.aws.logs import AgentLogs
from orchestration.aws.pool import PoolMembers
from orchestration.aws.remains import RemainsSearch
from orchestration.aws.session import AccessKey, Clients, Identity, identity, known_regions
from orchestration.aws.sign import RoleCredentials, sign
from orchestration.aws.sign_in import cognito_pool
from orchestration.aws.state import StateBucket

__all__ = [
    "AccessKey",
    "AgentLogs",
    "ArtifactBucket",
    "BotoFunctions",
    "BotoGatewayControl",
    "BotoRuntimeControl",
    "Clients",
    "CloudWatchAgentLog",
    "CognitoProvider",
    "DecisionLog",
    "Identity",
    "ImageRepository",
    "Inspector",
    "LogGroups",
    "PoolMembers",
    "RemainsSearch",
    "RoleCredentials",
    "StateBucket",
    "cognito_pool",
    "identity",
    "known_regions",
    "observed_from_api",
    "sign",
]
