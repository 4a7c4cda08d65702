"""A real web server on loopback, for whatever asks the network: what it answers is set by path, and it counts.

`serve()` starts one and ends it. `Loopback.pages` maps a path, with or without its query, to a `Reply`, or to a list of
them: one for each request, the last one for all that follow. What has no entry is a 404.

`VideoHost` puts the hosts of videos on top of it: their oEmbed, their thumbnails, and the canaries.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sse_handbook.video_links import VideoLink
from sse_handbook.videocheck.hosts import CANARIES

ONE, TWO, THREE = "gBKYf4qt1vw", "b7d-VMscsSA", "VGC3mTTuE1E"
# A pace for tests: no pauses, and time enough for a busy machine.
FAST = {"pause": 0, "backoff": 0.01, "second_probe": 0, "connect": 5, "read": 5, "total": 10, "longest_wait": 3}
ALIVE, NEVER = CANARIES["youtube"]["alive"], CANARIES["youtube"]["never"]


@dataclass(frozen=True)
class Reply:
    """One answer. `act`, where it is set, is called with the handler instead, and may do anything to the connection."""

    status: int = 200
    body: bytes = b""
    type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    act: Callable[[BaseHTTPRequestHandler], None] | None = None


class Loopback(ThreadingHTTPServer):
    """The server.

    `asked` holds the path of each request with its query, `times` its moment, `most` how many there were at a time.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Handler)
        self.pages: dict[str, Reply | list[Reply]] = {}
        self.asked: list[str] = []
        self.times: list[float] = []
        self.agents: set[str] = set()
        self.most = self.now = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if self.address_family == socket.AF_INET6 else str(host)
        return f"http://{name}:{port}"

    def reply(self, path: str) -> Reply:
        """What to answer; tests may put another function in its place."""
        found = self.pages.get(path, self.pages.get(path.partition("?")[0], Reply(404)))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what many tests are about."""


class Handler(BaseHTTPRequestHandler):
    """Sends a `Reply`."""

    protocol_version = "HTTP/1.1"
    server: Loopback

    def do_GET(self) -> None:
        server = self.server
        with server.lock:
            server.asked.append(self.path)
            server.times.append(time.monotonic())
            server.agents.add(self.headers.get("User-Agent", ""))
            server.now += 1
            server.most = max(server.most, server.now)
            reply = server.reply(self.path)
        try:
            server.closing.wait(reply.delay)
            # Counted until the answer begins: the client cannot ask again before that.
            with server.lock:
                server.now -= 1
            if reply.act:
                self.close_connection = True
                reply.act(self)
                return
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.type, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
        except OSError:
            self.close_connection = True

    do_HEAD = do_GET

    def log_message(self, *arguments: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def serve(host: str = "127.0.0.1") -> Iterator[Loopback]:
    """A server that answers until the block ends."""
    server = Loopback(host)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def endless_body(handler: BaseHTTPRequestHandler) -> None:
    """JSON that never ends, as fast as it can be sent."""
    _begin(handler, "application/json")
    with suppress(OSError):
        while not handler.server.closing.is_set():  # type: ignore[attr-defined]
            handler.wfile.write(b" " * 4096)


def slow_body(handler: BaseHTTPRequestHandler) -> None:
    """JSON that never ends, a byte now and then: no single silence is long."""
    _begin(handler, "application/json")
    with suppress(OSError):
        while not handler.server.closing.wait(0.02):  # type: ignore[attr-defined]
            handler.wfile.write(b" ")


def slow_head(handler: BaseHTTPRequestHandler) -> None:
    """A first line that never ends, a byte now and then."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 ")
        while not handler.server.closing.wait(0.02):  # type: ignore[attr-defined]
            handler.wfile.write(b"O")


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Half a body, and then the connection is reset."""
    _begin(handler, "application/json", length=1000)
    handler.wfile.write(b'{"title": "Half of')
    handler.wfile.flush()
    time.sleep(0.02)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def no_http(handler: BaseHTTPRequestHandler) -> None:
    """Something else than HTTP."""
    handler.wfile.write(b"220 mail ready\r\n\r\n")


def _begin(handler: BaseHTTPRequestHandler, kind: str, length: int | None = None) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Connection", "close")
    if length is not None:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()


def film(name: str, **changes: object) -> Reply:
    """What YouTube's oEmbed says of a film that is there."""
    data = {
        "title": "A film",
        "author_name": "Somebody",
        "type": "video",
        "html": f'<iframe src="https://www.youtube.com/embed/{name}?feature=oembed" title="A film"></iframe>',
        "thumbnail_url": f"https://i.ytimg.com/vi/{name}/hqdefault.jpg",
        **changes,
    }
    return Reply(200, json.dumps(data).encode(), "application/json")


def links(number: int) -> list[VideoLink]:
    """So many films."""
    return [VideoLink("youtube", f"film{each:06}A") for each in range(number)]


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


CAPTCHA = Reply(200, b"<html><title>Sorry...</title>Are you a robot?</html>")
PICTURE = Reply(200, b"\xff\xd8\xff", "image/jpeg")
GONE = Reply(404, b"Not Found")
BUSY = Reply(429, b"slow down")
BROKEN = Reply(503, b"not now")


class VideoHost:
    """The hosts of videos on one loopback server: `says` sets what a film's oEmbed and thumbnail answer.

    A film that nothing was said of is there. The canaries answer as they must, until a test says otherwise.
    """

    def __init__(self, server: Loopback) -> None:
        self.server, self.films = server, dict[str, tuple[list[Reply], list[Reply]]]()
        server.reply = self.reply  # type: ignore[method-assign]
        self.says(NEVER, GONE, GONE)

    def says(self, name: str, oembed: Reply | list[Reply], thumbnail: Reply | list[Reply] = PICTURE) -> None:
        """What a film answers from now on; of a list, one by one, the last for ever."""
        both = (each if isinstance(each, list) else [each] for each in (oembed, thumbnail))
        self.films[name] = (*both,)  # type: ignore[assignment]

    def reply(self, path: str) -> Reply:
        parts = urlsplit(path)
        if parts.path == "/oembed":
            name, which = parse_qs(parts.query)["id"][0], 0
        else:
            name, which = parts.path.split("/")[-2], 1
        replies = self.films.get(name, ([film(name)], [PICTURE]))[which]
        return replies.pop(0) if len(replies) > 1 else replies[0]

    @property
    def hosts(self) -> dict[str, dict[str, str]]:
        """For `sse_videocheck_hosts`."""
        oembed = f"{self.server.url}/oembed?url={{url}}&id={{id}}&format=json"
        thumbnail = f"{self.server.url}/vi/{{id}}/hqdefault.jpg"
        return {"youtube": {"oembed": oembed, "thumbnail": thumbnail}}

    def asked(self, name: str) -> list[str]:
        """What was asked of a film: `oembed` and `thumbnail`, in order."""
        return ["oembed" if "/oembed" in path else "thumbnail" for path in self.server.asked if name in path]
