"""A run of the smoke test as the evidence folder takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestration.evidence import Door, EvidenceInputs, Provenance

TAKEN_AT = 1_769_860_800.0
ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/mortgage_dev-Ab12Cd34Ef"
DISCOVERY_URL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool/.well-known/openid-configuration"
# Shaped like a signed token; nobody signed it.
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl"
CLIENT_MISMATCH = "UnauthorizedException Claim 'client_id' value mismatch with configuration."


def case(id: str = "outsider", **changes: Any) -> dict[str, Any]:
    """A refused caller that was refused, changed."""
    row: dict[str, Any] = {
        "id": id,
        "title": "a person of the outsider's app client",
        "door": "main",
        "credential": "access token issued to an app client that is not allowed",
        "tags": ["client"],
        "expected": "refused",
        "got": "refused",
        "status": 401,
        "reason": CLIENT_MISMATCH,
        "elapsed_ms": 2.4,
        "ok": True,
        "expected_reached": False,
        "reached": False,
        "skipped": None,
        "explanation": None,
    }
    return {**row, **changes}


def admitted(id: str = "person", **changes: Any) -> dict[str, Any]:
    """A caller who must be let in and was."""
    good = {
        "title": "a person of the allowed app client",
        "tags": ["person"],
        "expected": "admitted",
        "got": "admitted",
        "status": 200,
        "reason": "The credit score of customer 1234 is 742.",
        "elapsed_ms": 16.0,
        "expected_reached": True,
        "reached": True,
    }
    return case(id, **{**good, **changes})


def wrong(id: str = "outsider", **changes: Any) -> dict[str, Any]:
    """A caller who must be refused and was let in."""
    seen = {"got": "admitted", "status": 200, "ok": False, "reached": True, "reason": "The credit score is 742."}
    return case(id, **{**seen, "explanation": "client: the door allows client-of-outsiders", **changes})


def skipped(id: str = "expired", **changes: Any) -> dict[str, Any]:
    nothing = {"got": None, "status": None, "elapsed_ms": None, "ok": False, "reached": None, "reason": ""}
    return case(id, **{**nothing, "skipped": "needs the pool's signing key", "tags": ["time"], **changes})


def configuration(**changes: Any) -> dict[str, Any]:
    """A door that was read and is as asked for, changed."""
    read = {"title": "read from the control plane after the calls", "tags": ["configuration"], "expected": "as asked"}
    nothing = {"status": None, "elapsed_ms": None, "reached": None, "reason": ""}
    return case("configuration-main", **{**read, "got": "as asked", **nothing, **changes})


def smoke(*cases: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The document of `smoke-test --json`, with sums that fit its cases."""
    rows = cases or (admitted(), case())
    failed = [row["id"] for row in rows if not row["ok"] and row["skipped"] is None]
    passed = sum(bool(row["ok"]) for row in rows)
    document: dict[str, Any] = {
        "schema_version": 2,
        "target": "local",
        "environment": "dev",
        "runtime_arn": ARN,
        "ok": not failed and passed > 0,
        "passed": passed,
        "failed": failed,
        "skipped": [row["id"] for row in rows if row["skipped"] is not None],
        "elapsed_s": 1.25,
        "cases": list(rows),
    }
    return {**document, **changes}


DOORS: Sequence[Door] = (
    Door(
        "main",
        ARN,
        "1",
        {
            "customJWTAuthorizer": {
                "discoveryUrl": DISCOVERY_URL,
                "allowedClients": ["client-of-people", "client-of-machines"],
                "customClaims": [
                    {"inboundTokenClaimName": "cognito:groups", "inboundTokenClaimValueType": "STRING_ARRAY"}
                ],
            }
        },
    ),
    Door("iam", f"{ARN}-iam", "1", None),
)
PROVENANCE = Provenance(
    region="us-east-1",
    tools={"terraform": "1.11.4", "provider hashicorp/aws": "6.2.0", "python": "3.11.7"},
    packages={"boto3": "1.43.106", "joserfc": "1.8.0"},
    commit="0123456789abcdef0123456789abcdef01234567",
    uncommitted_changes=False,
    pending_changes=False,
    digests={"agent artifact": "a" * 64, "terraform plan": None, "terraform outputs": "b" * 64},
)


def request(**changes: Any) -> dict[str, Any]:
    sent = {
        "case": "person",
        "method": "POST",
        "url": "http://127.0.0.1:8082/runtimes/arn%3Aaws/invocations?qualifier=DEFAULT",
        "headers": [["Accept", "application/json"], ["Authorization", "Bearer " + "t" * 900]],
        "body_bytes": 64,
    }
    return {**sent, **changes}


def inputs(*cases: Mapping[str, Any], **changes: Any) -> EvidenceInputs:
    good = EvidenceInputs(
        taken_at=TAKEN_AT, smoke=smoke(*cases), doors=DOORS, provenance=PROVENANCE, requests=(request(),)
    )
    return replace(good, **changes)
