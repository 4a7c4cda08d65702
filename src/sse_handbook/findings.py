"""Collect what the rooms that are still to be rebuilt found, and tell it once."""

from __future__ import annotations

from collections.abc import Iterator

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from .domain import SSEDomain
from .references import crossrefs, unused
from .videos import cards, checks
from .warnings import Finding, warn


def report(app: Sphinx, env: BuildEnvironment) -> None:
    warn(sorted(set(find_all(env))))


def find_all(env: BuildEnvironment) -> Iterator[Finding]:
    """What is wrong with the book as it now stands, whatever was read in this build."""
    domain = SSEDomain.of(env)
    yield from domain.register.findings
    for found in domain.findings.values():
        yield from found
    yield from crossrefs.find_missing(env)
    yield from cards.find_bad_addresses(env)
    yield from checks.find_stale(env)
    yield from unused.find_unused(env)


def setup(app: Sphinx) -> None:
    """Tell what was found, when all pages have been read."""
    app.connect("env-updated", report)
