"""Ask addresses with the workers of Sphinx's linkcheck, and say what each answer means.

What a worker lacks stands here: an end to every wait, doubt about a host that shows us nothing at all, and a look
whether there is a network before anything is judged.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty
from threading import Thread
from typing import Any, cast
from urllib.parse import urlsplit

from sphinx.builders.linkcheck import (
    CHECK_IMMEDIATELY,
    CheckRequest,
    CheckResult,
    Hyperlink,
    HyperlinkAvailabilityChecker,
    HyperlinkAvailabilityCheckWorker,
    RateLimit,
    _Status,
)
from sphinx.config import Config
from sphinx.util import requests

from sse_handbook.liveness import WORKING, Verdict
from sse_handbook.registers.status_file import Exit

# No host has this name (RFC 2606, section 2). Who answers in its place answers in the place of others too.
NOWHERE = "http://sse-handbook.invalid/"
DEADLINE = 10  # seconds in which one of the hosts must answer, or there is no network
REFUSALS = 3  # how often a host may tell us to come back later
STATUS = re.compile(r"([45][0-9]{2}) (?:Client|Server) Error")  # how `requests` begins its message
_NO_PATH = cast("Any", Path())  # Sphinx looks at a page's path only for links to files


@dataclass(frozen=True)
class Found:
    """What one run says of an address. `leads_to` is where a redirect ends; `grows` is that of `liveness.remember`."""

    verdict: Verdict
    reason: str
    evidence: str = ""
    leads_to: str = ""
    grows: bool = True


class Worker(HyperlinkAvailabilityCheckWorker):
    """As Sphinx's, which waits as long and as often as a host says: here that host is then left alone for this run."""

    refusals: Counter[str]

    def limit_rate(self, response_url: str, retry_after: str | None) -> float | None:
        host = urlsplit(response_url).netloc
        again = super().limit_rate(response_url, retry_after)
        self.refusals[host] += 1
        if again is None or again - time.time() > self.rate_limit_timeout:
            self.rate_limits[host] = RateLimit(0, 0)
            self.refusals[host] = REFUSALS + 1
            return None
        return again

    def _check(self, docname: str, uri: str, hyperlink: Hyperlink) -> Any:
        if self.refusals[urlsplit(uri).netloc] > REFUSALS:
            return _Status.BROKEN, "429 Client Error: the host had enough of us, and was not asked", 0
        return super()._check(docname, uri, hyperlink)


class Checker(HyperlinkAvailabilityChecker):
    """As Sphinx's, with our workers, and with an end: a host may send its answer a byte now and then, for ever."""

    def invoke_threads(self) -> None:
        refusals: Counter[str] = Counter()
        for _ in range(self.num_workers):
            worker = Worker(self.config, self.rqueue, self.wqueue, self.rate_limits)
            worker.refusals = refusals
            worker.start()

    def check(self, hyperlinks: dict[str, Hyperlink]) -> Iterator[CheckResult]:
        """The result for each link. Where none comes for a long time, those that wait for one are given up."""
        self.invoke_threads()
        for link in hyperlinks.values():
            self.wqueue.put(CheckRequest(CHECK_IMMEDIATELY, link))
        waiting = dict(hyperlinks)
        patience = 5 * self.config.linkcheck_timeout + self.config.linkcheck_rate_limit_timeout
        while waiting:
            try:
                result = self.rqueue.get(timeout=patience)
            except Empty:
                for link in waiting.values():
                    yield CheckResult(link.uri, link.docname, 0, _Status.TIMEOUT, "no end to its answer", 0)
                return
            del waiting[result.uri]
            yield result
        for _ in range(self.num_workers):
            self.wqueue.put(CheckRequest(CHECK_IMMEDIATELY, None))


def judge(result: CheckResult) -> Found:
    """What one answer means. Only a host that says itself that the page is not there makes a link seem dead."""
    evidence = re.sub(r"<[^<>]* object at 0x[0-9a-f]+>", "connection", result.message)[:300]
    if result.status == "working":
        return Found(Verdict.ALIVE, "It answers.")
    if result.status == "redirected":
        if result.code not in (301, 308):
            return Found(Verdict.ALIVE, "It answers, for now from another address.", leads_to=result.message)
        old, new = urlsplit(result.uri), urlsplit(result.message)
        lost = not new.path.strip("/") and old.path.strip("/")
        advice = " That is a front page: the page itself may be gone." if lost else ""
        return Found(Verdict.MOVED, f"It has moved for good.{advice}", leads_to=result.message)
    answered = STATUS.match(result.message)
    code = int(answered[1]) if answered else {"unauthorized": 401, "service unavailable": 503}.get(result.message, 0)
    if code == 404:
        return Found(Verdict.DEAD, "The site says that it has no such page (404).", evidence)
    if code == 410:
        return Found(Verdict.DEAD, "The site says that the page is gone for good (410).", evidence)
    if code == 429:
        reason = "The site asks us to come back later (429)."
    elif code >= 500:
        reason = f"The site is out of order ({code})."
    elif code:
        reason = f"The site does not let a program in ({code})."
    elif result.status == "timeout":
        reason = "The site did not answer in time."
    else:
        reason = "No connection to the site, or it broke off."
    return Found(Verdict.UNKNOWN, reason, evidence)


def ask(
    addresses: Mapping[str, str], config: Config, pause: float, answering: Collection[str]
) -> Iterator[tuple[str, Found]]:
    """What each address is found to be. `addresses` gives each its first page, `answering` the hosts known to answer.

    What seems dead is asked again at the end, after `pause` seconds.
    """
    links = {address: Hyperlink(address, page, _NO_PATH, 0) for address, page in addresses.items()}
    hosts, again = set(answering), dict[str, Hyperlink]()
    for number, result in enumerate(Checker(config).check(links), 1):
        found = judge(result)
        if found.verdict is Verdict.DEAD:
            again[result.uri] = links[result.uri]
        else:
            yield result.uri, found
        if found.verdict in WORKING:
            hosts.add(host(result.uri))
        print(f"[{number}/{len(links)}] {found.verdict:7} {result.uri}", flush=True)
    if not again:
        return
    print(f"To be sure: what seems dead is asked again in {pause:g} seconds ...", flush=True)
    time.sleep(pause)
    fronts = {host(address): Hyperlink(host(address), "", _NO_PATH, 0) for address in again}
    second = {each.uri: judge(each) for each in Checker(config).check({**fronts, **again})}
    for address in again:
        found = second[address]
        if (
            found.verdict is Verdict.DEAD
            and host(address) not in hosts
            and second[host(address)].verdict not in WORKING
        ):
            # Some hosts say "no such page" to every program, whatever it asks for.
            reason = f"{found.reason} It shows our program no other page either."
            found = replace(found, verdict=Verdict.SUSPECT, reason=reason, grows=False)
        yield address, found


def host(address: str) -> str:
    """The front page of the host that an address is on."""
    return "{0.scheme}://{0.netloc}/".format(urlsplit(address))


def network(addresses: Collection[str]) -> Exit:
    """Whether anything can be judged from here: the three hosts that the book names most are tried, and no host at all.

    `FINE`, or `NO_NETWORK` where none of the three says anything, or `CANNOT_JUDGE` where somebody on the way (a hotel,
    an office) answers in the place of a host that cannot exist.
    """
    hosts = Counter(map(host, addresses))
    answered: dict[str, int] = {}

    def try_host(address: str) -> None:
        try:
            answered[address] = requests.head(address, timeout=DEADLINE, allow_redirects=False).status_code
        except (OSError, ValueError):
            return

    tries = [Thread(target=try_host, args=(each,), daemon=True) for each, _ in [*hosts.most_common(3), (NOWHERE, 0)]]
    for each in tries:
        each.start()
    end = time.monotonic() + DEADLINE
    for each in tries:
        each.join(max(0, end - time.monotonic()))
    # A proxy says with 403 or 502 that it found no such host.
    lie = answered.pop(NOWHERE, 502)
    if lie < 400 or lie in (404, 410):
        return Exit.CANNOT_JUDGE
    return Exit.FINE if answered else Exit.NO_NETWORK
