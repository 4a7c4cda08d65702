"""Search in the theme `sse_lean`: words of any script are found whole, and the index of them is small.

`_static/sse-search.js` reads that index, and finds other endings of a word by itself.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from sphinx.search.en import SearchEnglish

# Python's `\w` knows no marks: it would cut each Devanagari word at its vowel signs.
MARKS = "".join(sign for sign in map(chr, range(0x300, 0xFFFF)) if unicodedata.category(sign)[0] == "M")
WORD = re.compile(f"[\\w{MARKS}]+")
LETTERS = 25  # a page's number is written as letters: `z` for each 25, then one of `a` to `y`


class AnyLanguage(SearchEnglish):
    """`html_search_language = "any"`: no word is cut at its vowel signs, and none is cut short."""

    lang = "any"
    language_name = "any"
    js_stemmer_rawcode = ""

    def split(self, input: str) -> list[str]:
        return WORD.findall(unicodedata.normalize("NFC", input))

    def stem(self, word: str) -> str:
        return word.lower()


def compact(text: str) -> str:
    """Sphinx's index (`searchindex.js`) as a script that is a third smaller, and the same after every kind of build.

    `once` has the words of each
    page that no other page has; `often` has a word and its pages in turn, each page by its distance from the last.
    """
    index = json.loads(text[text.index("{") : text.rindex("}") + 1])
    pages: dict[str, set[int]] = {}
    for terms in (index["terms"], index["titleterms"]):  # a word of a heading stands in the second alone
        for word, found in terms.items():
            pages.setdefault(word, set()).update(found if isinstance(found, list) else [found])
    once: list[list[str]] = [[] for _ in index["docnames"]]
    often: list[str] = []
    for word, found in sorted(pages.items()):
        if len(found) == 1:
            once[min(found)].append(word)
        elif found:
            often += [word, _letters(found)]
    names = {**index["alltitles"], **index["indexentries"]}
    places: list[list[Any]] = [
        [name, page, anchor] for name, targets in sorted(names.items()) for page, anchor, *_ in targets if anchor
    ]
    data = {
        "pages": index["docnames"],
        "titles": index["titles"],
        "places": places,
        "once": [" ".join(words) for words in once],
        "often": " ".join(often),
    }
    return f"Search.setIndex({json.dumps(data, ensure_ascii=False, separators=(',', ':'))})"


def _letters(pages: Iterable[int]) -> str:
    said, last = "", -1
    for page in sorted(pages):
        more, rest = divmod(page - last - 1, LETTERS)
        said += "z" * more + chr(ord("a") + rest)
        last = page
    return said
