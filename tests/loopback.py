"""A real web server on loopback, for whatever asks the network: what it answers is set by path, and it counts.

`serve()` starts one and ends it. `Loopback.pages` maps a path, with or without its query, to a `Reply`, or to a list of
them: one for each request, the last one for all that follow. What has no entry is a 404.

`VideoHost` puts the hosts of videos on top of it: their oEmbed, their thumbnails, and the two known videos.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import yaml

from sse_handbook.videocheck import TABLES

ONE, TWO, THREE = "gBKYf4qt1vw", "b7d-VMscsSA", "VGC3mTTuE1E"
YOUTUBE = yaml.safe_load(TABLES.read_text(encoding="utf-8"))["YouTube"]
ALIVE, NEVER = YOUTUBE["alive"], YOUTUBE["never"]


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
    """The server. `asked` holds the path of each request with its query, `times` its moment."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Reply | list[Reply]] = {}
        self.asked: list[str] = []
        self.times: list[float] = []
        self.agents: set[str] = set()
        self.lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

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
            reply = server.reply(self.path)
        try:
            server.closing.wait(reply.delay)
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
def serve() -> Iterator[Loopback]:
    """A server that answers until the block ends."""
    server = Loopback()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def no_http(handler: BaseHTTPRequestHandler) -> None:
    """Something else than HTTP."""
    handler.wfile.write(b"220 mail ready\r\n\r\n")


def named(key: str, **changes: object) -> Reply:
    """What YouTube's oEmbed says of a video that is there."""
    data = {
        "title": "A video",
        "html": f'<iframe src="https://www.youtube.com/embed/{key}?feature=oembed" title="A video"></iframe>',
        "thumbnail_url": f"https://i.ytimg.com/vi/{key}/hqdefault.jpg",
        **changes,
    }
    return Reply(200, json.dumps(data).encode(), "application/json")


CAPTCHA = Reply(200, b"<html><title>Sorry...</title>Are you a robot?</html>")
PICTURE = Reply(200, b"\xff\xd8\xff", "image/jpeg")
GONE = Reply(404, b"Not Found")
BUSY = Reply(429, b"slow down")


class VideoHost:
    """The hosts of videos on one loopback server: `says` sets what the oEmbed and the thumbnail of a video answer.

    A video that nothing was said of is there. The two known videos answer as they must, until a test says otherwise.
    """

    def __init__(self, server: Loopback) -> None:
        self.server, self.replies = server, dict[str, tuple[list[Reply], list[Reply]]]()
        server.reply = self.reply  # type: ignore[method-assign]
        self.says(NEVER, GONE, GONE)

    def says(self, key: str, oembed: Reply | list[Reply], thumbnail: Reply | list[Reply] = PICTURE) -> None:
        """What a video answers from now on; of a list, one by one, the last for ever."""
        both = (each if isinstance(each, list) else [each] for each in (oembed, thumbnail))
        self.replies[key] = (*both,)  # type: ignore[assignment]

    def reply(self, path: str) -> Reply:
        parts = urlsplit(path)
        key, which = (parse_qs(parts.query)["id"][0], 0) if parts.path == "/oembed" else (parts.path.split("/")[-2], 1)
        replies = self.replies.get(key, ([named(key)], [PICTURE]))[which]
        return replies.pop(0) if len(replies) > 1 else replies[0]

    @property
    def hosts(self) -> dict[str, dict[str, str]]:
        """For `sse_videocheck_hosts`: the thumbnails are on another host, as in the world."""
        oembed = f"{self.server.url}/oembed?url={{url}}&id={{id}}&format=json"
        thumbnail = f"{self.server.url.replace('127.0.0.1', 'localhost')}/vi/{{id}}/hqdefault.jpg"
        return {"youtube": {"oembed": oembed, "thumbnail": thumbnail}}

    def asked(self, key: str) -> list[str]:
        """What was asked of a video: `oembed` and `thumbnail`, in order."""
        return ["oembed" if "/oembed" in path else "thumbnail" for path in self.server.asked if key in path]
