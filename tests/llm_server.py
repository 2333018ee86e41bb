"""A real HTTP server on the loopback that speaks chat completions, and fails in every way that is asked for."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What one request gets. `body` None closes the connection without an answer; `drip` is the pause in seconds after
    each byte of the answer, its headers included."""

    body: bytes | None = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0


def says(text: str | None, **choice: Any) -> Reply:
    """A proper chat completion, with the fields that vLLM gives."""
    message = {"role": "assistant", "content": text, "reasoning_content": None, "tool_calls": []}
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "stop_reason": None, **choice}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
    }
    return Reply(json.dumps(whole).encode())


Answer = Callable[[dict[str, Any], int], Reply]
"""(the request's body, how many came before) -> its reply."""


@dataclass
class ChatServer:
    """A server that is running; `requests` are the bodies and headers that it got."""

    base_url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextlib.contextmanager
def chat_server(answer: Answer) -> Iterator[ChatServer]:
    """Run a server until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            count = len(server.requests)
            server.requests.append(body)
            server.headers.append(dict(self.headers))
            server.paths.append(self.path)
            reply = answer(body, count)
            time.sleep(reply.delay)
            if reply.body is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            with contextlib.suppress(OSError):  # the client is gone
                if reply.drip:
                    for byte in b"HTTP/1.1 200 OK\r\n\r\n" + reply.body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(reply.drip)
                    return
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # with the usual 5, a burst of clients waits a second for its connections

    http = Server(("127.0.0.1", 0), Handler)
    server = ChatServer(f"http://127.0.0.1:{http.server_address[1]}/v1")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
