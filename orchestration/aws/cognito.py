"""Cognito and Secrets Manager, as the token broker needs them."""

from __future__ import annotations

from botocore.exceptions import ClientError

from orchestration.aws.session import Clients, translated
from orchestration.errors import TokenRefused
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
        with translated("cognito-idp:InitiateAuth"):
            try:
                answer = self._cognito.initiate_auth(
                    ClientId=client_id,
                    AuthFlow="USER_PASSWORD_AUTH",
                    AuthParameters={"USERNAME": username, "PASSWORD": password},
                )
            except ClientError as e:
                raise _token_refused(client_id, username, e) from None
        result = answer.get("AuthenticationResult")
        if not result:
            raise TokenRefused(
                f"Cognito asks {username} for {answer.get('ChallengeName', 'a challenge')} instead of giving tokens",
                remedy="run `invoke configure`, which sets the password again",
            )
        return UserTokens(access=result["AccessToken"], id=result["IdToken"], refresh=result.get("RefreshToken", ""))

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


def _token_refused(client_id: str, username: str, error: ClientError) -> TokenRefused:
    code = error.response.get("Error", {}).get("Code", "unknown")
    return TokenRefused(
        f"Cognito gave {username} no token through app client {client_id}: {code}",
        remedy="run `make up`, which puts pool, user and password right",
    )
