"""Cognito and Secrets Manager, as the token broker needs them."""

from __future__ import annotations

from orchestration.aws.session import Clients, translated
from orchestration.aws.sign_in import password_sign_in
from orchestration.tokens import UserTokens


class CognitoProvider:
    """tokens.IdentityProvider over cognito-idp and secretsmanager."""

    def __init__(self, clients: Clients) -> None:
        self._cognito = clients.make("cognito-idp")
        self._secrets = clients.make("secretsmanager")

    def secret(self, secret_arn: str) -> str:
        with translated("secretsmanager:GetSecretValue"):
            return str(self._secrets.get_secret_value(SecretId=secret_arn)["SecretString"])

    def sign_in(self, client_id: str, username: str, password: str) -> UserTokens:
        found = password_sign_in(self._cognito, client_id, username, password)
        return UserTokens(access=found.access, id=found.id, refresh=found.refresh)

    def client_secret(self, pool_id: str, client_id: str) -> str:
        with translated("cognito-idp:DescribeUserPoolClient"):
            answer = self._cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
        return str(answer["UserPoolClient"]["ClientSecret"])

    def is_confirmed(self, pool_id: str, username: str) -> bool:
        with translated("cognito-idp:AdminGetUser"):
            answer = self._cognito.admin_get_user(UserPoolId=pool_id, Username=username)
        return bool(answer["UserStatus"] == "CONFIRMED")

    def set_password(self, pool_id: str, username: str, password: str) -> None:
        with translated("cognito-idp:AdminSetUserPassword"):
            self._cognito.admin_set_user_password(
                UserPoolId=pool_id, Username=username, Password=password, Permanent=True
            )
