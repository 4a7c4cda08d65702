"""Videos and laws that no page shows, until the two rooms are rebuilt."""

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
    for key in domain.laws.laws.keys() - domain.law_places.keys() if domain.law_places else ():
        law = domain.laws.laws[key]
        message = f"No page has the entry of `{key}`. Let a list of laws with `:show: entries` take it in."
        yield Finding.at(Check.LAW_UNUSED, message, law.path, law.line)
