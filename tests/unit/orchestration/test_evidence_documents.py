"""Each document of the folder: as its schema says, true to the cases, and proof against hostile texts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from junitparser.xunit2 import JUnitXml
from markdown_it import MarkdownIt

from orchestration.errors import BadInput
from orchestration.evidence import schemas
from orchestration.evidence.folder import contents
from tests.fakes.evidence import DOORS, PROVENANCE, admitted, case, configuration, inputs, skipped, smoke, wrong

OTHERS = {"doctor", "status", "teardown"}
"""Schemas of documents that are no evidence."""
SCHEMAS = sorted({path.name.removesuffix(".schema.json") for path in schemas.FOLDER.glob("*.schema.json")} - OTHERS)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<!-- --><iframe src=//evil.example>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "![x](http://evil.example/p.png) [y](javascript:alert(1)) <http://evil.example>",
    "| a | b |\n|---|---|\n\n# heading\n\n<b>x</b>",
    "`code` ``` http://evil.example www.evil.example a@evil.example",
    "]]> <![CDATA[ &bogus; & < >",
    "nul \x00 bell \x07 escape \x1b[31m del \x7f lone \ud800 right-to-left \u202e",
]


def made(*cases: dict[str, Any], **changes: Any) -> dict[str, str]:
    return {name: data.decode() for name, data in contents(inputs(*cases, **changes)).items()}


def parsed(name: str, *cases: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(made(*cases)[name])
    return document


# -- schemas


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one_and_is_closed(name: str) -> None:
    schema = json.loads((schemas.FOLDER / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])


def test_every_json_document_has_a_schema() -> None:
    names = {name.removesuffix(".json") for name in made() if name.endswith((".json", ".sarif"))}
    assert names == set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_document_with_something_more_is_refused(name: str) -> None:
    file = name if name.endswith(".sarif") else f"{name}.json"
    document = parsed(file, admitted(), wrong(), skipped())
    schemas.check(name, document)
    with pytest.raises(BadInput):
        schemas.check(name, document | {"more": 1})


# -- JUnit


def junit(*cases: dict[str, Any]) -> JUnitXml:
    xml = JUnitXml.fromstring(made(*cases)["junit.xml"].encode())
    assert isinstance(xml, JUnitXml)
    return xml


def test_junit_has_a_suite_a_door_and_counts_each_outcome_once() -> None:
    broken = wrong("gone", got="broken", status=None, reason="no answer")
    xml = junit(admitted(), wrong(), skipped(), broken, admitted("in-scope", door="scope"))
    assert [(s.name, s.tests, s.failures, s.errors, s.skipped) for s in xml] == [
        ("main", 4, 1, 1, 1),
        ("scope", 1, 0, 0, 0),
    ]
    assert (xml.tests, xml.failures, xml.errors) == (5, 1, 1)


def test_junit_has_no_attribute_that_jenkins_refuses() -> None:
    root = ElementTree.fromstring(made(admitted())["junit.xml"])
    assert set(root.attrib) == {"name", "tests", "failures", "errors", "time"}


def test_junit_says_why_a_case_failed_or_was_skipped() -> None:
    [suite] = junit(wrong(), skipped())
    failed, left_out = list(suite)
    assert failed.result[0].message.endswith("expected refused, got admitted")
    assert failed.result[0].text.splitlines() == ["The credit score is 742.", wrong()["explanation"]]
    assert left_out.result[0].message == "needs the pool's signing key"


@pytest.mark.parametrize("text", HOSTILE)
def test_junit_stays_xml_whatever_the_agent_answers(text: str) -> None:
    [suite] = junit(wrong(reason=text, title=f"t {text}", explanation=text))
    assert suite.failures == 1


# -- SARIF


def test_sarif_holds_the_failures_alone() -> None:
    [run] = parsed("failures.sarif", admitted(), wrong(), skipped(), wrong("id-token"))["runs"]
    assert [r["ruleId"] for r in run["results"]] == ["outsider", "id-token"]
    assert [r["id"] for r in run["tool"]["driver"]["rules"]] == ["outsider", "id-token"]
    assert [r["ruleIndex"] for r in run["results"]] == [0, 1]
    assert parsed("failures.sarif", admitted())["runs"][0]["results"] == []


def test_sarif_points_at_the_case_in_the_result() -> None:
    files = made(admitted(), case("outsider-2"), wrong())
    [result] = json.loads(files["failures.sarif"])["runs"][0]["results"]
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert files["result.json"].splitlines()[line - 1].strip() == '"id": "outsider",'


def test_sarif_says_that_a_refused_call_reached_the_agent() -> None:
    leaked = wrong(got="refused", status=401, reason="no")
    [result] = parsed("failures.sarif", leaked)["runs"][0]["results"]
    assert "The agent was reached." in result["message"]["text"]


def test_a_failure_keeps_its_fingerprint_between_runs() -> None:
    marks = [
        parsed("failures.sarif", wrong(reason=reason), *others)["runs"][0]["results"][0]["partialFingerprints"]
        for reason, others in (("one", []), ("two", [admitted()]))
    ]
    assert marks[0] == marks[1]


# -- controls


def test_a_wrong_verdict_contradicts_the_controls_it_touches_and_no_other() -> None:
    document = parsed("controls.json", admitted(), wrong(tags=["client"]), skipped(tags=["time"]))
    met = {entry["id"]: entry["met"] for entry in document["controls"]}
    assert met == {
        "SOC 2 CC6.1": False,
        "SOC 2 CC6.6": False,
        "NIST 800-53 AC-3": False,
        "NIST 800-53 IA-2": True,
        "NIST 800-53 IA-5": None,
    }


def test_a_skipped_case_is_never_evidence() -> None:
    document = parsed("controls.json", admitted(), skipped(tags=["time"]))
    [entry] = [entry for entry in document["controls"] if entry["id"] == "NIST 800-53 IA-5"]
    assert (entry["met"], entry["as_expected"], entry["skipped"]) == (None, [], ["expired"])


# -- Markdown


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_makes_no_markup_in_the_summary(text: str) -> None:
    cases = [wrong(reason=text), skipped(skipped=text)]
    page = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(made(*cases)["summary.md"])
    plain = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(
        made(wrong(reason="x"), skipped(skipped="x"))["summary.md"]
    )
    assert tags(page) == tags(plain)


# -- HTML


class Tags(HTMLParser):
    """Start tags with the names of their attributes, and what stands in cells."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]


def tags(page: str) -> list[tuple[str, tuple[str, ...]]]:
    parser = Tags()
    parser.feed(page)
    parser.close()
    return parser.seen


def hostile_run(text: str) -> dict[str, str]:
    door = DOORS[0]
    rules = {"customJWTAuthorizer": {"discoveryUrl": text, "allowedClients": [text]}}
    doors = [type(door)(text or "x", text or "x", text, rules)]
    cases = [wrong(reason=text, title=f"t{text}", door=f"d{text}", explanation=text), skipped(skipped=f"s{text}")]
    return made(*cases, doors=doors, smoke=smoke(*cases, runtime_arn=f"arn{text}"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_makes_no_tag_and_no_attribute_in_the_page(text: str) -> None:
    assert tags(hostile_run(text)["report.html"]) == tags(hostile_run("x")["report.html"])


@pytest.mark.parametrize(
    "sign", list("\x00\x1b\x7f\x9b\u061c\u200b\u200f\u2028\u202e\u2066\ufeff\U000e0041"), ids=ascii
)
def test_no_text_of_the_page_hides_or_turns_what_it_says(sign: str) -> None:
    text = f"a{sign}b"
    rules = {"customJWTAuthorizer": {"discoveryUrl": text, "allowedClients": [text]}}
    doors = [replace(DOORS[0], name=text, runtime_arn=text, runtime_version=text, authorizer=rules, as_asked=False)]
    made_of = replace(PROVENANCE, tools={text: text}, packages={text: text}, digests={text: None})
    cases = [wrong(reason=text, title=text, door=text, explanation=text, tags=[text])]
    files = made(*cases, doors=doors, provenance=made_of)
    for name in ("report.html", "summary.md", "junit.xml"):
        assert sign not in files[name], name
        assert "a\ufffdb" in files[name], name


def test_the_page_has_nothing_that_runs_or_fetches() -> None:
    page = made(admitted(), wrong(), skipped())["report.html"]
    seen = tags(page)
    assert not {tag for tag, _ in seen} & {"script", "img", "iframe", "object", "embed", "link", "form", "base", "a"}
    assert not [names for _, names in seen if {"style", "src", "href", "action"} & set(names)]
    assert not [name for _, names in seen for name in names if name.startswith("on")]
    assert "url(" not in page and "@import" not in page


def test_every_case_is_a_row_with_its_verdict_in_words() -> None:
    page = made(admitted(), wrong(), skipped(), admitted("in-scope", door="scope"))["report.html"]
    assert page.count(" data-case=") == 4
    assert page.count('scope="rowgroup"') == 2
    for words in ("as expected", "WRONG", "skipped"):
        assert f"</span> {words}</span>" in page


@pytest.mark.parametrize(("as_asked", "words"), [(True, "✓ as asked for"), (False, "✗ NOT as asked for")])
def test_a_door_that_somebody_changed_is_told(as_asked: bool, words: str) -> None:
    files = made(doors=[replace(DOORS[0], as_asked=as_asked)])
    assert words in files["report.html"]
    assert json.loads(files["environment.json"])["doors"][0]["as_asked"] is as_asked


ALTERED = [replace(DOORS[0], name="ma\u202ein", as_asked=False), replace(DOORS[1], as_asked=True)]


def test_right_verdicts_of_an_altered_door_are_no_good_news_anywhere() -> None:
    files = made(admitted(), case(), doors=ALTERED)
    entries = json.loads(files["controls.json"])
    assert json.loads(files["result.json"])["ok"] is False
    assert entries["doors_not_as_asked"] == ["ma\ufffdin"]
    assert [entry["met"] for entry in entries["controls"] if entry["as_expected"]] == [False] * 4
    for name in ("report.html", "summary.md"):
        assert "2 of 2 verdicts as expected; NOT as asked for: door ma\ufffdin" in files[name]
        assert "no control is met" in files[name]
    assert '<p class="verdict bad">' in files["report.html"]


def test_an_altered_door_fails_in_junit_and_in_sarif_at_its_own_name() -> None:
    files = made(admitted(), wrong(), doors=[replace(DOORS[1], as_asked=False)])
    xml = JUnitXml.fromstring(files["junit.xml"].encode())
    assert [(s.name, s.tests, s.failures) for s in xml] == [("main", 2, 1), ("iam", 1, 1)]
    [run] = json.loads(files["failures.sarif"])["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == ["outsider", "door-as-asked"]
    assert "door iam is not as asked for" in run["results"][1]["message"]["text"]


def test_a_door_whose_configuration_differs_is_told_once_and_meets_no_control() -> None:
    differs = configuration(got="differs", ok=False, reason="allowedClients: was c, asked b")
    files = made(admitted(), case(), differs, doors=[replace(DOORS[0], as_asked=False)])
    assert not any(entry["met"] for entry in json.loads(files["controls.json"])["controls"])
    assert "1 wrong; NOT as asked for: door main" in files["summary.md"]
    assert JUnitXml.fromstring(files["junit.xml"].encode()).failures == 1
    [run] = json.loads(files["failures.sarif"])["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["configuration-main"]


def test_a_door_that_nobody_compared_is_not_called_altered() -> None:
    files = made(admitted(), doors=[replace(DOORS[0], as_asked=None)])
    assert json.loads(files["result.json"])["ok"] is True
    assert json.loads(files["controls.json"])["doors_not_as_asked"] == []


def test_the_head_counts_each_door_by_outcome() -> None:
    rows = [admitted(), case("no-token"), wrong(), skipped(), configuration(), admitted("in-scope", door="scope")]
    table = made(*rows)["report.html"].partition('<table class="glance">')[2].partition("</table>")[0]
    numbers = [re.findall(r'class="number">(?:✗ )?(\d+)<', row) for row in table.split("<tr")[2:]]
    assert numbers == [["5", "1", "1", "1", "1", "1"], ["1", "1", "0", "0", "0", "0"]]


def test_local_evidence_says_that_it_is_not_of_aws() -> None:
    local, aws = (made(smoke=smoke(target=target)) for target in ("local", "aws"))
    for name in ("report.html", "summary.md"):
        assert "not AWS" in local[name]
        assert "not AWS" not in aws[name]


def test_a_run_without_a_timed_call_has_no_plot() -> None:
    assert '<svg class="plot"' not in made(skipped())["report.html"]
    assert '<svg class="plot"' in made(admitted())["report.html"]
