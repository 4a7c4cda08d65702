"""The registers, fuzzed: whatever a file holds, findings come out, each on a line that the file has, and soon."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from conftest import build
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree, html

from sse_handbook.findings import unsilenced
from sse_handbook.registers.data_files import Entry, read_entries
from sse_handbook.registers.videos import VideoRegister, read_videos
from sse_handbook.warnings import Check, Finding

SCHEMAS = ["videos", "silenced", "redirects"]
LONGEST = 1000  # characters of a message; a screenful
FUZZ = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])

ONE = {
    "one": {
        "link": "https://www.youtube.com/watch?v=gBKYf4qt1vw&t=19s",
        "about": "One",
        "from": "A webinar, 11 August 2021",
        "labels": ["Video 1"],
        "language": "en",
        "slides": [1, 2],
        "same_as": {"key": "zero", "because": "It starts later"},
    }
}
NEIGHBOUR = {"zero": {"link": "https://youtu.be/gBKYf4qt1vw", "about": "Zero", "from": "A webinar"}}
FIELDS = [*ONE["one"], "key", "because", "unheard-of"]

# Values as they would stand in the file.
HOSTILE = [
    "", "~", "[]", "{}", "[[]]", "{a: {b: [1]}}", "1", "-1", "1.0", "1e400", ".inf", ".nan", "0x10", "0o7", "1:30",
    "true", "2020-01-01", "2020-13-45", "2020-01-01T00:00:00Z", "=", "<<", "!", "!!", "!!null x", "!!str", "!!str 5",
    "!!int x", '!!int ""', '!!float ""', "!!float x", "!!bool x", "!!timestamp x", "!!timestamp 2020-13-45",
    "!!binary x", "!!binary aGk=", "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1]", "!!map x", "!!map [a]",
    "!!seq x", "!!python/object/apply:os.system [ls]", "!own x", "!<tag:example.org,2020:x> y", "&a x", "*a",
    "&a [*a]", "{<<: {a: 1}}", "{? [a]: b}", "{[a]: b}", "{{a: b}: c}", "{1: a, 1: b}", "{~: a}", "{a: 1, a: 2}",
    "[1, a, {b: 1}, [c], ~]", "[1, 1]", "[a, a]", "[1, 1.0, true]", "[.nan, .nan]", "|", "|\n    a\n    b\n",
    ">\n    a\n\n    b\n", '"\\0"', '"\\x1b[31m"', '"\\ud800"', '"\\u202E\\u2066"', '"a\\nb\\rc\\td"', '"\\u2028"',
    '"\\N\\_\\P"', "\"", "'", "'a", "- a", "a: b", "%", "@", "`", "---", "...", "? a", ", a", "]", "}", "\t", "#",
    "# a", "a # b", "\u202eab", "\u200b", "\ufeff", "\x85", "\u2028", "é\u0301", "👩‍🏭", "\U0010ffff",
    "<script>alert(1)</script>", "https://youtu.be/gBKYf4qt1v", "https://youtu.be/\u202egBKYf4qt1vw", "https://[", "//",
    "javascript:alert(1)", "https://www.youtube.com/watch?v=gBKYf4qt1vw&t=99999999999999999999s", "https://youtu.be/gBKYf4qt1vw\\n",
    "https://vimeo.com/0", "https://vimeo.com/" + "9" * 1900, "https://user:secret@youtu.be/gBKYf4qt1vw",
    "0x" + "f" * 5000, "9" * 5000, "a" * 5000, "[" * 50 + "]" * 50, "[" * 5000, "{a: " * 400 + "}" * 400,
]  # fmt: skip

hostile = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=60),
    st.text("[]{}:,-?!&*#|>'\"%@` \n\tab1", max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=20) | st.binary(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9) | st.integers(), inner),
        max_leaves=12,
    ).map(lambda value: yaml.safe_dump(value, default_flow_style=True, allow_unicode=True).removesuffix("\n...\n")),
)
lines_like_yaml = st.lists(
    st.tuples(
        st.sampled_from(["", " ", "  ", "    ", "- ", "  - ", "? ", "\t"]),
        st.sampled_from(
            [*FIELDS, "one", "zero", "check", "file", "until", "to", "1", "''", "? x", "<<", "[a]", "&a k"]
        ),
        st.sampled_from([":", ": ", " :", "", "="]),
        hostile,
    ).map("".join),
    max_size=8,
).map("\n".join)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


@contextmanager
def file_of(content: str | bytes, name: str) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        yield path


def assert_sound(findings: list[Finding], path: Path) -> None:
    """Each is in the file, on a line that it has, and one line of print long, without a sign that a terminal obeys."""
    text = path.read_bytes().decode("utf-8", "replace")
    lines = len(re.split("\r\n|[\n\r\x85\u2028\u2029]", text))  # what YAML takes for the end of a line
    for finding in findings:
        assert isinstance(finding, Finding)
        assert finding.path == str(path)
        assert 1 <= finding.line <= lines, finding
        assert finding.check in {check.value for check in Check}
        assert 0 < len(finding.message) <= LONGEST, finding.message[:200]
        assert not [sign for sign in finding.message if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")], finding


def read(content: str | bytes) -> VideoRegister:
    with file_of(content, "videos.yaml") as path:
        register = read_videos(path)
        assert_sound(register.findings, path)
        for key, video in register.videos.items():
            assert key == video.key
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key)
            assert video.link.url.startswith("https://")
            assert all(isinstance(text, str) for text in (video.about, video.source, *video.labels))
            assert all(type(number) is int for number in video.slides)
        return register


def silence(content: str | bytes) -> list[Finding]:
    with file_of(content, "silenced.yaml") as path:
        finding = Finding.at(Check.XREF_MISSING, "A finding.", path.parent / "page.md", 1)
        found = list(unsilenced([finding], path.parent, ""))
        assert_sound([each for each in found if each != finding], path)
        return found


def entries(content: str | bytes, schema: str) -> list[Entry | Finding]:
    with file_of(content, f"{schema}.yaml") as path:
        found = list(read_entries(path, schema))
        assert_sound([each for each in found if not isinstance(each, Entry)], path)
        return found


@pytest.mark.parametrize("schema", SCHEMAS)
@given(content=st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
@example(content=b"").via("nothing")
@example(content=b"\xef\xbb\xbfone: 1\n").via("a byte order mark")
@example(content="one: 1\n".encode("utf-16")).via("another encoding")
@FUZZ
def test_any_bytes(schema: str, content: bytes) -> None:
    entries(content, schema)


@pytest.mark.parametrize("schema", SCHEMAS)
@given(content=lines_like_yaml)
@FUZZ
def test_anything_that_looks_like_yaml(schema: str, content: str) -> None:
    entries(content, schema)


def with_field(name: str, value: str) -> str:
    """The register with one field of its second entry written differently."""
    whole = yaml.safe_dump(NEIGHBOUR | ONE, sort_keys=False)
    if name in ("key", "because"):
        return re.sub(rf"(?m)^    {name}: .*$", lambda _: f"    {name}: {value}", whole)
    changed = {**ONE["one"], name: "HERE"}
    return yaml.safe_dump(NEIGHBOUR | {"one": changed}, sort_keys=False).replace("HERE", value)


def refused(
    reader: Callable[[str], object], write: Callable[[str], str], values: list[str] = HOSTILE
) -> dict[str, str]:
    """The values with which a reader could not take a file, and why: one run names them all."""
    faults = {}
    for value in values:
        try:
            reader(write(value))
        except Exception as error:
            faults[ascii(value[:40])] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return faults


@pytest.mark.parametrize("field", FIELDS)
def test_each_hostile_value_in_each_field(field: str) -> None:
    assert refused(read, lambda value: with_field(field, value)) == {}


@given(field=st.sampled_from(FIELDS), value=hostile)
@FUZZ
def test_one_field_of_a_valid_register_changed(field: str, value: str) -> None:
    register = read(with_field(field, value))
    assert "zero" in register.videos or register.findings


@pytest.mark.parametrize("shape", ["KEY:\nFIELDS", "? KEY\n:\nFIELDS", "KEY: {}\n", "one:\n  KEY: x\n", "KEY"])
def test_each_hostile_key(shape: str) -> None:
    fields = "  link: https://youtu.be/gBKYf4qt1vw\n  about: One\n  from: A webinar\n"
    assert refused(read, lambda value: shape.replace("FIELDS", fields).replace("KEY", value)) == {}


@pytest.mark.parametrize("field", ["check", "file", "because", "until"])
def test_each_hostile_silence(field: str) -> None:
    entry = {"check": "xref_missing", "file": "*.md", "because": "It comes next week", "until": "2999-12-31"}
    text = yaml.safe_dump({"one": {**entry, field: "HERE"}})
    values = [*HOSTILE, "'[!'", "'[z-a]'", "'**/*?['", "9999-12-31", "0001-01-01", "20200101", "2020-W01-1"]
    assert refused(silence, lambda value: text.replace("HERE", value), values) == {}


@given(content=lines_like_yaml | st.binary(max_size=60))
@FUZZ
def test_any_silences(content: str | bytes) -> None:
    silence(content)


def test_a_fault_is_named_on_its_own_line() -> None:
    content = (
        "good:\n  link: https://youtu.be/gBKYf4qt1vw\n  about: One\n  from: A webinar\n"
        "Bad Key:\n  link: https://youtu.be/b7d-VMscsSA\n  about: Two\n  from: A webinar\n"
        "twice:\n  link: https://youtu.be/U46ML7cAYKA\n  about: Three\n  from: A webinar\n"
        "twice:\n  link: https://youtu.be/U46ML7cAYKA\n  about: []\n  from: A webinar\n"
    )
    register = read(content)
    assert sorted(finding.line for finding in register.findings) == [5, 13, 15]
    assert list(register.videos) == ["good"]


MANY = 1000
LARGE = {
    "nested lists": "[" * 100_000,
    "nested maps": "{a: " * 20_000,
    "nested blocks": "".join(f"{' ' * depth}a:\n" for depth in range(1000)),
    "nested keys": "? " * 5_000,
    "a long text": f"one: {'x' * 2_000_000}",
    "a long key": f"? {'x' * 1_000_000}\n: 1\n? {'x' * 1_000_000}\n: 1\n",
    "many lines": "a\n" * 100_000,
    "many references": "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(1000)),
    "many of each kind": with_field("slides", f"[{', '.join(f'{n}, a{n}, {n}.5' for n in range(MANY))}]"),
    "many labels": with_field("labels", f"[{', '.join(f'a{n}' for n in range(10 * MANY))}]"),
    "many faults": "".join(f"k{n}: {n}\n" for n in range(MANY)),
    "the same key many times": "a: 1\n" * MANY,
    "one film many times": "".join(
        f"k{n}:\n  link: https://youtu.be/gBKYf4qt1vw\n  about: a\n  from: b\n  labels: [c]\n" for n in range(30)
    ),
    "many films": "".join(
        f"k{n}:\n  link: https://vimeo.com/{n + 1}\n  about: a\n  from: b\n  labels: [c{n}]\n" for n in range(MANY)
    ),
    "commas": "[" + "," * 100_000,
    "tags": "!a " * 50_000,
    "quotes": "'" * 200_001,
    "colons": "a" + ": a" * 50_000,
    "dashes": "- " * 20_000,
    "an address": with_field("link", "https://youtu.be/" + "-" * 1_900),
    "an address of many parts": with_field("link", "https://youtu.be/watch?" + "v=&" * 600),
}


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_what_is_large_or_deep_takes_no_long_time(content: str) -> None:
    with at_most(seconds=5):
        read(content)


# What a register may say, and no reader's program may obey.
TEXTS = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"><img src=x onerror=alert(1)> ' &amp; &#60;b>",
    "markup": "**a** `b` [c](#start) {sse:video}`d` $e$ :ref:`f` |g| {{ h }}",
    "direction": "\u202edlrow\u2066 \u200f",
    "template": "{% raw %}{{ 7 * 7 }}%s %(a)s {0}",
    "latex": r"\input{/etc/passwd} \end{document} $ & % # _ { } ~ ^",
    "signs": "\u00a0\u2028 \ufeff \U0001f469\u200d\U0001f3ed",
}


@pytest.mark.parametrize("builder", ["html", "epub", "latex", "text"])
def test_hostile_texts_are_only_text(builder: str, tmp_path: Path) -> None:
    videos = {
        name: {
            "link": f"https://vimeo.com/{number}",
            "about": text,
            "from": text,
            "labels": [text[:40] + name],
            "same_as": {"key": "script", "because": text},
        }
        for number, (name, text) in enumerate(TEXTS.items(), 1)
    }
    del videos["script"]["same_as"]
    for name in list(videos)[1:]:
        videos[name]["link"] = "https://vimeo.com/1"
    source = tmp_path / "source"
    (source / "data").mkdir(parents=True)
    (source / "data/videos.yaml").write_text(yaml.safe_dump(videos, sort_keys=False), encoding="utf-8")
    (source / "conf.py").write_text(
        'extensions = ["myst_parser", "sse_handbook"]\nsse_data_dir = "data"\n'
        'html_theme = "basic"\nsmartquotes = False\n'
        'version = "1"\ncopyright = "Somebody"\n',
        encoding="utf-8",
    )
    uses = "\n\n".join(f"{{sse:video}}`{name}`\n\n```{{sse:video}} {name}\n```" for name in videos)
    (source / "index.md").write_text(f"# Films\n\n{uses}\n\n```{{sse:videos}}\n```\n", encoding="utf-8")
    built = build(source, tmp_path, builder)
    assert built.warnings == []
    if builder in ("html", "epub"):
        page = built.output / ("index.html" if builder == "html" else "index.xhtml")
        tree = html.parse(page).getroot() if builder == "html" else etree.parse(page).getroot()
        assert not tree.xpath("//*[local-name()='script'][contains(., 'alert')] | //*[@onerror] | //*[@src='x']")
        text = " ".join("".join(tree.itertext()).split())
        assert [each for each in TEXTS.values() if " ".join(each.split()) not in text] == []


def test_signs_that_no_page_may_hold_are_refused_or_left_out(tmp_path: Path) -> None:
    """XML, and so EPUB, has no way to write most control characters, nor half a surrogate pair."""
    source = tmp_path / "source"
    (source / "data").mkdir(parents=True)
    entry = 'k{}:\n  link: https://vimeo.com/{}\n  about: "a\\{}b"\n  from: A webinar\n'
    signs = ["0", "x01", "x1b[31m", "x7f", "x9b", "ud800", "uffff", "n", "r"]
    register = "".join(entry.format(number, number + 1, sign) for number, sign in enumerate(signs))
    (source / "data/videos.yaml").write_text(register, encoding="utf-8")
    (source / "conf.py").write_text(
        'extensions = ["myst_parser", "sse_handbook"]\nsse_data_dir = "data"\nversion = "1"\ncopyright = "Somebody"\n',
        encoding="utf-8",
    )
    (source / "index.md").write_text("# Films\n\n```{sse:videos}\n```\n", encoding="utf-8")
    built = build(source, tmp_path, "epub")
    etree.parse(built.output / "index.xhtml")
    assert {warned.type for warned in built.warnings} <= {"sse.register", "sse.video_unused"}
