"""One HTTP request, with a limit on the time of the whole: a server that drips bytes does not get more."""

import functools
import io
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any

_MOST_BYTES = 8 << 20
_HERE = frozenset(["localhost", "127.0.0.1", "::1"])
"""Hosts that are asked directly even where http_proxy is set."""


def post(url: str, data: bytes, headers: Mapping[str, str], timeout: float) -> tuple[int, Mapping[str, str], bytes]:
    """The status, the headers and (the first 8 MiB of) the body that a POST gets; `timeout` is in seconds.

    It is sent nowhere else: a redirect is an answer like others, since the headers may hold a key.

    Raises TimeoutError when not all of it has come in time, and the other errors of urllib and http.client.
    """
    deadline = time.monotonic() + timeout
    handlers: list[urllib.request.BaseHandler] = [_Http(deadline), _Https(deadline), _Stay()]
    if urllib.parse.urlsplit(url).hostname in _HERE:
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    try:
        response = opener.open(urllib.request.Request(url, data, dict(headers)), timeout=timeout)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return response.status, response.headers, response.read(_MOST_BYTES)


def is_address(url: str) -> bool:
    """Whether requests can be sent there: http or https, a host that can be looked up, no query, and no blanks."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        elsewhere = parts.query or parts.fragment or parts.username or parts.port == 0
    except ValueError:  # a port that is no number, an unclosed bracket, a label that is empty or too long
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    return plain and parts.scheme in ("http", "https") and bool(host) and not elsewhere


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class _Reader(io.RawIOBase):
    """What a socket receives until the deadline. `file` keeps the socket open until this is closed."""

    def __init__(self, sock: socket.socket, file: Any, deadline: float) -> None:
        self._sock, self._file, self._deadline = sock, file, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(sock, self.fp, deadline))


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_connecting(HTTPConnection, self._deadline), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_connecting(HTTPSConnection, self._deadline), req)


def _connecting(kind: type[HTTPConnection], deadline: float) -> Any:
    """Makes connections whose answers are read until the deadline."""

    def connect(host: str, **kwargs: Any) -> HTTPConnection:
        connection = kind(host, **kwargs)
        connection.response_class = functools.partial(_Response, deadline=deadline)  # type: ignore[assignment]
        return connection

    return connect
