"""Say what Sphinx's linkcheck found: `python tools/link_report.py build/linkcheck/output.json`.

Prints each place of a dead link as a compiler does, and writes `report.md` beside the file. The exit code is 0 if all
is well, 1 if a link is dead, and 2 if no site answered: then nothing is known.
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


def sort_answer(status: str, code: int, info: str) -> str:
    """The kind that an answer belongs to. Only the site itself can say that its page is gone."""
    if status in ("broken", "timeout"):
        return "Dead" if re.match("(404|410) Client Error", info) else "No answer"
    return "Moved" if status == "redirected" and code in (301, 308) else ""


def find_places(uri: str, texts: dict[Path, str]) -> list[str]:
    """Each file and line on which an address is written, and not only as a part of a longer one."""
    spellings = "|".join(map(re.escape, {uri, unquote(uri), html.escape(uri), uri.removeprefix("https://doi.org/")}))
    written = re.compile(rf"(?<![\w./=-])(?:{spellings})(?![\w/%?&=#~+-]|[.,;:]\w)")
    found = [(path, match) for path, text in texts.items() for match in written.finditer(text)]
    return [f"{path.as_posix()}:{match.string.count(chr(10), 0, match.start()) + 1}" for path, match in found]


def main(output: Path, docs: Path = Path("docs")) -> int:
    """Read, print and write; the exit code."""
    lines = map(json.loads, output.read_text(encoding="utf-8").splitlines())
    answers = [answer for answer in lines if answer["status"] not in ("unchecked", "ignored")]
    files = sorted(path for path in docs.rglob("*") if path.suffix in (".md", ".yaml", ".bib"))
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in files}
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for answer in answers:
        if kind := sort_answer(answer["status"], answer["code"], answer["info"]):
            info = answer["info"].replace("`", "")[:100]
            # Linkcheck itself names one page that shows the address.
            places = find_places(answer["uri"], texts) or [f"docs/{answer['filename']}:{answer['lineno']}"]
            found[kind].append(f"- <{answer['uri']}>: `{info}`\n" + "".join(f"  - `{place}`\n" for place in places))
            for place in places if kind == "Dead" else ():
                print(f"{place}: WARNING: {answer['uri']} is dead: {info}")
    parts = [f"## {kind} ({len(items)})\n\n{KINDS[kind]}\n\n{''.join(items)}" for kind, items in found.items() if items]
    output.with_name("report.md").write_text("\n".join(parts), encoding="utf-8")
    answered = any(answer["status"] in ("working", "redirected") for answer in answers)
    print(f"Links asked: {len(answers)}. " + ", ".join(f"{kind}: {len(items)}" for kind, items in found.items()) + ".")
    if not answered and answers:
        print("No site answered: is there a network?")
    return 1 if found["Dead"] else 0 if answered or not answers else 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
