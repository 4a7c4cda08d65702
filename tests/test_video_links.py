"""Each way to write an address, as a line of a table, and what must hold for any text at all."""

from __future__ import annotations

import re
import string
import time
from base64 import urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sse_handbook.video_links import VideoLink, VideoLinkError, parse_video_link

ID = "gBKYf4qt1vw"
OTHER = "VGC3mTTuE1E"
UUID4 = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
WATCH = "https://www.youtube.com/watch?v="
SHORT = "kkGMgK9ZtnKfYAgnEtQxbv"  # the same number as UUID4

# YouTube: an address that stands for the video ID, and its start.
YOUTUBE = [
    # pages and hosts
    (f"https://www.youtube.com/watch?v={ID}", None),
    (f"http://youtube.com/watch?v={ID}", None),
    (f"https://m.youtube.com/watch?v={ID}", None),
    (f"https://music.youtube.com/watch?v={ID}&list=RDAMVM{ID}", None),
    (f"https://gaming.youtube.com/watch?v={ID}", None),
    (f"https://de.youtube.com/watch?v={ID}", None),
    (f"https://www.youtubekids.com/watch?v={ID}", None),
    (f"https://www.youtube-nocookie.com/embed/{ID}", None),
    (f"https://youtube.googleapis.com/v/{ID}", None),
    (f"https://studio.youtube.com/video/{ID}/edit", None),
    (f"https://youtu.be/{ID}", None),
    (f"https://www.youtu.be/{ID}", None),
    (f"https://youtu.be/watch?v={ID}", None),
    (f"https://www.youtube.com/embed/{ID}", None),
    (f"https://www.youtube.com/shorts/{ID}", None),
    (f"https://www.youtube.com/live/{ID}", None),
    (f"https://www.youtube.com/v/{ID}", None),
    (f"https://www.youtube.com/e/{ID}", None),
    (f"https://www.youtube.com/vi/{ID}", None),
    (f"https://www.youtube.com/watch/{ID}", None),
    (f"https://www.youtube.com/Embed/{ID}", None),
    (f"https://www.youtube.com/?v={ID}", None),
    (f"https://www.youtube.com/watch?vi={ID}", None),
    (f"https://www.youtube.com/watch_popup?v={ID}", None),
    (f"https://www.youtube.com/live_chat?is_popout=1&v={ID}", None),
    (f"https://m.youtube.com/details?v={ID}", None),
    (f"https://www.youtube.com/watch#!v={ID}", None),
    (f"https://m.youtube.com/#/watch?v={ID}", None),
    # around the address
    (f"youtube.com/watch?v={ID}", None),
    (f"www.youtube.com/watch?v={ID}", None),
    (f"//www.youtube.com/embed/{ID}", None),
    (f"youtu.be/{ID}", None),
    (f"HTTPS://WWW.YouTube.COM/watch?v={ID}", None),
    (f"https://www.youtube.com./watch?v={ID}", None),
    (f"https://www.youtube.com:443/watch?v={ID}", None),
    (f"www.youtube.com:99999/watch?v={ID}", None),
    (f"  <https://youtu.be/{ID}>\n", None),
    (f"&lt;https://youtu.be/{ID}&gt;", None),
    (f"\x00\x1f https://youtu.be/{ID}\u00a0\x1f", None),
    (f"https://www.youtube.com/\nwatch?v=\t{ID}", None),
    # slips in the address
    (f"https://www.youtube.com/watch&v={ID}", None),
    (f"https://www.youtube.com/watch/?v={ID}", None),
    (f"https://www.youtube.com/watch?v={ID}/", None),
    (f"https://www.youtube.com//watch?v={ID}", None),
    (f"https://youtu.be/{ID}/", None),
    (f"https://youtu.be/{ID}&feature=share", None),
    (f"https://www.youtube.com/v/{ID}&hl=en&fs=1", None),
    (f"https://www.youtube.com/embed/{ID}&rel=0", None),
    (f"https://www.youtube.com/watch?v={ID}&v={ID}", None),
    (f"https://www.youtube.com/watch?v={ID[:5]}%{ord(ID[5]):x}{ID[6:]}", None),
    (f"https://www.youtube.com/%77atch?v={ID}", None),
    # what else stands in it
    (f"https://www.youtube.com/watch?v={ID}&list=PL0123456789ABCDEF&index=2", None),
    (f"https://www.youtube.com/watch?app=desktop&feature=youtu.be&v={ID}&ab_channel=HNI", None),
    (f"https://www.youtube.com/watch?v={ID}&region=IN&notify=1&copy=2", None),
    (f"https://youtu.be/{ID}?si=AbCdEf&utm_source=x", None),
    (f"https://www.youtube.com/embed/{ID}?playlist={OTHER}&loop=1", None),
    (f"https://www.youtube.com/embed/{ID}?enablejsapi=1&origin=https://example.org", None),
    # pages that carry an address
    (f"https://www.youtube.com/attribution_link?a=x&u=/watch%3Fv%3D{ID}%26feature%3Dem-share", None),
    (f"https://www.youtube.com/attribution_link?u=%2Fwatch%3Fv%3D{ID}%26t%3D35s", 35),
    (f"https://www.youtube.com/attribution_link?u=/watch?v={ID}&feature=share", None),
    (f"https://www.youtube.com/oembed?url=http%3A//www.youtube.com/watch?v%3D{ID}&format=json", None),
    (f"https://www.youtube.com/redirect?v={OTHER}&q=https%3A%2F%2Fyoutu.be%2F{ID}", None),
    (f"https://consent.youtube.com/m?continue=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3D{ID}&gl=DE", None),
    (f"https://www.youtube.com/signin?next=%2Fwatch%3Fv%3D{ID}", None),
    # thumbnails
    (f"https://i.ytimg.com/vi/{ID}/hqdefault.jpg", None),
    (f"https://i3.ytimg.com/vi/{ID}/0.jpg?sqp=x", None),
    (f"https://i.ytimg.com/vi_webp/{ID}/maxresdefault.webp", None),
    (f"https://img.youtube.com/vi/{ID}/0.jpg", None),
    # starts
    (f"https://www.youtube.com/watch?v={ID}&t=95", 95),
    (f"https://www.youtube.com/watch?v={ID}&t=35s", 35),
    (f"https://www.youtube.com/watch?v={ID}&t=35S/", 35),
    (f"https://www.youtube.com/watch?v={ID}&t=1m2s", 62),
    (f"https://www.youtube.com/watch?v={ID}&t=1m2", 62),
    (f"https://www.youtube.com/watch?v={ID}&t=2m", 120),
    (f"https://www.youtube.com/watch?v={ID}&t=1h2m3s", 3723),
    (f"https://www.youtube.com/watch?v={ID}&t=1H2M3S", 3723),
    (f"https://www.youtube.com/watch?v={ID}&t=1h3s", 3603),
    (f"https://www.youtube.com/watch?v={ID}&t=100m", 6000),
    (f"https://www.youtube.com/watch?v={ID}&t=95.9", 95),
    (f"https://www.youtube.com/watch?v={ID}&t=1m2.9s", 62),
    (f"https://www.youtube.com/watch?v={ID}&t=0", None),
    (f"https://www.youtube.com/watch?v={ID}&t=0h0m0s", None),
    (f"https://www.youtube.com/watch?v={ID}&t=", None),
    (f"https://www.youtube.com/watch?v={ID}&t=7&t=35", 35),
    (f"https://www.youtube.com/watch?v={ID}&amp;t=35s", 35),
    (f"https://www.youtube.com/watch?v={ID}&amp;amp;t=35s", 35),
    (f"https://www.youtube.com/watch?v={ID}&#38;t=35s", 35),
    (f"https://www.youtube.com/watch?v&#x3D;{ID}&t=35s", 35),
    (f"https://www.youtube.com/watch?v={ID}?t=35s", 35),
    (f"https://www.youtube.com/watch?t=35s&v={ID}", 35),
    (f"https://www.youtube.com/watch?v={ID}#t=1m2s", 62),
    (f"https://www.youtube.com/watch?v={ID}&t=35#t=99", 35),
    (f"https://www.youtube.com/watch?v={ID}&start=35", 35),
    (f"https://www.youtube.com/watch?time_continue=35&v={ID}", 35),
    (f"https://www.youtube.com/watch?time_continue=1&v={ID}&t=35", 35),
    (f"https://youtu.be/{ID}?t=35", 35),
    (f"https://youtu.be/{ID}&t=35", 35),
    (f"https://youtu.be/{ID}/?t=35", 35),
    (f"https://www.youtube.com/live/{ID}?t=35", 35),
    (f"https://www.youtube.com/embed/{ID}?start=95", 95),
    (f"https://www.youtube.com/embed/{ID}?start=95.9", 95),
    (f"https://www.youtube.com/embed/{ID}?start=95s", 95),
    (f"https://www.youtube.com/embed/{ID}?start=95/", 95),
    (f"https://www.youtube.com/embed/{ID}?start=95&t=7&end=120", 95),
    (f"https://www.youtube.com/embed/{ID}?t=0", None),
    (f"https://www.youtube.com/v/{ID}&start=95", 95),
]

# Vimeo: an address, the id with its hash, the start.
VIMEO = [
    ("https://vimeo.com/33951933", "33951933", None),
    ("vimeo.com/33951933/", "33951933", None),
    ("http://www.vimeo.com/33951933?share=copy", "33951933", None),
    ("https://VIMEO.com:80/33951933/description", "33951933", None),
    ("https://vimeo.com/2", "2", None),
    ("https://vimeo.com/1084537123", "1084537123", None),
    ("https://player.vimeo.com/video/33951933", "33951933", None),
    ("//player.vimeo.com/video/33951933?badge=0&amp;app_id=2", "33951933", None),
    ("https://vimeo.com/video/33951933", "33951933", None),
    ("https://vimeo.com/manage/videos/33951933", "33951933", None),
    ("https://vimeo.com/channels/staffpicks/33951933", "33951933", None),
    ("https://vimeo.com/channels/1234/33951933", "33951933", None),
    ("https://vimeo.com/groups/travelhd/videos/33951933", "33951933", None),
    ("https://vimeo.com/album/2632481/video/33951933", "33951933", None),
    ("https://vimeo.com/showcase/3253534/video/33951933", "33951933", None),
    ("https://vimeo.com/ondemand/film/33951933", "33951933", None),
    ("https://vimeo.com/event/99/videos/33951933", "33951933", None),
    ("https://vimeo.com/user123/review/33951933/abd0e13fb4", "33951933", None),
    ("https://vimeopro.com/user/films/video/33951933", "33951933", None),
    ("https://vimeo.com/160743502/abd0e13fb4", "160743502/abd0e13fb4", None),
    ("https://vimeo.com/581039021/9603038895", "581039021/9603038895", None),
    ("https://player.vimeo.com/video/160743502?h=abd0e13fb4&badge=0", "160743502/abd0e13fb4", None),
    ("https://vimeo.com/api/oembed.json?url=https%3A//vimeo.com/33951933", "33951933", None),
    ("https://vimeo.com/33951933#t=95s", "33951933", 95),
    ("https://vimeo.com/33951933#t=1m2s", "33951933", 62),
    ("https://vimeo.com/33951933?t=95", "33951933", 95),
    ("https://player.vimeo.com/video/160743502?h=abd0e13fb4#t=1h", "160743502/abd0e13fb4", 3600),
]

# PeerTube: an address, the id, the start.
PEERTUBE = [
    (f"https://framatube.org/w/{SHORT}", f"framatube.org/{SHORT}", None),
    (f"framatube.org/w/{SHORT}/", f"framatube.org/{SHORT}", None),
    (f"https://FramaTube.org./w/{SHORT}", f"framatube.org/{SHORT}", None),
    (f"https://framatube.org:443/w/{SHORT}", f"framatube.org/{SHORT}", None),
    (f"https://tube.example.org:9000/w/{SHORT}", f"tube.example.org:9000/{SHORT}", None),
    (f"https://xn--vido-bpa.example/w/{SHORT}", f"xn--vido-bpa.example/{SHORT}", None),
    (f"https://tube.xn--p1ai/w/{SHORT}", f"tube.xn--p1ai/{SHORT}", None),
    (f"https://framatube.org/w/{UUID4}", f"framatube.org/{SHORT}", None),
    (f"https://framatube.org/videos/watch/{UUID4.upper()}", f"framatube.org/{SHORT}", None),
    (f"https://framatube.org/videos/embed/{UUID4}?title=0", f"framatube.org/{SHORT}", None),
    (f"https://framatube.org/w/{SHORT};threadId=7", f"framatube.org/{SHORT}", None),
    (f"https://framatube.org/w/{SHORT}?start=1m2s&stop=3m", f"framatube.org/{SHORT}", 62),
    (f"https://framatube.org/videos/embed/{UUID4}?start=95s", f"framatube.org/{SHORT}", 95),
    # a short id is filled up in front
    ("https://example.org/w/00000000-0000-4000-8000-000000000000", "example.org/111111114Ay6byqtQtQyDN", None),
]

# Known hosts, but a playlist, a channel, a search or any other page.
NOT_ONE_VIDEO = [
    "https://www.youtube.com",
    "https://www.youtube.com/",
    "https://youtu.be/",
    "https://www.youtube.com/about",
    "https://www.youtube.com/about/press/?v=1",
    "https://www.youtube.com/iframe_api",
    "https://www.youtube.com/playlist?list=PL0123456789ABCDEF",
    f"https://www.youtube.com/playlist?list=PL0123456789ABCDEF&v={ID}",
    "https://music.youtube.com/playlist?list=PL0123456789ABCDEF",
    "https://youtu.be/playlist?list=PL0123456789ABCDEF",
    "https://www.youtube.com/watch?list=PL0123456789ABCDEF",
    "https://www.youtube.com/embed/videoseries?list=PL0123456789ABCDEF",
    "https://www.youtube.com/embed?listType=playlist&list=PL0123456789ABCDEF",
    "https://www.youtube.com/embed/live_stream?channel=UC0123456789abcdefghijkl",
    "https://www.youtube.com/channel/UC0123456789abcdefghijkl",
    "https://www.youtube.com/channel/UC0123456789abcdefghijkl/live",
    "https://www.youtube.com/c/WIEGO",
    "https://www.youtube.com/user/WIEGOglobal",
    f"https://www.youtube.com/user/WIEGOglobal#p/u/1/{ID}",
    "https://www.youtube.com/@wiego",
    f"https://www.youtube.com/@wiego?v={ID}",
    "https://youtu.be/@wiego",
    f"https://www.youtube.com/{ID}",
    "https://www.youtube.com/clip/UgkxABCDEFGHIJKLMNOPQRSTUV",
    "https://www.youtube.com/results?search_query=youtu.be",
    "https://www.youtube.com/feed/trending",
    "https://www.youtube.com/hashtag/sse/shorts",
    "https://www.youtube.com/post/Ugkx123",
    "https://www.youtube.com/shorts",
    "https://www.youtube.com/live/",
    "https://www.youtube.com/attribution_link?a=x",
    "https://www.youtube.com/attribution_link?u=/channel/UC0123456789abcdefghijkl",
    f"https://www.youtube.com/redirect?q=https%3A%2F%2Fexample.org&v={ID}",
    "https://consent.youtube.com/m?continue=https%3A%2F%2Fwww.youtube.com%2F",
    "https://vimeo.com/",
    "https://vimeo.com/wiego",
    "https://vimeo.com/user26785108",
    "https://vimeo.com/3dtotal",
    "https://vimeo.com/user26785108/newspiritualguide",
    "https://vimeo.com/showcase/3253534",
    "https://vimeo.com/album/2632481",
    "https://vimeo.com/channels/staffpicks",
    "https://vimeo.com/channels/1234",
    "https://vimeo.com/groups/travelhd/videos",
    "https://vimeo.com/ondemand/film",
    "https://vimeo.com/event/123456",
    "https://vimeo.com/search?q=33951933",
    "https://player.vimeo.com/video/",
    "https://player.vimeo.com/api/player.js",
    f"https://framatube.org/w/p/{SHORT}",
    f"https://framatube.org/w/p/{SHORT}?playlistPosition=2",
    f"https://framatube.org/videos/watch/playlist/{UUID4}",
    f"https://framatube.org/video-playlists/embed/{UUID4}",
    "https://framatube.org/c/wiego/videos",
    "https://framatube.org/c/wiego@tube.example/video-playlists",
    "https://framatube.org/a/wiego/video-channels",
    "https://framatube.org/video-channels/wiego/videos",
]

# Not a video host that we know, though some look alike.
UNKNOWN = [
    "",
    " <> ",
    "youtube",
    ID,
    f"youtube:{ID}",
    f"watch?v={ID}",
    f"/watch?v={ID}",
    f"https://youtube.com.evil.org/watch?v={ID}",
    f"https://notyoutube.com/watch?v={ID}",
    f"https://www-youtube.com/watch?v={ID}",
    f"https://evil.www.youtube.com/watch?v={ID}",
    f"https://youtu.be.example/{ID}",
    f"https://myoutu.be/{ID}",
    f"https://youtu.bee/{ID}",
    f"https://youtuxbe/{ID}",
    f"https://youtube.co/watch?v={ID}",
    f"https://youtube..com/watch?v={ID}",
    f"https://youtube.com../watch?v={ID}",
    f"https://.youtube.com/watch?v={ID}",
    f"https://www.youtube.com@evil.org/watch?v={ID}",
    f"https://evil.org@www.youtube.com/watch?v={ID}",
    f"https://www.youtube.com:pass@evil.org/watch?v={ID}",
    f"https://evil.org\\@www.youtube.com/watch?v={ID}",
    f"https://evil.org/www.youtube.com/watch?v={ID}",
    f"https://evil.org/?https://www.youtube.com/watch?v={ID}",
    f"https://evil.org#@www.youtube.com/watch?v={ID}",
    f"https://www.google.com/url?q=https://www.youtube.com/watch?v={ID}",
    f"https://www.yout\u0443be.com/watch?v={ID}",  # Cyrillic u
    f"https://www.y\u043eutube.com/watch?v={ID}",  # Cyrillic o
    f"https://\uff59outube.com/watch?v={ID}",  # full-width y
    f"https://www.youtube\u3002com/watch?v={ID}",  # ideographic full stop
    f"https://www.youtube.com\u2044watch?v={ID}",  # fraction slash
    f"http\u017f://www.youtube.com/watch?v={ID}",  # long s
    f"https://xn--youtue-4ya.com/watch?v={ID}",
    f"https://you\u200btube.com/watch?v={ID}",
    f"https://youtube.com\x00.evil.org/watch?v={ID}",
    f"https://you%74ube.com/watch?v={ID}",
    f"https://www.youtube.com:x/watch?v={ID}",
    f"https://[www.youtube.com/watch?v={ID}",
    f"https://[::1]/watch?v={ID}",
    f"https://[::1/w/{SHORT}",
    f"ftp://www.youtube.com/watch?v={ID}",
    f"javascript://www.youtube.com/watch?v={ID}",
    f"data:text/html,https://youtu.be/{ID}",
    "mailto:someone@youtube.com",
    "https://i.ytimg.com/generate_204",
    "https://i.ytimg.com",
    "https://i.vimeocdn.com/video/33951933_640.jpg",
    "https://notvimeo.com/33951933",
    "https://vimeo.com.evil.org/33951933",
    "https://vimeo.org/33951933",
    # An ordinary site is not taken for PeerTube.
    "https://en.wikipedia.org/w/index.php?title=Cooperative",
    "https://example.org/w/cooperative",
    "https://example.org/w/internationalisationXX",  # 22 letters, no version 4
    "https://example.org/w/zzzzzzzzzzzzzzzzzzzzzz",
    "https://example.org/w/SXcseuyzyFbfPkm7UvHUwr",  # more than 128 bits
    "https://example.org/w/kkGMgK0ZtnKfYAgnEtQxbv",  # a 0 is not in the alphabet
    "https://example.org/w/9c9de5e8-0a1e-184a-b099-e80766180a6d",  # version 1
    "https://example.org/w/9c9de5e8-0a1e-484a-7099-e80766180a6d",  # no variant of RFC 9562
    "https://example.org/videos/watch/123",
    "https://example.org/videos/watch/cooperatives-in-peru",
    f"https://example.org/blog/w/{SHORT}",
    f"https://example.org/watch/{UUID4}",
    f"https://example.org/{UUID4}",
    f"https://localhost/w/{SHORT}",
    f"https://192.168.0.1/w/{SHORT}",
    f"https://vidéo.example/w/{SHORT}",
    f"https://\u212aube.example/w/{SHORT}",  # Kelvin sign
    f"docs/w/{SHORT}",
    "https://example.org/w/p/cooperatives",
    "https://example.org/c/cooperatives",
    "https://example.org/a/cooperatives/about",
    "https://lemmy.ml/c/worldnews@lemmy.ml",
    "https://example.org/videos/",
]

# An address, the code of the finding, and what the hint must contain.
WRONG = [
    # ids
    ("https://www.youtube.com/watch", "id_missing", "copy its address"),
    ("https://www.youtube.com/watch?v=&t=35", "id_missing", "copy its address"),
    ("https://www.youtube.com/embed/", "id_missing", "copy its address"),
    ("https://i.ytimg.com/vi/", "id_missing", "copy its address"),
    (f"https://youtu.be/{ID[:-1]}", "id_length", "11 letters"),
    (f"https://youtu.be/{ID[:-1]}.", "id_alphabet", "11 letters"),
    (f"https://youtu.be/{ID}w", "id_length", f"`w` at the end: {WATCH}{ID}"),
    (f"https://youtu.be/{ID}_", "id_length", f"`_` at the end: {WATCH}{ID}"),
    (f"https://youtu.be/{ID})", "id_alphabet", f"`)` at the end: {WATCH}{ID}"),
    (f"https://www.youtube.com/watch?v={ID}.", "id_alphabet", f"`.` at the end: {WATCH}{ID}"),
    (f"https://www.youtube.com/watch?v={ID}).", "id_alphabet", "`).` at the end"),
    (f"https://www.youtube.com/embed/{ID},", "id_alphabet", "`,` at the end"),
    (f"https://youtu.be/{ID}\u201d", "id_alphabet", r"`\u201d` at the end"),
    (f"https://youtu.be/{ID}%20", "id_alphabet", "` ` at the end"),
    (f"https://youtu.be/{ID}\x07x", "id_alphabet", r"`\x07x` at the end"),
    (f"https://youtu.be/{ID}%3Ft%3D35", "id_alphabet", f"`?t=35` at the end: {WATCH}{ID}"),
    (f"https://www.youtube.com/watch?v={ID}%26t%3D35", "id_alphabet", "`&t=35` at the end"),
    ("https://youtu.be/gBKYf4q\\-1vw", "id_alphabet", "https://www.youtube.com/watch?v=gBKYf4q-1vw"),
    (f"https://youtu.be/\u200b{ID}", "id_alphabet", f"https://www.youtube.com/watch?v={ID}"),
    ("https://youtu.be/gBKYf4qt1v\u0430", "id_alphabet", "11 letters"),  # Cyrillic a
    ("https://youtu.be/gBKYf4qt1vx", "id_last", "https://www.youtube.com/watch?v=gBKYf4qt1vw"),
    ("https://youtu.be/gBKYf4qt1v_", "id_last", "https://www.youtube.com/watch?v=gBKYf4qt1v8"),
    ("https://i.ytimg.com/vi/VGC3mTTuE1F/0.jpg", "id_last", "VGC3mTTuE1E"),
    (f"https://www.youtube.com/watch?v={ID}&v={OTHER}", "id_twice", f"{ID} or https://www.youtube.com/watch?v={OTHER}"),
    ("https://vimeo.com/033951933", "id_length", "copy its address"),
    ("https://vimeo.com/339519330000", "id_length", "copy its address"),
    ("https://vimeo.com/33951933)", "id_alphabet", "`)` at the end: https://vimeo.com/33951933"),
    ("https://player.vimeo.com/video/33951933.", "id_alphabet", "`.` at the end"),
    ("https://vimeo.com/160743502/abd0e13fb4).", "id_alphabet", "https://vimeo.com/160743502/abd0e13fb4"),
    ("https://player.vimeo.com/video/160743502?h=abd0e13fb4,", "id_alphabet", "https://vimeo.com/160743502/abd0e13fb4"),
    (f"https://framatube.org/w/{SHORT})", "id_alphabet", f"`)` at the end: https://framatube.org/w/{SHORT}"),
    (f"https://framatube.org/videos/watch/{UUID4}.", "id_alphabet", "`.` at the end"),
    # starts
    (f"https://youtu.be/{ID}?t=61:40", "start", f"`t=3700`: https://www.youtube.com/watch?v={ID}&t=3700s"),
    (f"https://youtu.be/{ID}?t=1:02:03", "start", "`t=3723`"),
    (f"https://youtu.be/{ID}?t=35s)", "start", f"https://www.youtube.com/watch?v={ID}&t=35s"),
    (f"https://youtu.be/{ID}?t=35.", "start", f"https://www.youtube.com/watch?v={ID}&t=35s"),
    (f"https://youtu.be/{ID}?t=-5", "start", f"leave it out: https://www.youtube.com/watch?v={ID}"),
    (f"https://youtu.be/{ID}?t=soon", "start", "whole seconds"),
    (f"https://youtu.be/{ID}?t=2s1m", "start", "whole seconds"),
    (f"https://youtu.be/{ID}?t=35\u017f", "start", "`t=35`"),  # long s
    (f"https://youtu.be/{ID}?t=3\u0665", "start", "`t=3`"),  # an Arabic digit
    (f"https://youtu.be/{ID}?t={'9' * 5000}", "start", "whole seconds"),
    (f"https://youtu.be/{ID}?t=h", "start", "whole seconds"),
    (f"https://www.youtube.com/embed/{ID}?start=-5", "start", "`start=95`"),
    ("https://vimeo.com/33951933#t=1:35", "start", "https://vimeo.com/33951933#t=95s"),
    (f"https://framatube.org/w/{SHORT}?start=1:35", "start", f"https://framatube.org/w/{SHORT}?start=95s"),
    (f"https://www.youtube.com/embed/{ID}?t=35s", "start_unused", f"`start=35`, or use {WATCH}{ID}&t=35s"),
    (f"https://www.youtube.com/embed/{ID}#t=35", "start_unused", "`start=35`"),
    (f"https://www.youtube-nocookie.com/embed/{ID}?start=1m2s", "start_unused", "`start=62`"),
    (f"https://www.youtube.com/v/{ID}&t=35", "start_unused", "`start=35`"),
]

GOOD = [
    *((address, VideoLink("youtube", ID, start)) for address, start in YOUTUBE),
    *((address, VideoLink("vimeo", name, start)) for address, name, start in VIMEO),
    *((address, VideoLink("peertube", name, start)) for address, name, start in PEERTUBE),
]
ADDRESSES = [*(address for address, _ in GOOD), *(address for address, _, _ in WRONG), *NOT_ONE_VIDEO, *UNKNOWN]


def outcome(address: str) -> VideoLink | str | None:
    """The link, the code of the error, or `None`: any other exception is let through."""
    try:
        return parse_video_link(address)
    except VideoLinkError as error:
        assert str(error) and error.hint
        return error.code


@pytest.mark.parametrize(("address", "link"), GOOD)
def test_address_of_one_video(address: str, link: VideoLink) -> None:
    assert parse_video_link(address) == link
    assert parse_video_link(link.url) == link


@pytest.mark.parametrize("address", NOT_ONE_VIDEO)
def test_address_of_something_else(address: str) -> None:
    assert outcome(address) == "not_one_video"


@pytest.mark.parametrize("address", UNKNOWN)
def test_address_of_an_unknown_host(address: str) -> None:
    assert parse_video_link(address) is None


@pytest.mark.parametrize(("address", "code", "hint"), WRONG)
def test_wrong_address(address: str, code: str, hint: str) -> None:
    with pytest.raises(VideoLinkError) as caught:
        parse_video_link(address)
    assert caught.value.code == code
    assert hint in caught.value.hint
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(("address", "code", "hint"), WRONG)
def test_address_in_a_hint_is_right(address: str, code: str, hint: str) -> None:
    with pytest.raises(VideoLinkError) as caught:
        parse_video_link(address)
    for proposed in re.findall(r"https?://\S+", caught.value.hint):
        link = parse_video_link(proposed)
        assert link and link.url == proposed


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (VideoLink("youtube", ID, 95), f"https://www.youtube.com/watch?v={ID}&t=95s"),
        (VideoLink("youtube", ID), f"https://www.youtube.com/watch?v={ID}"),
        (VideoLink("vimeo", "33951933", 95), "https://vimeo.com/33951933#t=95s"),
        (VideoLink("vimeo", "160743502/abd0e13fb4"), "https://vimeo.com/160743502/abd0e13fb4"),
        (VideoLink("peertube", f"framatube.org/{SHORT}", 95), f"https://framatube.org/w/{SHORT}?start=95s"),
    ],
)
def test_canonical_address(link: VideoLink, url: str) -> None:
    assert link.url == url


def test_message_shows_what_cannot_be_seen() -> None:
    with pytest.raises(VideoLinkError, match=r"`\\u0430` is not allowed"):
        parse_video_link("https://youtu.be/gBKYf4qt1v\u0430")


# Any text, with lone surrogates too.
TEXT = st.text(st.characters(exclude_categories=()))
KNOWN_HOSTS = ["www.youtube.com", "youtu.be", "consent.youtube.com", "vimeo.com", "player.vimeo.com"]
# What an address is made of, so that chance finds what is nearly right.
PIECES = st.sampled_from(
    "/ ? & = # : ; % %3D %26 %2F &amp; @ [ ] . , ) \\ ! v t u q h w p c url list start embed watch vi shorts video "
    f"redirect oembed showcase continue 1h2m3s 61:40 -5 9 00 {ID} {SHORT} {UUID4} 33951933 abd0e13fb4 \u0430".split()
)
BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
YOUTUBE_IDS = st.binary(min_size=8, max_size=8).map(lambda octets: urlsafe_b64encode(octets).decode().rstrip("="))
NUMBERS = st.integers(1, 10**11 - 1).map(str)
HASHES = st.text("0123456789abcdef", min_size=10, max_size=10)
VIMEO_IDS = NUMBERS | st.builds("{}/{}".format, NUMBERS, HASHES)
STARTS = st.none() | st.integers(1, 999_999)
LINKS = st.one_of(
    st.builds(VideoLink, st.just("youtube"), YOUTUBE_IDS, STARTS),
    st.builds(VideoLink, st.just("vimeo"), VIMEO_IDS, STARTS),
)


@given(TEXT)
@example("https://[")
@example("https://youtu.be/\ud800")
@example("http://www.youtube.com/?" + "a&" * 200)
def test_any_text_is_read_or_refused(text: str) -> None:
    outcome(text)


@given(st.sampled_from(KNOWN_HOSTS), st.lists(PIECES | TEXT, max_size=12).map("".join))
def test_known_host_is_never_unknown(host: str, rest: str) -> None:
    found = outcome(f"https://{host}/{rest}")
    assert found is not None
    if isinstance(found, VideoLink):
        assert parse_video_link(found.url) == found


@given(st.sampled_from(["i.ytimg.com", "tube.example"]), st.lists(PIECES | TEXT, max_size=12).map("".join))
def test_any_path_of_another_host_is_read_or_refused(host: str, rest: str) -> None:
    found = outcome(f"https://{host}/{rest}")
    if isinstance(found, VideoLink):
        assert parse_video_link(found.url) == found


@given(st.sampled_from(ADDRESSES), st.data())
def test_changed_address_is_read_or_refused(address: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(address)), "from")
    end = data.draw(st.integers(cut, len(address)), "to")
    found = outcome(address[:cut] + data.draw(PIECES | TEXT, "put in") + address[end:])
    if isinstance(found, VideoLink):
        assert parse_video_link(found.url) == found


@given(LINKS)
def test_canonical_address_is_read_back(link: VideoLink) -> None:
    assert parse_video_link(link.url) == link


@given(st.uuids(version=4))
def test_both_spellings_of_a_peertube_id_are_one_video(uuid: object) -> None:
    link = parse_video_link(f"https://tube.example/videos/watch/{uuid}")
    assert link
    assert parse_video_link(link.url) == link
    assert len(link.id) == len("tube.example/") + 22


@given(YOUTUBE_IDS, st.integers(0, 9), st.integers(0, 59), st.integers(0, 59))
def test_every_spelling_of_a_start_is_the_same(name: str, hours: int, minutes: int, seconds: int) -> None:
    start = hours * 3600 + minutes * 60 + seconds
    link = VideoLink("youtube", name, start or None)
    for written in (str(start), f"{start}s", f"{hours}h{minutes}m{seconds}s", f"{start}.5"):
        carried = "/attribution_link?u=" + quote(f"/watch?v={name}&t={written}")
        for page in (f"/watch?v={name}&amp;t={written}", f"/live/{name}?t={written}", carried):
            assert parse_video_link(f"youtube.com{page}") == link


@given(YOUTUBE_IDS, st.sampled_from(BASE64))
def test_last_character_is_mended(name: str, last: str) -> None:
    wrong = name[:-1] + last
    found = outcome(f"https://youtu.be/{wrong}")
    if last in "AEIMQUYcgkosw048":
        assert found == VideoLink("youtube", wrong)
        return
    assert found == "id_last"
    with pytest.raises(VideoLinkError) as caught:
        parse_video_link(f"https://youtu.be/{wrong}")
    mended = caught.value.hint.rpartition("=")[2]
    # The same 64 bits: only the two that stand behind them are now 0.
    assert mended[:-1] == wrong[:-1]
    assert BASE64.index(mended[-1]) == BASE64.index(last) & ~3


@given(
    st.sampled_from(["youtube.com", "www.youtube.com", "youtu.be", "vimeo.com"]),
    st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12),
    st.characters(min_codepoint=128),
    st.integers(0, 7),
)
def test_look_alike_host_is_refused(host: str, label: str, letter: str, place: int) -> None:
    fakes = [f"{host}.{label}.org", f"{host}{label}", f"{label}{host}", f"{host}@{label}.org", f"{label}@{host}"]
    fakes += [f"{label}.org/{host}", f"{label}.org#{host}", host[:place] + letter + host[place + 1 :]]
    for fake in fakes:
        for rest in (f"watch?v={ID}", ID, "33951933"):
            assert parse_video_link(f"https://{fake}/{rest}") is None


@pytest.mark.parametrize(
    "address",
    [
        f"https://youtu.be/{ID}" * 5000,
        "https://youtu.be/" + "a" * 100_000,
        "https://youtu.be/" + "/" * 100_000,
        f"https://youtu.be/{ID}" + ")" * 100_000,
        f"https://youtu.be/{ID}?t=" + "1" * 100_000,
        f"https://youtu.be/{ID}?t=1" + "." * 100_000,
        f"https://www.youtube.com/watch?v={ID}" + f"&v={ID}" * 7000,
        "https://www.youtube.com/watch?" + "&" * 100_000,
        "https://www.youtube.com/redirect?q=" * 3000,
        "https://www.youtube.com/" + "redirect?q=%2F" * 7000,
        "https://vimeo.com/" + "1" * 100_000,
        "https://vimeo.com/" + "1/" * 50_000,
        "https://vimeo.com/1/" + "a" * 100_000 + "!",
        "https://vimeo.com/1" + ")" * 100_000 + "/",
        "a." * 50_000 + f"/w/{SHORT}",
        "a" * 100_000 + f"/w/{SHORT}",
        f"https://tube.example/w/{SHORT};" + "a" * 100_000,
        "tube.example/c/" + "a" * 100_000,
        "&" * 100_000,
        "&amp;" * 20_000,
        " " * 100_000 + "x" + " " * 100_000,
        "https:" + "/" * 100_000,
        "https://" + "." * 100_000,
        "https://" + "[" * 100_000,
        "#" * 100_000,
        "https://youtu.be/#" + "!/" * 50_000,
    ],
    ids=lambda address: address[:40],
)
def test_very_long_address_takes_no_longer_by_the_letter(address: str) -> None:
    """A pattern that goes over the text again for each letter takes minutes here: the bound only has to notice that."""
    began = time.process_time()
    outcome(address)
    assert time.process_time() - began < 5
