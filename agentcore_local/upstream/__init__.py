"""A small HTTP/1.1 client for agents on loopback: kept connections, streams that hold back, nothing else.

No redirects, cookies, proxies, compression or TLS. docs/decisions/0016-door-speed.md says why it is ours.
"""
