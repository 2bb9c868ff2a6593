"""People at a Cognito pool without a browser: password, SRP, refresh, revocation, and what an app client allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.session import Clients, translated
from orchestration.errors import BadInput, OrchestrationError, SignInEnded, TokenRefused
from orchestration.tokens.flows import AppClient, Flow
from orchestration.tokens.held import Issued

AskCode = Callable[[], str]
"""Asks the user for the six digits of their authenticator app. Raises BadInput where nobody can be asked."""

# ExplicitAuthFlows -> ours (Cognito API: UserPoolClientType).
EXPLICIT = {"ALLOW_USER_PASSWORD_AUTH": Flow.PASSWORD, "ALLOW_USER_SRP_AUTH": Flow.SRP}
OAUTH = {"code": Flow.CODE, "client_credentials": Flow.MACHINE}

# What an id that is none is answered with: unknown, or not of the form of one.
NO_CLIENT = ("ResourceNotFoundException", "InvalidParameterException")
AGAIN = "run `invoke login` again"
BY_BROWSER = "run `invoke login --flow code`: the sign-in page asks for it"
# Error code of Cognito -> our code, what happened, the remedy.
REFUSALS: Mapping[str, tuple[str, str, str]] = {
    "NotAuthorizedException": ("wrong_password", "user name or password is wrong", AGAIN),
    "UserNotFoundException": ("wrong_password", "user name or password is wrong", AGAIN),
    "UserNotConfirmedException": ("user_not_confirmed", "the user is not confirmed", "confirm the user in the pool"),
    "PasswordResetRequiredException": ("password_reset", "the password must be reset", BY_BROWSER),
    "CodeMismatchException": ("wrong_code", "the code of the authenticator app is wrong", AGAIN),
    "ExpiredCodeException": ("wrong_code", "the code of the authenticator app is too old", AGAIN),
    "TooManyRequestsException": ("too_many", "the pool had too many requests", "wait a moment, then " + AGAIN),
    "ResourceNotFoundException": ("no_app_client", "the pool has no such app client", "make up"),
}
CHALLENGES: Mapping[str, tuple[str, str]] = {
    "NEW_PASSWORD_REQUIRED": ("new_password_required", "must choose a new password first"),
    "MFA_SETUP": ("mfa_setup", "must set up an authenticator app first"),
}
# NotAuthorizedException says by its text alone which of these it is (measured; Cognito has no code for them).
DISABLED, ATTEMPTS = "User is disabled", "Password attempts exceeded"


@dataclass(frozen=True, slots=True)
class CognitoPool:
    """tokens.flows.Pool over cognito-idp. What people send is not signed with AWS credentials; `app_client` is."""

    cognito: Any
    pool_id: str
    ask_code: AskCode

    def app_client(self, client_id: str) -> AppClient:
        """Raises BadInput for an id that the pool does not have."""
        with translated("cognito-idp:DescribeUserPoolClient"):
            try:
                answer = self.cognito.describe_user_pool_client(UserPoolId=self.pool_id, ClientId=client_id)
            except ClientError as e:
                if e.response.get("Error", {}).get("Code") not in NO_CLIENT:
                    raise
                raise BadInput(
                    f"--client is {client_id!r}: no app client of pool {self.pool_id}",
                    remedy="use user, machine, a name of app_clients, or an id that `invoke outputs` shows",
                    code="bad_client",
                ) from None
        found: Mapping[str, Any] = answer["UserPoolClient"]
        flows = {EXPLICIT[name] for name in found.get("ExplicitAuthFlows", []) if name in EXPLICIT}
        if found.get("AllowedOAuthFlowsUserPoolClient"):
            flows |= {OAUTH[name] for name in found.get("AllowedOAuthFlows", []) if name in OAUTH}
        return AppClient(
            client_id=client_id,
            flows=frozenset(flows),
            refreshes="ALLOW_REFRESH_TOKEN_AUTH" in found.get("ExplicitAuthFlows", [])
            or "RefreshTokenRotation" in found,
            redirect_uris=tuple(found.get("CallbackURLs", [])),
            scopes=tuple(found.get("AllowedOAuthScopes", [])),
            secret=found.get("ClientSecret"),
        )

    def password(self, client_id: str, username: str, password: str) -> Issued:
        """USER_PASSWORD_AUTH. Raises TokenRefused."""
        return password_sign_in(self.cognito, client_id, username, password, self.ask_code)

    def srp(self, client_id: str, username: str, password: str) -> Issued:
        """USER_SRP_AUTH: the password never leaves this machine. The arithmetic is pycognito's. Raises TokenRefused."""
        from pycognito.aws_srp import AWSSRP  # imports requests: only where it is needed

        proof = AWSSRP(username, password, self.pool_id, client_id, client=self.cognito)
        asked = proof.get_auth_params()
        with refusals(client_id, username):
            answer = self.cognito.initiate_auth(ClientId=client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=asked)
            if answer.get("ChallengeName") == "PASSWORD_VERIFIER":
                answer = self.cognito.respond_to_auth_challenge(
                    ClientId=client_id,
                    ChallengeName="PASSWORD_VERIFIER",
                    ChallengeResponses=proof.process_challenge(answer["ChallengeParameters"], asked),
                    **_session(answer),
                )
        return finish(self.cognito, client_id, username, answer, self.ask_code)

    def refresh(self, client_id: str, refresh: str) -> Issued:
        """GetTokensFromRefreshToken, which works with rotation and without it (Cognito devguide: refresh tokens).

        Raises SignInEnded.
        """
        with translated("cognito-idp:GetTokensFromRefreshToken"):
            try:
                answer = self.cognito.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=refresh)
            except ClientError as e:
                code = e.response.get("Error", {}).get("Code", "")
                if code not in ("NotAuthorizedException", "RefreshTokenReuseException", "UserNotFoundException"):
                    raise
                raise SignInEnded(f"Cognito renews nothing: {code}", remedy="invoke login") from None
        return issued(answer["AuthenticationResult"])

    def revoke(self, client_id: str, refresh: str) -> None:
        """RevokeToken. Access tokens hold until their own end (Cognito devguide: token revocation)."""
        with translated("cognito-idp:RevokeToken"):
            self.cognito.revoke_token(ClientId=client_id, Token=refresh)


def password_sign_in(
    cognito: Any, client_id: str, username: str, password: str, ask_code: AskCode | None = None
) -> Issued:
    """USER_PASSWORD_AUTH. Raises TokenRefused, also for a second factor where nobody can be asked for it."""
    with refusals(client_id, username):
        answer = cognito.initiate_auth(
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )
    return finish(cognito, client_id, username, answer, ask_code)


def finish(cognito: Any, client_id: str, username: str, answer: Mapping[str, Any], ask_code: AskCode | None) -> Issued:
    """The tokens of an answer, after the code of an authenticator app where it asks for one. Raises TokenRefused."""
    if ask_code and answer.get("ChallengeName") == "SOFTWARE_TOKEN_MFA":
        code = ask_code()
        with refusals(client_id, username):
            answer = cognito.respond_to_auth_challenge(
                ClientId=client_id,
                ChallengeName="SOFTWARE_TOKEN_MFA",
                ChallengeResponses={"USERNAME": username, "SOFTWARE_TOKEN_MFA_CODE": code},
                **_session(answer),
            )
    if result := answer.get("AuthenticationResult"):
        return issued(result)
    challenge = str(answer.get("ChallengeName", "something else"))
    slug, words = CHALLENGES.get(challenge, ("challenged", "is asked for more than a password"))
    raise TokenRefused(f"{username} {words} ({challenge})", remedy=BY_BROWSER, code=slug)


@contextmanager
def refusals(client_id: str, username: str) -> Iterator[None]:
    """Cognito's refusals of a person as ours; what else goes wrong is the environment's."""
    with translated("cognito-idp:InitiateAuth"):
        try:
            yield
        except ClientError as e:
            if known := refusal(client_id, username, e):
                raise known from None
            raise


def refusal(client_id: str, username: str, error: ClientError) -> OrchestrationError | None:
    """What a refusal means for whoever signs in; None where it is no refusal of a person."""
    said = error.response.get("Error", {})
    code, text = str(said.get("Code", "")), str(said.get("Message", ""))
    if code == "InvalidParameterException" and "not enabled" in text.lower():
        return TokenRefused(
            f"app client {client_id} does not allow this flow",
            remedy="add it to user_auth_flows in terraform/environments/<environment>.tfvars, then `invoke apply`",
            code="flow_off",
        )
    if code not in REFUSALS:
        return None
    slug, words, remedy = REFUSALS[code]
    if text.startswith(DISABLED):
        slug, words, remedy = "user_disabled", "the user is disabled", "enable the user in the pool"
    elif text.startswith(ATTEMPTS):
        slug, words, remedy = "too_many", "there were too many wrong passwords", "wait a few minutes, then " + AGAIN
    return TokenRefused(
        f"no token for {username} through app client {client_id}: {words} ({code})", remedy=remedy, code=slug
    )


def issued(result: Mapping[str, Any]) -> Issued:
    """AuthenticationResult as the broker keeps it."""
    return Issued(
        access=str(result["AccessToken"]),
        refresh=str(result.get("RefreshToken", "")),
        id=str(result.get("IdToken", "")),
        expires_in_s=float(result["ExpiresIn"]) if "ExpiresIn" in result else None,
    )


def cognito_pool(clients: Clients, pool_id: str, ask_code: AskCode) -> CognitoPool:
    return CognitoPool(clients.make("cognito-idp"), pool_id, ask_code)


def _session(answer: Mapping[str, Any]) -> dict[str, str]:
    return {"Session": answer["Session"]} if answer.get("Session") else {}
