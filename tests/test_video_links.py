"""Each way to write an address, as a line of a table, and what must hold for any text at all."""

from __future__ import annotations

import re
import string
import time
import tomllib
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sse_handbook.video_links import VideoLink, VideoLinkError, parse_video_link

ID = "gBKYf4qt1vw"
OTHER = "VGC3mTTuE1E"
UUID4 = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
SHORT = "kkGMgK9ZtnKfYAgnEtQxbv"  # the same number as UUID4
WATCH = f"https://www.youtube.com/watch?v={ID}"

TABLES = tomllib.loads(Path(__file__).with_name("video_links.toml").read_text(encoding="utf-8"))
WRONG = [*map(tuple, TABLES["wrong"]), (f"https://youtu.be/{ID}?t={'9' * 5000}", "start", "whole seconds")]


def rows(name: str) -> list[list[str]]:
    filled = re.sub(
        r"\b(ID|SHORT|UUID4)\b", lambda word: globals()[word[0]], TABLES[name].replace("RDAMVMID", f"RDAMVM{ID}")
    )
    return [line.split(" ") for line in filled.strip().split("\n")]


GOOD = [
    *((address, VideoLink("youtube", ID, int(start[0]) if start else None)) for address, *start in rows("youtube")),
    *(
        (address, VideoLink(provider, name, int(start[0]) if start else None))
        for provider in ("vimeo", "peertube")
        for address, name, *start in rows(provider)
    ),
    (f"\x1f https://youtu.be/{ID}\u00a0\x1f", VideoLink("youtube", ID)),
    (f"https://www.youtube.com/\nwatch?v=\t{ID}", VideoLink("youtube", ID)),
]
ADDRESSES = [*(good[0] for good in GOOD), *(wrong[0] for wrong in WRONG), *(row[0] for row in rows("not_one_video"))]


def parse(address: str) -> VideoLink | str | None:
    """The link, the code of the error, or `None`: any other exception is let through."""
    try:
        return parse_video_link(address)
    except VideoLinkError as error:
        assert str(error) and error.hint
        return error.code


@pytest.mark.parametrize(("address", "link"), GOOD)
def test_address_of_one_video(address: str, link: VideoLink) -> None:
    assert parse_video_link(address) == link == parse_video_link(link.url)


@pytest.mark.parametrize("address", [row[0] for row in rows("not_one_video")])
def test_address_of_something_else(address: str) -> None:
    assert parse(address) == "not_one_video"


@pytest.mark.parametrize("address", ["", " <> ", *(row[0] for row in rows("unknown"))])
def test_address_of_an_unknown_host(address: str) -> None:
    assert parse_video_link(address) is None


@pytest.mark.parametrize(("address", "code", "hint"), WRONG)
def test_wrong_address(address: str, code: str, hint: str) -> None:
    with pytest.raises(VideoLinkError) as caught:
        parse_video_link(address)
    assert (caught.value.code, hint in caught.value.hint) == (code, True), caught.value.hint
    assert str(caught.value).isascii()  # look-alike letters are made visible
    for proposed in re.findall(r"https?://\S+", caught.value.hint):
        link = parse_video_link(proposed)
        assert link and link.url == proposed


# Any text, with lone surrogates too; and what an address is made of, so that chance finds what is nearly right.
TEXT = st.text(st.characters(exclude_categories=()))
PIECES = st.sampled_from(
    "/ ? & = # : ; % %3D %26 %2F &amp; @ [ ] . , ) \\ ! v t u q h w p c url list start embed watch vi shorts video "
    f"showcase 1h2m3s 61:40 -5 9 00 {ID} {SHORT} {UUID4} 33951933 9603038895 \u0430".split()
)
HOSTS = st.sampled_from(["www.youtube.com", "youtu.be", "vimeo.com", "player.vimeo.com", "i.ytimg.com", "tube.example"])
YOUTUBE_IDS = st.binary(min_size=8, max_size=8).map(lambda octets: urlsafe_b64encode(octets).decode().rstrip("="))
BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


@given(TEXT)
@example("https://[")
@example("https://youtu.be/\ud800")
def test_any_text_is_read_or_refused(text: str) -> None:
    parse(text)


@given(HOSTS, st.lists(PIECES | TEXT, max_size=12).map("".join))
def test_any_path_of_a_known_host_is_read_or_refused(host: str, rest: str) -> None:
    found = parse(f"https://{host}/{rest}")
    assert found is not None or host in ("i.ytimg.com", "tube.example")
    if isinstance(found, VideoLink):
        assert parse_video_link(found.url) == found


@given(st.sampled_from(ADDRESSES), st.data())
def test_changed_address_is_read_or_refused(address: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(address)), "from")
    end = data.draw(st.integers(cut, len(address)), "to")
    found = parse(address[:cut] + data.draw(PIECES | TEXT, "put in") + address[end:])
    if isinstance(found, VideoLink):
        assert parse_video_link(found.url) == found


@given(st.uuids(version=4))
def test_both_spellings_of_a_peertube_id_are_one_video(uuid: object) -> None:
    link = parse_video_link(f"https://tube.example/videos/watch/{uuid}")
    assert link and parse_video_link(link.url) == link
    assert len(link.id) == len("tube.example/") + 22


@given(YOUTUBE_IDS, st.sampled_from(BASE64))
def test_last_character_is_fixed(name: str, last: str) -> None:
    wrong = name[:-1] + last
    if last in "AEIMQUYcgkosw048":
        assert parse(f"https://youtu.be/{wrong}") == VideoLink("youtube", wrong)
        return
    with pytest.raises(VideoLinkError) as caught:
        parse_video_link(f"https://youtu.be/{wrong}")
    right = caught.value.hint.rpartition("=")[2]
    # The same 64 bits: only the two that stand behind them are now 0.
    assert (right[:-1], BASE64.index(right[-1])) == (wrong[:-1], BASE64.index(last) & ~3)


@pytest.mark.parametrize(
    "address",
    [
        f"https://youtu.be/{ID}" * 5000,
        "https://youtu.be/" + "/" * 100_000,
        f"https://youtu.be/{ID}" + ")" * 100_000,
        f"https://youtu.be/{ID}?t=1" + "." * 100_000,
        f"{WATCH}" + f"&v={ID}" * 7000,
        "https://vimeo.com/" + "1/" * 50_000,
        "https://vimeo.com/1/" + "a" * 100_000 + "!",
        "a." * 50_000 + f"/w/{SHORT}",
        f"https://tube.example/w/{SHORT};" + "a" * 100_000,
        "&amp;" * 20_000,
        " " * 100_000 + "x" + " " * 100_000,
        "https://" + "." * 100_000,
        "https://youtu.be/#" + "!/" * 50_000,
    ],
    ids=lambda address: address[:40],
)
def test_very_long_address_takes_no_longer_by_the_letter(address: str) -> None:
    """A pattern that goes over the text again for each letter takes minutes here: the bound only has to notice that."""
    began = time.process_time()
    parse(address)
    assert time.process_time() - began < 5
