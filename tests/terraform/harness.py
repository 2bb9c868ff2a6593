"""What the Terraform tests share: places, the runner's type, and a stand-in for the calls of a root plan."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

ROOT = Path(__file__).parents[2] / "terraform"
PASSWORD = "Not-a-real-one-1"
ACCOUNT = "111122223333"


Terraform = Callable[..., str]
"""terraform(folder, *arguments) -> stdout; fails the test with both streams unless it exits 0."""


class Stub(BaseHTTPRequestHandler):
    """Answers GetRandomPassword and GetCallerIdentity, and nothing else."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.headers.get("X-Amz-Target") == "secretsmanager.GetRandomPassword":
            self._answer(200, "application/x-amz-json-1.1", json.dumps({"RandomPassword": PASSWORD}))
        elif b"Action=GetCallerIdentity" in body:
            who = f"<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:root</Arn><UserId>{ACCOUNT}</UserId>"
            name = "GetCallerIdentity"
            xml = f"<{name}Response><{name}Result>{who}</{name}Result></{name}Response>"
            self._answer(200, "text/xml", xml)
        else:
            self._answer(400, "application/x-amz-json-1.1", json.dumps({"__type": "AccessDeniedException"}))

    def _answer(self, status: int, content_type: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the test's own output says enough."""
