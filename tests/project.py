"""A small project in the shape of this one, in a repository of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT

TOOLS = ROOT / "tools"
# Everybody's settings of git are left out, and every commit has one date: the same work gives the same commit.
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (
        ("NAME", "Ada"), ("EMAIL", "ada@example.org"), ("DATE", "2027-01-31T12:00:00Z"),
    )},
}  # fmt: skip
CONF = f"""
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, {str(ROOT / "docs/_ext")!r})
html_theme_path = [{str(ROOT / "docs/_theme")!r}]
templates_path = [{str(ROOT / "docs/_templates")!r}]
""" + """

version = release = tomllib.loads(Path(__file__).with_name("../pyproject.toml").read_text())["project"]["version"]
project, html_title, copyright = "A book", "A book", "2027 nobody"
extensions = ["myst_parser", "sse_handbook", "downloads", "laws", "published", "theme"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "fieldlist"]
sse_data_dir = "data"
html_theme = "handbook"
html_copy_source = False
html_show_sourcelink = False
html_baseurl = "https://book.example/handbook/latest/"
sse_downloads = {
    kind: f"../build/sse-handbook{ending}" for kind, ending in
    (("pdf", ".pdf"), ("epub", ".epub"), ("offline", f"-{version}.zip"))
}
""".replace('Path(__file__).with_name("../pyproject.toml")', 'Path(__file__).parent.parent.joinpath("pyproject.toml")')
INDEX = "(front)=\n# A book\n\n:::{toctree}\n:glob:\n\n*/*\n:::\n"
FORMS = "(forms)=\n# Forms\n\n(mutuals)=\n## Mutual societies\n\nWe help each other.\n"
CHANGES = (
    "(changes)=\n# Changes\n\n## Unreleased\n\n### Added\n\n- The first pages.\n\n## What to do next\n\nRead on.\n"
)
PYPROJECT = '[project]\nname = "book"\nversion = "0.1.0"\n'
CITATION = "cff-version: 1.2.0\ntitle: A book\nversion: 0.1.0\nlicense: CC-BY-4.0\n"
# Stands for `noxfile.py`: it says what it was asked for, and is green while there is no file `red`.
NOXFILE = "import pathlib, sys\nprint('asked for', *sys.argv[1:], flush=True)\nsys.exit(pathlib.Path('red').exists())\n"
FILES = {
    "noxfile.py": NOXFILE,
    "pyproject.toml": PYPROJECT,
    "CITATION.cff": CITATION,
    ".gitignore": "build\nred\n",
    "docs/conf.py": CONF,
    "docs/index.md": INDEX,
    "docs/understand/forms.md": FORMS,
    "docs/reference/changes.md": CHANGES,
}


@dataclass(frozen=True)
class Project:
    """The project: what it holds can be changed, committed and asked for."""

    root: Path

    @classmethod
    def begin(cls, root: Path) -> Project:
        """A project at its beginning, with all of it committed on `main`."""
        root.mkdir(parents=True)
        project = cls(root)
        project.git("init", "--quiet", "--initial-branch", "main")
        project.commit(FILES, "Begin")
        return project

    def git(self, *arguments: str) -> str:
        """What a git command prints."""
        command = ["git", "-C", str(self.root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **GIT}, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip()

    def write(self, files: dict[str, str]) -> None:
        """Write files; an empty text deletes one."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8") if text else path.unlink()

    def commit(self, files: dict[str, str], message: str) -> None:
        """Write files, and commit all that has changed."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def state(self) -> tuple[str, ...]:
        """Where its branches and tags are, and what is not committed."""
        return self.git("for-each-ref", "--format=%(refname) %(objectname)"), self.git("status", "--porcelain")

    def tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of `tools/` on this project."""
        command = [sys.executable, str(TOOLS / f"{name}.py"), *arguments, "--project", str(self.root)]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **GIT}, check=False)
