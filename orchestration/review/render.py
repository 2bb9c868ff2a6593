"""The review for a console, a program and a pull request. Same review, same bytes."""

from __future__ import annotations

import json
import re
from typing import Any

from orchestration.review.engine import Review
from orchestration.review.findings import Finding
from orchestration.review.summary import SECTIONS
from orchestration.review.values import plain

SCHEMA_VERSION = 1
AUTOLINK = re.compile(r"(\b(?:https?|ftp|mailto|xmpp)|\bwww)([:.])", re.IGNORECASE)
MARKER = "<!-- agentcore-inbound-auth: plan review -->"
"""Begins the Markdown, so that a bot finds its own comment and updates it in place."""


def to_text(review: Review) -> list[str]:
    """Lines: the headline, the findings as a table, then what the summary says beyond it."""
    lines = [*map(plain, review.summary.headline), ""]
    lines += _table(review)
    for title, sentences in sections(review):
        lines += ["", f"{title}:", *(f"  - {plain(sentence)}" for sentence in sentences)]
    return [*lines, "", verdict(review)]


def document(review: Review) -> dict[str, Any]:
    summary = review.summary
    return {
        "schema_version": SCHEMA_VERSION,
        "environment": review.environment,
        "plan_sha256": review.digest,
        "headline": list(summary.headline),
        "worst": str(review.worst) if review.worst else None,
        "summary": {name: list(getattr(summary, name)) for name, _ in SECTIONS} | {"counts": dict(summary.counts)},
        "findings": [_entry(finding) for finding in review.findings],
        "waived": [
            _entry(finding) | {"owner": w.owner, "reason": w.reason, "expires": w.expires.isoformat()}
            for finding, w in review.waived
        ],
        "unused_waivers": [{"rule": w.rule, "address": w.address, "owner": w.owner} for w in review.unused],
    }


def to_json(review: Review) -> str:
    return encodable(json.dumps(document(review), indent=2, ensure_ascii=False) + "\n")


def to_markdown(review: Review) -> str:
    lines = [MARKER, "## Plan review", "", *(f"**{_escaped(line)}**  " for line in review.summary.headline), ""]
    lines += [_escaped(verdict(review)), ""]
    if review.findings:
        lines += ["| severity | rule | address | why | remedy |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(finding) for finding in review.findings] + [""]
    for title, sentences in sections(review):
        lines += [f"### {title}", "", *(f"- {_escaped(sentence)}" for sentence in sentences), ""]
    if review.waived:
        lines += ["### Waived", ""]
        for finding, w in review.waived:
            why = f"{_escaped(w.reason)} ({_escaped(w.owner)}, until {w.expires.isoformat()})"
            lines.append(f"- {finding.rule} {_code(finding.address)}: {why}")
        lines.append("")
    lines += ["---", "", f"SHA-256 of all that is applied, shown above or not: `{review.digest}`"]
    return "\n".join(lines) + "\n"


def sections(review: Review) -> list[tuple[str, tuple[str, ...]]]:
    """(title, sentences) of every part of the summary that has something to say."""
    parts = [(title, getattr(review.summary, name)) for name, title in SECTIONS]
    unused = tuple(f"{w.rule} at {w.address} (owner {w.owner})" for w in review.unused)
    return [(title, sentences) for title, sentences in [*parts, ("Waivers without a finding", unused)] if sentences]


def verdict(review: Review) -> str:
    number, waived = len(review.findings), len(review.waived)
    words = f"{number} finding{'' if number == 1 else 's'}"
    words += f", the worst {review.worst}" if review.worst else ""
    return words + (f"; {waived} waived" if waived else "")


def encodable(text: str) -> str:
    """Half a surrogate pair, which JSON can spell and UTF-8 cannot, as a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _table(review: Review) -> list[str]:
    if not review.findings:
        return ["No findings"]
    widths = [max(len(str(f.severity)) for f in review.findings), max(len(f.rule) for f in review.findings)]
    lines = []
    for f in review.findings:
        lines.append(f"{f.severity!s:{widths[0]}}  {f.rule:{widths[1]}}  {plain(f.address)}")
        indent = " " * (sum(widths) + 4)
        lines += [f"{indent}{f.title}: {plain(f.why)}", f"{indent}remedy: {f.remedy}"]
    return lines


def _entry(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "address": finding.address,
        "severity": str(finding.severity),
        "title": finding.title,
        "why": finding.why,
        "remedy": finding.remedy,
        "location": finding.location,
    }


def _row(f: Finding) -> str:
    cells = [str(f.severity), f.rule, _code(f.address), f"{f.title}: {f.why}", f.remedy]
    return "| " + " | ".join([*cells[:3], *map(_escaped, cells[3:])]) + " |"


def _escaped(text: str) -> str:
    """Markdown that shows the text as it is: no link, no table cell, no HTML, nobody mentioned.

    Addresses are no links either: GitHub makes one of a scheme with its colon, and of www with its dot.
    """
    signs = "".join(f"&#{ord(c)};" if c in "`|<>[]*_@#!~\\&" else c for c in plain(text))
    return AUTOLINK.sub(lambda found: f"{found[1]}&#{ord(found[2])};", signs)


def _code(text: str) -> str:
    return f"`{plain(text).replace('`', chr(39)).replace('|', ' ')}`"
