"""A certificate authority of one run, and a certificate for each host that it is asked for."""

from __future__ import annotations

import ssl
import threading

import trustme


class Authority:
    """Nothing outside of the run trusts it; `pem` is what those inside are given."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="rehearsal", key_type=trustme.KeyType.ECDSA)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.pem = self._authority.cert_pem.bytes().decode()

    def context(self, host: str) -> ssl.SSLContext:
        """For the server's side of a connection to that host."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._authority.issue_cert(host, key_type=trustme.KeyType.ECDSA).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]
