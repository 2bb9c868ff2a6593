"""Agents for the contract tests: one standard-library HTTP server, packed as a deployment archive."""

import io
import zipfile

MAIN = """
import json, os, pathlib, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import own

HERE = pathlib.Path(__file__).parent

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # headers and body in one segment, or each answer waits for a delayed acknowledgement

    def log_message(self, *args):
        pass

    def reply(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "agent=1")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.reply(200, b'{"status": "Healthy"}')

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_POST(self):
        body = self.body()
        try:
            asked = json.loads(body or b"{}")
        except ValueError:
            asked = {}
        if "status" in asked:
            return self.reply(asked["status"], b'{"secret": "of the agent"}')
        if "stream" in asked:
            return self.stream(asked["stream"], asked.get("pause", 0))
        self.reply(200, json.dumps({
            "generation": own.GENERATION,
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "environment": dict(os.environ),
            "files": sorted(str(p.relative_to(HERE)) for p in HERE.rglob("*") if p.is_file()),
            "pid": os.getpid(),
            "size": len(body),
        }).encode())

    def stream(self, count, pause):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for i in range(count):
                self.wfile.write(b"data: %d\\n\\n" % i)
                self.wfile.flush()
                time.sleep(pause)
        except OSError:
            (HERE / "caller-left").touch()
        self.close_connection = True

ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
DEPENDENCY = "raise ImportError('built for another processor')\n"
RECORD = "dep/__init__.py,sha256=x,1\ndep-1.0.dist-info/RECORD,,\n../../bin/dep,sha256=x,1\n"


def archive(generation: str = "1", main: str = MAIN, **more: str) -> bytes:
    """A deployment archive: own files beside a dependency that must not be run here."""
    files = {
        "main.py": main,
        "own.py": f"GENERATION = {generation!r}\n",
        "notes/about.txt": "mine",
        ".lock": "",
        "bin/dep": "#!/bin/sh\n",
        "dep/__init__.py": DEPENDENCY,
        "dep-1.0.dist-info/RECORD": RECORD,
        "dep-1.0.dist-info/METADATA": "Name: dep\n",
        **more,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
        for name, text in files.items():
            z.writestr(name, text)
    return buffer.getvalue()
