"""For each rule the way out, as a command or a Terraform line; and the traps that have a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestration.checks.decision import Decision, Rule

ADMIN_SCOPE = "aws.cognito.signin.user.admin"


@dataclass(frozen=True, slots=True)
class Place:
    """The deployment that is asked about. `command` gives a command as it must be typed for it."""

    runtime_arn: str
    environment: str
    discovery_url: str
    command: Callable[[str], str]
    qualifiers: tuple[str, ...] = ("DEFAULT",)
    forwarded: tuple[str, ...] = ()
    """Headers that reach the agent."""
    gateway: str = ""
    """Path of the gateway's URL, where that is what was called; `runtime_arn` holds the URL then."""

    @property
    def tfvars(self) -> str:
        return f"terraform/environments/{self.environment}.tfvars"


@dataclass(frozen=True, slots=True)
class Trap:
    """A mistake that many make, by name."""

    slug: str
    text: str


TRAPS: Mapping[str, str] = {
    "access_token_without_audience": "Cognito's access tokens carry no aud: an audience rule keeps all of them out",
    "identity_token": "an ID token names its app client in aud, not in client_id: send the access token",
    "admin_scope_only": f"tokens from InitiateAuth carry only the scope {ADMIN_SCOPE}, whatever the app client may get",
    "signed_call_on_token_door": "AWS SDKs sign by default: a runtime with a JWT authorizer takes bearer tokens only",
    "token_on_signed_door": "a runtime without a JWT authorizer takes signed calls only",
    "unquoted_arn": "the ARN must be percent-encoded as one path segment, its slash as %2F",
    "double_quoted_arn": "the ARN is percent-encoded twice: %25 where % is meant",
    "other_environment": "the token is of another issuer: another environment's pool, or another provider",
    "last_minute": "a token is refused during its last minute already",
    "refresh_token": "a refresh token is for the identity provider, not for the runtime",
    "unsigned_token": "a token without a signature proves nothing",
}


def trap(first: Rule, decision: Decision) -> Trap | None:
    """The trap behind the first failed rule, None where it has no name."""
    slug = _slug(first, decision)
    return Trap(slug, TRAPS[slug]) if slug else None


def _slug(first: Rule, decision: Decision) -> str | None:
    use = decision.rule("token_use")
    kind = use.seen if use else ""
    match first.rule:
        case "audience" if first.seen == "aud absent":
            return "access_token_without_audience"
        case "client" if kind == "id":
            return "identity_token"
        case "scopes" if first.seen == f"scope {ADMIN_SCOPE}":
            return "admin_scope_only"
        case "method":
            return "signed_call_on_token_door" if decision.door == "jwt" else "token_on_signed_door"
        case "route" if "arn" in first.seen:
            return "unquoted_arn"
        case "runtime" if "%3A" in first.seen.upper() or "%2F" in first.seen.upper():
            return "double_quoted_arn"
        case "issuer":
            return "other_environment"
        case "expiry" if "+" in first.seen:
            return "last_minute"
        case "token_use":
            return "refresh_token"
        case "algorithm" if first.seen.lower() == "alg none":
            return "unsigned_token"
        case "shape" if first.seen == "5 parts":
            return "refresh_token"
        case "shape" if first.seen == "an empty signature":
            return "unsigned_token"
    return None


# Nobody but the agent has business at the gateway, and whoever tries its door by hand.
GATEWAY_FIXES: Mapping[str, str] = {
    "client": "only the agent's own client is let in: `{explain}` calls with its token",
    "scopes": "ask the pool for the scope of the output gateway_scope, with the client of gateway_client_id",
    "route": "take the URL from `invoke status`",
    "method": "send a bearer token instead of a signature: `{explain}` calls with one that is let in",
    "header": "send a bearer token: `{explain}` calls with one that is let in",
}


def fix(rule: str, place: Place, door: str) -> str:
    """What to do about a failed rule."""
    if place.gateway and rule in GATEWAY_FIXES:
        return GATEWAY_FIXES[rule].format(explain=place.command("invoke explain --gateway"))
    if rule.startswith("custom_claim_"):
        return (
            f"put the caller into the group, or change required_groups or custom_claims in {place.tfvars}, "
            f"then `{place.command('make up')}`"
        )
    if door == "iam" and rule in ("header", "method"):
        return "sign the call with SigV4, as every AWS SDK does by default"
    fresh = place.command("invoke token --client user")
    texts = {
        "one_credential": "send one Authorization header",
        "transport": "let the HTTP client count the body itself",
        "header_size": "send fewer or shorter headers",
        "route": "put the ARN through quote(arn, safe='') before it goes into the URL",
        "header": f'send "Authorization: Bearer $({fresh})"',
        "scheme": f'send "Authorization: Bearer $({fresh})"',
        "method": f'send "Authorization: Bearer $({fresh})" instead of a signature; curl and httpx can, boto3 cannot',
        "policy": f"`{place.command('make up')}` puts the authorizer right",
        "discovery": f"look at {place.discovery_url}; locally `{place.command('invoke local.status')}`",
        "keys": f"look at the jwks_uri of {place.discovery_url}; locally `{place.command('invoke local.status')}`",
        "client": f"use `{fresh}`, or add the client to app_clients in {place.tfvars}, "
        f"then `{place.command('make up')}`",
        "audience": f"with Cognito remove the audience rule and name clients; else change allowed_audience in "
        f"{place.tfvars}, then `{place.command('make up')}`",
        "scopes": f"use `{place.command('invoke token --client machine')}`, whose scopes are Terraform's, or change "
        f"allowed_scopes in {place.tfvars}, then `{place.command('make up')}`",
        "runtime": f"take the ARN from `{place.command('invoke status')}`",
        "qualifier": f"use one of {', '.join(place.qualifiers)}, or make the endpoint",
        "endpoint": f"`{place.command('invoke status')}`; a new runtime may take a minute to be found",
        "session_id": "send a session id of 33 to 256 characters, or none",
        "session_owner": "use a session id of your own, or none: this one began with another caller",
        "header_length": "send a shorter value; a token gets shorter with fewer claims and groups in it",
        "body_size": "send a smaller payload",
        "sigv4_signature": "sign with the secret of that access key, for service bedrock-agentcore and this region",
        "sigv4_key": "use an access key that exists: `aws sts get-caller-identity`",
        "sigv4_session": "refresh the session's credentials",
        "permission": "attach the policy of the Terraform output invoker_policy_arn to the caller's role: "
        "`aws iam attach-role-policy`",
        "agent": f"read the agent's log: `{place.command('invoke local.status')}` names it; on AWS its log group",
        "busy": "try again in a moment",
        "service": "try again; then look at the service's health",
        "unforeseen": f"`{place.command('make up')}` puts the door right; if it stays, the service has changed",
    }
    return texts.get(rule) or f"take a fresh token and send it as it is: `{fresh}`"
