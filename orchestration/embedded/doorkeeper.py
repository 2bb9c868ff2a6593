"""Who may speak to the emulator at all, decided before it reads anything of the request. Pure.

The emulator takes the access key "test" and every key of twelve digits for its root without a look at the signature,
and any bearer token for root at its JSON services (ministack: iam_evaluator.is_root_access_key). It also runs Lambda
functions as the user who started it, so without this any program or web page of the machine could run code as that
user. A request without any credential it takes for root's at S3. What gets past is judged by the emulator: real keys by
their signature and their policies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

LOOPBACK_HOST = re.compile(rb"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")
SHORT_CUT = re.compile(r"(test)?|[0-9]{12}")
CREDENTIAL = re.compile(r"Credential=([^/,\s]*)", re.IGNORECASE)
OWN_PATHS = ("/_ministack/changes", "/_ministack/health", "/_ministack/save")
# Cognito's endpoints for the world, and only as they are called: another method would be S3's, of a bucket "login".
TOKEN_ENDPOINTS = frozenset(
    {("POST", "/oauth2/token")}
    | {(method, f"/oauth2/user{tail}") for method in ("GET", "POST") for tail in ("Info", "info")}
)
PAGES = frozenset(
    {("GET", "/oauth2/authorize"), ("GET", "/logout"), ("POST", "/login"), ("POST", "/oauth2/login")} | TOKEN_ENDPOINTS
)
# No bucket has a name with "_", which every user pool has.
DOCUMENTS = re.compile(r"/[a-z0-9-]+_[A-Za-z0-9]+/\.well-known/(jwks\.json|openid-configuration)")
PRESIGNED = ({"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"}, {"AWSAccessKeyId", "Signature"})
UNSIGNED = "only signed requests are served"
# What callers do before they have credentials, or with a token in the body (botocore models, authtype none).
OPEN_TO_ALL = {
    "AWSCognitoIdentityProviderService": frozenset(
        "AssociateSoftwareToken ChangePassword CompleteWebAuthnRegistration ConfirmDevice ConfirmForgotPassword "
        "ConfirmSignUp DeleteUser DeleteUserAttributes DeleteWebAuthnCredential ForgetDevice ForgotPassword GetDevice "
        "GetTokensFromRefreshToken GetUser GetUserAttributeVerificationCode GetUserAuthFactors GlobalSignOut "
        "InitiateAuth ListDevices ListWebAuthnCredentials ResendConfirmationCode RespondToAuthChallenge RevokeToken "
        "SetUserMFAPreference SetUserSettings SignUp StartWebAuthnRegistration UpdateAuthEventFeedback "
        "UpdateDeviceStatus UpdateUserAttributes VerifySoftwareToken VerifyUserAttribute".split()
    ),
    # By which agentcore_local gives agents the sessions of their role.
    "AWSCognitoIdentityService": frozenset("GetCredentialsForIdentity GetId GetOpenIdToken UnlinkIdentity".split()),
}


def refusal(method: str, path: str, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Why a request must not reach the emulator; None if it may. Names of headers are in lower case, as ASGI has them.

    A browser names the page that sends in Origin, and the name that it believes to call in Host.
    """
    fields = list(headers)
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) != 1 or not LOOPBACK_HOST.fullmatch(hosts[0]):
        return "the Host header names no loopback address"
    if any(name == b"origin" and value != b"http://" + hosts[0] for name, value in fields):
        return "a page of another origin may not call the emulator"
    if "/_ministack" in path and path not in OWN_PATHS:
        return "the emulator's own administration is closed"
    kinds = [value.lower() for name, value in fields if name == b"content-type"]
    if any(b"multipart/" in kind for kind in kinds):
        # S3's form upload carries its key in the body, where the emulator takes a short-cut too.
        return "uploads by a form are not served"
    given = [value.decode("latin-1").strip() for name, value in fields if name == b"authorization"]
    asked = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    refused = _refused_credentials(given, (method, path)) or _refused_keys(asked)
    if refused or given or _is_presigned(asked) or _for_the_world(method, path, fields):
        return refused
    return UNSIGNED


def _for_the_world(method: str, path: str, fields: list[tuple[bytes, bytes]]) -> bool:
    """Whether AWS, too, serves it to a caller without credentials."""
    if path in OWN_PATHS or (method, path) in PAGES:
        return True
    if method == "GET" and DOCUMENTS.fullmatch(path):
        return True
    targets = [value.decode("latin-1") for name, value in fields if name == b"x-amz-target"]
    service, _, operation = targets[0].rpartition(".") if len(targets) == 1 else ("", "", "")
    return (method, path) == ("POST", "/") and operation in OPEN_TO_ALL.get(service, frozenset())


def _refused_credentials(given: list[str], called: tuple[str, str]) -> str | None:
    for value in given:
        scheme = value.partition(" ")[0].lower()
        if scheme.startswith("aws4-"):
            keys = CREDENTIAL.findall(value)
            if not keys or any(SHORT_CUT.fullmatch(key) for key in keys):
                return "the access key is one of the emulator's short-cuts"
        elif not (scheme in ("bearer", "basic") and called in TOKEN_ENDPOINTS):
            return UNSIGNED
    return None


def _refused_keys(asked: list[tuple[str, str]]) -> str | None:
    for name, value in asked:
        if name.lower() in ("x-amz-credential", "awsaccesskeyid") and SHORT_CUT.fullmatch(value.partition("/")[0]):
            return "the access key is one of the emulator's short-cuts"
    return None


def _is_presigned(asked: list[tuple[str, str]]) -> bool:
    """Whether the address carries a whole signature: the emulator takes a part of one for none."""
    given = {name for name, value in asked if value}
    return any(given >= parts for parts in PRESIGNED)
