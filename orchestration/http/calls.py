"""Calls whose answer is read as it comes: one document, or server-sent events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx
from httpx_sse import EventSource, SSEError

from orchestration.checks.request import Reply, Request
from orchestration.errors import NoAnswer
from orchestration.http.data_plane import MAX_BODY_BYTES, nobody
from orchestration.http.exact import exact_request


class OpenReply:
    """An answer whose status and headers are there. Reading it raises NoAnswer when the connection is lost."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.streams = response.headers.get("content-type", "").partition(";")[0].strip() == "text/event-stream"

    def retry_after_s(self, now: float) -> float | None:
        """Seconds that the service asks to wait, from Retry-After as a number or a date (RFC 9110, 10.2.3)."""
        text = self._response.headers.get("retry-after", "")
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - now)
        except ValueError:
            return None

    def whole(self) -> Reply:
        """All of it, for one document or a refusal."""
        body = b""
        with _lost():
            for part in self._response.iter_bytes():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise NoAnswer("it is too long")
        kind = self._response.headers.get("x-amzn-errortype", "")
        return Reply(self.status, body.decode("utf-8", "replace"), kind)

    def events(self) -> Iterator[str]:
        """The data of each event, when it comes."""
        with _lost():
            for event in EventSource(self._response).iter_sse():
                yield event.data


@dataclass(frozen=True, slots=True)
class Calls:
    """Opens calls at one base URL. The client's timeout is for each wait, not for the whole answer."""

    client: httpx.Client
    base_url: str

    @contextmanager
    def open(self, request: Request) -> Iterator[OpenReply]:
        """Raises Unfit when nobody is there, NoAnswer when no answer begins. Leaving ends the call."""
        sent = exact_request(self.client, self.base_url, request)
        try:
            response = self.client.send(sent, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as e:
            raise nobody(self.base_url, e) from None
        except (httpx.HTTPError, httpx.InvalidURL) as e:
            raise NoAnswer(type(e).__name__) from None
        try:
            yield OpenReply(response)
        finally:
            response.close()


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError, SSEError) as e:
        raise NoAnswer(type(e).__name__) from None
