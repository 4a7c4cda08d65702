"""The client that asks the hosts of videos, against a real server: what it makes of answers, and how polite it is."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from threading import Event
from urllib.parse import quote

import pytest
from loopback import (
    BROKEN,
    BUSY,
    CAPTCHA,
    FAST,
    GONE,
    ONE,
    PICTURE,
    THREE,
    TWO,
    Loopback,
    Reply,
    VideoHost,
    closed_port,
    endless_body,
    film,
    links,
    no_http,
    reset,
    serve,
    slow_body,
    slow_head,
)

from sse_handbook.liveness import TABLES
from sse_handbook.video_links import VideoLink, parse_video_link
from sse_handbook.videocheck.answers import retry_after
from sse_handbook.videocheck.hosts import Client, Pace


def client(host: VideoHost, **pace: float) -> Client:
    """A client without canaries."""
    return Client(Client().hosts | host.hosts, {}, Pace(**FAST | pace))  # type: ignore[arg-type]


# ---- one look at one film -------------------------------------------------------------------------------------------

STATUS = {status: Reply(status, b"no") for status in (400, 401, 403, 410, 500, 503)} | {404: GONE, 429: BUSY}
ROWS = [
    (film(ONE), PICTURE, "alive", 1),
    (CAPTCHA, PICTURE, "unknown", 1),
    (STATUS[401], PICTURE, "alive, not embeddable", 2),
    (STATUS[401], GONE, "suspect", 2),
    (STATUS[403], PICTURE, "restricted", 2),
    (STATUS[403], GONE, "dead", 2),
    (GONE, GONE, "dead", 2),
    (GONE, PICTURE, "suspect", 2),
    (STATUS[400], PICTURE, "unknown", 1),
    (BUSY, PICTURE, "unknown", 1),
    (STATUS[500], PICTURE, "unknown", 1),
    (GONE, BUSY, "suspect", 2),
    (GONE, BROKEN, "suspect", 2),
    (GONE, Reply(act=slow_head), "suspect", 2),
    (STATUS[403], BUSY, "suspect", 2),
    (STATUS[403], BROKEN, "suspect", 2),
    (STATUS[403], Reply(act=slow_head), "suspect", 2),
    (STATUS[410], PICTURE, "unknown", 1),
]


@pytest.mark.parametrize(("oembed", "thumbnail", "verdict", "requests"), ROWS)
def test_each_row_of_the_table_holds_over_http(
    host: VideoHost, oembed: Reply, thumbnail: Reply, verdict: str, requests: int
) -> None:
    host.says(ONE, oembed, thumbnail)
    probe = client(host, tries=1, total=1).probe(VideoLink("youtube", ONE, 19))
    assert probe.judgement.verdict == verdict
    assert host.asked(ONE) == ["oembed", "thumbnail"][:requests]


@pytest.mark.parametrize("where", ["http://no-such-host.invalid", "https://{host}", "http://127.0.0.1:{closed}"])
def test_a_host_that_cannot_be_reached_says_nothing(server: Loopback, where: str) -> None:
    address = where.format(host=server.url.removeprefix("http://"), closed=closed_port())
    probe = Client({"youtube": {"oembed": f"{address}/oembed"}}, {}, Pace(**FAST)).probe(VideoLink("youtube", ONE))
    said = {"http://no": "DNS", "https://{": "TLS", "http://12": "not reached"}[where[:9]]
    assert (probe.oembed.sign, probe.judgement.verdict, server.asked) == (said, "unknown", [])


def zipped(size: int) -> Reply:
    """JSON that is small on the wire and large when it is unpacked."""
    body = gzip.compress(b'{"title": "' + b" " * size + b'"}')
    return Reply(200, body, "application/json", {"Content-Encoding": "gzip"})


TROUBLES = {
    "slow answer": (Reply(200, film(ONE).body, "application/json", delay=60), "time-out"),
    "slow first line": (Reply(act=slow_head), "time-out"),
    "slow body": (Reply(act=slow_body), "time-out"),
    "endless body": (Reply(act=endless_body), "too large"),
    "zipped body": (zipped(10**7), "too large"),
    "reset in the middle": (Reply(act=reset), "broken off"),
    "no HTTP": (Reply(act=no_http), "broken off"),
    "broken JSON": (Reply(200, b'{"title": "A film', "application/json"), "200, anything else"),
    "deep JSON": (Reply(200, b"[" * 60_000, "application/json"), "200, anything else"),
    "JSON in no known alphabet": (Reply(200, b'\xff{"title"', "application/json"), "200, anything else"),
    "a list": (Reply(200, b'["title"]', "application/json"), "200, anything else"),
    "wrong content type": (Reply(200, film(ONE).body), "200, anything else"),
    "no content type": (Reply(200, film(ONE).body, ""), "200, anything else"),
    "another video": (film(TWO), "200, anything else"),
    "no title": (film(ONE, title=" "), "200, anything else"),
    "captcha": (CAPTCHA, "200, anything else"),
    "redirect in a circle": (Reply(302, headers={"Location": f"/oembed?id={ONE}"}), "sent to another host"),
    "redirect nowhere": (Reply(302, headers={"Location": "http://[broken"}), "not HTTP"),
    "redirect to nothing of the web": (Reply(302, headers={"Location": "file:///etc/passwd"}), "sent to another host"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_ends_and_judges_nobody(host: VideoHost, trouble: str) -> None:
    reply, sign = TROUBLES[trouble]
    host.says(ONE, reply)
    found = client(host, tries=1, total=1).probe(VideoLink("youtube", ONE))
    assert (found.oembed.sign, found.judgement.verdict, found.refused) == (sign, "unknown", True)


def test_a_connection_that_has_lasted_too_long_is_closed(host: VideoHost) -> None:
    hung_up = Event()

    def until_hung_up(handler: BaseHTTPRequestHandler) -> None:
        slow_body(handler)
        hung_up.set()

    host.says(ONE, Reply(act=until_hung_up))
    client(host, tries=1, total=0.5).probe(VideoLink("youtube", ONE))
    assert hung_up.wait(10)


def test_a_consent_page_on_another_host_is_never_asked_for(host: VideoHost) -> None:
    with serve() as consent:
        host.says(ONE, Reply(302, headers={"Location": f"{consent.url}/m?continue=https://www.youtube.com/"}))
        assert client(host).probe(VideoLink("youtube", ONE)).oembed.sign == "sent to another host"
        assert consent.asked == []


def test_a_redirect_on_the_same_host_is_followed(host: VideoHost) -> None:
    host.says(ONE, [Reply(301, headers={"Location": f"/oembed?id={ONE}&again=1"}), film(ONE)])
    assert client(host).probe(VideoLink("youtube", ONE)).judgement.verdict == "alive"


def test_a_host_of_ipv6_alone_is_asked() -> None:
    try:
        with serve("::1") as server:
            host = VideoHost(server)
            assert "[::1]" in server.url
            assert client(host).probe(VideoLink("youtube", ONE)).judgement.verdict == "alive"
            assert host.asked(ONE) == ["oembed"]
    except OSError:
        pytest.skip("this machine has no IPv6")


VIMEO = {"type": "video", "title": "A film", "video_id": 1234567}
PEERTUBE = "116tAS5aakDj1j7vqebiQc"
EMBED = '<iframe src="https://a.example/videos/embed/00035fe7-d997-4cf0-9ec2-5929d55986ef?title=0"></iframe>'


@pytest.mark.parametrize(
    ("address", "data", "verdict"),
    [
        ("https://vimeo.com/1234567", VIMEO, "alive"),
        ("https://vimeo.com/1234567/0123456789#t=5s", VIMEO, "alive"),
        ("https://vimeo.com/1234568", VIMEO, "unknown"),
        (f"https://a.example/w/{PEERTUBE}", {"title": "A film", "html": EMBED}, "alive"),
        (f"https://b.example/w/{PEERTUBE}", {"title": "A film", "html": EMBED}, "unknown"),
        ("https://youtu.be/gBKYf4qt1vw?t=4", json.loads(film(ONE).body), "alive"),
        ("https://youtu.be/gBKYf4qt1vw", json.loads(film(ONE, html="").body), "alive"),
        ("https://youtu.be/gBKYf4qt1vw", json.loads(film(ONE, html="", thumbnail_url="").body), "unknown"),
    ],
)
def test_each_host_is_asked_for_the_canonical_address(
    server: Loopback, address: str, data: dict[str, object], verdict: str
) -> None:
    link = parse_video_link(address)
    assert link
    server.pages["/oembed"] = Reply(200, json.dumps(data).encode(), "application/json; charset=utf-8")
    pattern = {"oembed": f"{server.url}/oembed?{{url}}"}
    probe = Client(dict.fromkeys(TABLES, pattern), {}, Pace(**FAST)).probe(link)
    assert probe.judgement.verdict == verdict
    assert server.asked == [f"/oembed?{quote(replace(link, start=None).url, safe='')}"]
    assert [each.startswith("sse-handbook/") for each in server.agents] == [True]


# ---- politeness -----------------------------------------------------------------------------------------------------


def test_a_host_has_two_requests_at_a_time_at_most_and_a_pause_after_each(host: VideoHost) -> None:
    for link in links(12):
        host.says(link.id, Reply(200, film(link.id).body, "application/json", delay=0.05))
    found = list(client(host, pause=0.1).probe_all(links(12)))
    assert {probe.judgement.verdict.value for probe in found} == {"alive"}
    assert sorted(probe.link.id for probe in found) == [link.id for link in links(12)]
    assert host.server.most == 2
    # Any two requests and the next two are a pause apart; 0.08 is the shortest one.
    times = host.server.times
    assert all(later - earlier >= 0.08 for earlier, later in zip(times, times[2:], strict=False))


def be_patient(handler: BaseHTTPRequestHandler) -> None:
    """A 429 that asks for two seconds as a date, by the clock of a host that is an hour ahead."""
    now = datetime.now(UTC) + timedelta(hours=1)
    dates = (("Date", now), ("Retry-After", now + timedelta(seconds=2)))
    lines = [f"{name}: {format_datetime(when, usegmt=True)}" for name, when in dates]
    handler.wfile.write("\r\n".join(["HTTP/1.1 429 Too Many Requests", *lines, "Content-Length: 0", "", ""]).encode())


@pytest.mark.parametrize("reply", [Reply(429, headers={"Retry-After": "2"}), Reply(act=be_patient)])
def test_retry_after_is_honoured_in_both_forms(host: VideoHost, reply: Reply) -> None:
    host.says(ONE, [reply, film(ONE)])
    assert client(host).probe(VideoLink("youtube", ONE)).judgement.verdict == "alive"
    earlier, later = host.server.times
    assert later - earlier >= 1.9


def test_all_requests_wait_when_one_is_asked_to(host: VideoHost) -> None:
    host.says(ONE, [Reply(429, headers={"Retry-After": "2"}), film(ONE)])
    for link in links(8):
        host.says(link.id, Reply(200, film(link.id).body, "application/json", delay=0.3))
    found = list(client(host).probe_all([VideoLink("youtube", ONE), *links(8)]))
    assert {probe.judgement.verdict.value for probe in found} == {"alive"}
    # One may have been on its way already.
    assert len([each for each in host.server.times if each - host.server.times[0] < 1.9]) == 2


@pytest.mark.parametrize("wanted", ["3600", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_host_that_asks_for_too_long_is_left_alone(host: VideoHost, wanted: str) -> None:
    host.says(ONE, Reply(429, headers={"Retry-After": wanted}))
    asker = client(host)
    assert [probe.judgement.verdict.value for probe in asker.probe_all([VideoLink("youtube", ONE)])] == ["unknown"]
    assert list(asker.probe_all(links(3))) == []
    assert len(host.server.asked) == 1
    assert "left alone" in asker.lane(VideoLink("youtube", ONE)).closed


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "Mon, 05 Oct 2026 12:01:00 GMT", "Date": "Mon, 05 Oct 2026 12:00:00 GMT"}, 60),
        ({"Retry-After": "Mon, 05 Oct 2026 11:01:00 GMT", "Date": "Mon, 05 Oct 2026 12:00:00 GMT"}, 0),
        ({}, None),
        *(({"Retry-After": each}, None) for each in ("soon", "-5", "1.5", "", "9" * 99, "²", "Mon, 99 Foo 2026")),
    ],
)
def test_what_retry_after_says(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize("passing", [BUSY, BROKEN, Reply(act=reset)])
def test_what_may_pass_is_tried_again_and_then_no_more(host: VideoHost, passing: Reply) -> None:
    host.says(ONE, [passing, passing, film(ONE)])
    host.says(TWO, passing)
    asker = client(host)
    assert [asker.probe(VideoLink("youtube", name)).judgement.verdict for name in (ONE, TWO)] == ["alive", "unknown"]
    assert (len(host.asked(ONE)), len(host.asked(TWO))) == (3, 3)


def test_three_refusals_in_a_row_end_it_and_what_lies_between_does_not(host: VideoHost) -> None:
    for each in (ONE, TWO, THREE):
        host.says(each, CAPTCHA)
    asker = client(host)
    for each in (ONE, TWO, "film000000A", ONE, TWO):
        asker.probe(VideoLink("youtube", each))
    lane = asker.lane(VideoLink("youtube", ONE))
    assert not lane.closed
    asker.probe(VideoLink("youtube", THREE))
    assert "refused 3 videos in a row" in lane.closed
    before = len(host.server.asked)
    assert list(asker.probe_all(links(5))) == []
    assert len(host.server.asked) == before


def test_a_host_that_is_down_keeps_no_other_from_being_asked(host: VideoHost) -> None:
    hosts = host.hosts | {"peertube": {"oembed": f"http://127.0.0.1:{closed_port()}/oembed"}}
    asker = Client(Client().hosts | hosts, {}, Pace(**FAST))
    down = [VideoLink("peertube", f"a.example/{each}") for each in range(9)]
    found = Counter(probe.judgement.verdict.value for probe in asker.probe_all([*down, *links(9)]))
    assert found["alive"] == 9
    assert 3 <= found["unknown"] <= 4  # one more may have been on its way
