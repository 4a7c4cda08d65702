"""`python -m sse_handbook --probe ID ...`: what the hosts say of some films, and what the tables make of it.

Nothing is judged, remembered or written: it is for looking at the world, and at the table.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from sphinx.config import Config
from sphinx.util.tags import Tags

from .video_links import VideoLink, VideoLinkError, parse_video_link
from .videocheck.builder import client

SETTINGS = ("sse_videocheck_hosts", "sse_videocheck_canaries", "sse_videocheck_pace")


def film(text: str) -> VideoLink:
    """The film that an address or an id stands for. An id may be impossible: what is said of it is of interest too."""
    if re.fullmatch(r"[\w-]+", text):
        return VideoLink("vimeo" if text.isdecimal() else "youtube", text)
    try:
        link = parse_video_link(text)
    except VideoLinkError as error:
        raise argparse.ArgumentTypeError(f"{error} {error.hint}") from None
    if link is None:
        raise argparse.ArgumentTypeError(f"{text}: no address of one video on a host we know.")
    return link


def main(arguments: list[str] | None = None) -> None:
    """Ask for each film, one after the other, and print a table of what was answered."""
    parser = argparse.ArgumentParser(prog="python -m sse_handbook", description=__doc__.partition("\n")[0])
    parser.add_argument("--probe", type=film, nargs="+", required=True, metavar="ID", help="an id, or an address")
    parser.add_argument("--conf", type=Path, metavar="DIR", help="where the conf.py is that sets the hosts")
    options = parser.parse_args(arguments)
    config = Config.read(options.conf, overrides={}, tags=Tags()) if options.conf else Config()
    for name in SETTINGS:
        config.add(name, {}, "", dict)
    asker = client(config)
    print("| film | oEmbed | thumbnail | verdict | reason |")
    print("|---|---|---|---|---|")
    for link in options.probe:
        found = asker.probe(link)
        thumbnail = found.thumbnail.sign if found.thumbnail else "not asked"
        print(f"| {link.id} | {found.oembed.sign} | {thumbnail} | {' | '.join(found.judgement[:2])} |", flush=True)


if __name__ == "__main__":
    main()
