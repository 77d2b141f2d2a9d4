"""A proxy before the site, as a test wants it: it passes everything on, or answers itself."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_OWN = ("connection", "transfer-encoding", "content-length", "keep-alive")


class Proxy:
    """``answers`` is a status, a body and perhaps where to go: what it says instead of the site."""

    def __init__(self, url: str) -> None:
        proxy = self
        site = urlsplit(url).netloc

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if proxy.answers:
                    return self._say(*proxy.answers)
                length = int(self.headers.get("Content-Length", 0))
                there = http.client.HTTPConnection(site, timeout=60)
                there.request(self.command, self.path, self.rfile.read(length), dict(self.headers))
                answer = there.getresponse()
                body = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in _OWN:
                        self.send_header(name, value)
                return self._end(body)

            def do_POST(self) -> None:
                self.do_GET()

            def _say(self, status: int, body: str, location: str = "") -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                if location:
                    self.send_header("Location", location)
                self._end(body.encode())

            def _end(self, body: bytes) -> None:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.answers: tuple[int, str] | tuple[int, str, str] | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()
