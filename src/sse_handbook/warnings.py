"""Findings, as the rooms that are still to be rebuilt collect them; what is new calls `warnings_.warn`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sphinx.util import logging

from .warnings_ import Check, did_you_mean
from .warnings_ import find_line as exact_line

__all__ = ["Check", "Finding", "did_you_mean", "exact_line", "warn"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Finding:
    """One thing found: what, where, and what to do. `line` counts from 1."""

    path: str
    line: int
    check: str
    message: str

    @classmethod
    def at(cls, check: Check, message: str, path: str | Path, line: int | None = None) -> Finding:
        """A finding; without a line, the whole file is meant."""
        # A message is one line of bounded length that no terminal takes for a command.
        message = "".join(sign if sign.isprintable() else "\ufffd" for sign in message[:900])
        return cls(str(path), line or 1, check.value, message)


def warn(findings: Iterable[Finding]) -> None:
    """Log each finding as a Sphinx warning of type `sse`: `suppress_warnings` and `-W` treat it as any other.

    What only grows old is a note: it is said, and fails nothing.
    """
    for finding in findings:
        place = f"{finding.path}:{finding.line}"
        if finding.check == Check.VIDEO_STALE.value:
            logger.info("%s: NOTE: %s [sse.%s]", place, finding.message, finding.check)
        else:
            logger.warning(finding.message, type="sse", subtype=finding.check, location=place)
