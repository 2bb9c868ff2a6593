"""The smoke matrix: data, one row a case. A refused call differs from an admitted one in one thing."""

from __future__ import annotations

from orchestration.checks.case import Case
from orchestration.checks.cases import admitted, claims, customers, gateway, header, routing, rules, signature, signed

CASES: tuple[Case, ...] = (
    *admitted.CASES,
    *header.CASES,
    *signature.CASES,
    *claims.CASES,
    *rules.CASES,
    *signed.CASES,
    *routing.CASES,
    *customers.CASES,
    *gateway.CASES,
)
