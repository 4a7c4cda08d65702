"""Say what Sphinx's linkcheck found: print each place of a dead link as a compiler does, and write `report.md`.

The exit code is 0 if all is well, 1 if a link is dead, and 2 if no site answered: then nothing is known.
"""

import html
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

KINDS = {
    "Dead": "The site says that it has no such page. Put the new address, or that of an archived copy, at each place.",
    "No answer": "The site did not answer, or not to a program. Open it, if it is named here for weeks.",
    "Moved": "It still works. Write the new address when you have the time.",
}


def find_places(uri: str, texts: dict[Path, str]) -> list[str]:
    """Each file and line on which an address is written, and not only as a part of a longer one."""
    spellings = "|".join(map(re.escape, {uri, unquote(uri), html.escape(uri), uri.removeprefix("https://doi.org/")}))
    written = re.compile(rf"(?<![\w./=-])(?:{spellings})(?![\w/%?&=#~+-]|[.,;:]\w)")
    found = [(path, match) for path, text in texts.items() for match in written.finditer(text)]
    return [f"{path.as_posix()}:{match.string.count(chr(10), 0, match.start()) + 1}" for path, match in found]


def main(output: Path) -> int:
    files = sorted(path for path in Path("docs").rglob("*") if path.suffix in (".md", ".yaml", ".bib"))
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in files}
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    asked = answered = 0
    for answer in map(json.loads, output.read_text(encoding="utf-8").splitlines()):
        uri, status, info = answer["uri"], answer["status"], answer["info"].replace("`", "")[:100]
        asked += status not in ("unchecked", "ignored")
        answered += status in ("working", "redirected")
        kind = "Moved" if status == "redirected" and answer["code"] in (301, 308) else ""
        if status in ("broken", "timeout"):  # only the site itself can say that its page is gone
            kind = "Dead" if re.match("(404|410) Client Error", info) else "No answer"
        if kind:
            places = find_places(uri, texts) or [f"docs/{answer['filename']}:{answer['lineno']}"]
            found[kind].append(f"- <{uri}>: `{info}`\n" + "".join(f"  - `{place}`\n" for place in places))
            print(*(f"{place}: WARNING: {uri} is dead: {info}\n" for place in places if kind == "Dead"), sep="", end="")
    parts = [f"## {kind} ({len(items)})\n\n{KINDS[kind]}\n\n{''.join(items)}" for kind, items in found.items() if items]
    output.with_name("report.md").write_text("\n".join(parts), encoding="utf-8")
    print(f"Links asked: {asked}.", ", ".join(f"{kind}: {len(items)}" for kind, items in found.items()))
    if asked and not answered and not found["Dead"]:
        print("No site answered: is there a network?")
        return 2
    return int(bool(found["Dead"]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
