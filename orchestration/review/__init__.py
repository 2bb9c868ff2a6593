"""Reviews a Terraform plan in the language of access: who may call, whose tokens die, what is widened.

Pure: a parsed document, waivers and a date in, findings and text out.
"""

from orchestration.review.declared import declared_in
from orchestration.review.engine import Review, review, review_authorizer
from orchestration.review.findings import Finding, Severity
from orchestration.review.plan import Plan, parse_plan
from orchestration.review.render import document, to_json, to_markdown, to_text
from orchestration.review.sarif import to_sarif
from orchestration.review.waivers import Waiver, load_waivers

__all__ = [
    "declared_in",
    "Finding",
    "Plan",
    "Review",
    "Severity",
    "Waiver",
    "document",
    "load_waivers",
    "parse_plan",
    "review",
    "review_authorizer",
    "to_json",
    "to_markdown",
    "to_sarif",
    "to_text",
]
