"""What the online checks found of each video, as pages and builds without a network say it."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import date, datetime, time

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.i18n import format_date

from ..domain import SSEDomain
from ..liveness import Remembered, Verdict
from ..warnings import Check, Finding

# What a card says where the last online check did not find the film as it should be.
NOT_WELL = {
    Verdict.DEAD: "not found on {}",
    Verdict.SUSPECT: "perhaps gone: not found on {}",
    Verdict.RESTRICTED: "not open to everyone on {}",
}


def last_check(env: BuildEnvironment, key: str) -> str:
    """What the online checks found of a video, in the words of its card."""
    found = SSEDomain.of(env).register.checks.get(key, Remembered())

    def day(each: date) -> str:
        return format_date("%-d %B %Y", date=datetime.combine(each, time()), language=env.config.language)

    said = [NOT_WELL[found.verdict].format(day(found.checked))] if found.verdict in NOT_WELL and found.checked else []
    said += [f"last seen working on {day(found.seen)}"] if found.seen else []
    return ", ".join(said) or "never checked"


def pages_with_new_checks(
    app: Sphinx, env: BuildEnvironment, added: Set[str], changed: Set[str], removed: Set[str]
) -> list[str]:
    """`env-get-outdated`: the pages that show what an online check has found of a video since they were read."""
    domain = SSEDomain.of(env)
    before, now = domain.data.get("checks", {}), {key: last_check(env, key) for key in domain.register.videos}
    domain.data["checks"] = now
    news = {key for key, said in now.items() if before.get(key, said) != said}
    shown = {docname for key, (docname, _) in domain.listed.items() if key in news}
    return sorted(shown.union(*(docnames for key, docnames in domain.users().items() if key in news)))


def find_stale(env: BuildEnvironment) -> Iterator[Finding]:
    """One note on the videos that nobody has seen working for too long."""
    register = SSEDomain.of(env).register
    old = [video.key for video in register.videos.values() if register.age(video.key) > env.config.sse_video_max_age]
    if old:
        message = (
            f"Not seen working for {env.config.sse_video_max_age} days, or never checked: {', '.join(old)}. "
            "Ask their hosts: `python3 noxfile.py -s videos`, or `sphinx-build -b videocheck` elsewhere."
        )
        yield Finding.at(Check.VIDEO_STALE, message, register.path)


def setup(app: Sphinx) -> None:
    """What the last online check found, on the cards."""
    app.add_config_value("sse_video_max_age", 180, "", int)
    app.connect("env-get-outdated", pages_with_new_checks)
