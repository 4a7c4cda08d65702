"""Videos that no page shows, until their room is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator

from sphinx.environment import BuildEnvironment

from ..domain import SSEDomain
from ..warnings import Check, Finding


def find_unused(env: BuildEnvironment) -> Iterator[Finding]:
    domain = SSEDomain.of(env)
    users = domain.users()
    for key, video in domain.register.videos.items():
        if key not in users:
            message = f"No page uses the video `{key}`. Show it on a page, or delete the entry."
            yield Finding.at(Check.VIDEO_UNUSED, message, domain.register.path, video.line)
