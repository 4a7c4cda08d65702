"""A book of four pages with the settings, theme and templates of the real one, in a repository of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

FORMS = "(forms)=\n# Forms\n\n(mutuals)=\n## Mutual societies\n\nSee [help](#help) {footcite:p}`act`.\n"
NOXFILE = "import pathlib, sys\nprint('asked for', *sys.argv[1:], flush=True)\nsys.exit(pathlib.Path('red').exists())\n"
PAGES = {
    "docs/index.md": "(front)=\n# A book\n\n:::{toctree}\n:glob:\n\n*/*\n:::\n",
    "docs/understand/forms.md": FORMS,
    "docs/organise/help.md": "(help)=\n# Help\n\nAsk [the others](#mutuals), see [forms](#forms).\n\n"
    "```{raw} html\n<svg><title>A drawing</title></svg>\n```\n",
    "docs/reference/changes.md": "(changes)=\n# Changes\n\n## Unreleased\n\n### Added\n\n- The first pages.\n\n"
    "## What to do next\n\nSee [the book](#front), [changes](#changes).\n\n```{bibliography}\n```\n",
    "docs/data/sources.bib": "@misc{act,\n  author = {{Parliament}},\n  title = {Act},\n  year = {2021},\n}\n",
    ".gitignore": "build\nred\n",
    # Stands for the real one: green while there is no file `red`.
    "noxfile.py": NOXFILE,
}
# The settings of whoever runs the tests are left out.
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
GIT |= {f"GIT_{who}_{what}": f"ada@{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class SmallBook:
    """The book; what it holds can be changed and committed, and the programs of `tools/` run on it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def begin(cls, root: Path) -> SmallBook:
        parts = "conf.py _ext _static _templates _theme _extra _fonts _icons _pdf data/schemas"
        for part in [root / "docs" / part for part in parts.split() if (ROOT / "docs" / part).exists()]:
            source = ROOT / part.relative_to(root)
            part.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, part) if source.is_dir() else shutil.copy(source, part)
        for name in ("pyproject.toml", "CITATION.cff"):  # as they were before the first version
            text = re.sub(r'(?m)^(version(?: =|:) "?)[\d.]+', r"\g<1>0.1.0", (ROOT / name).read_text("utf-8"))
            (root / name).write_text(re.sub("(?m)^date-released: .*\n", "", text), encoding="utf-8")
        book = cls(root)
        book.git("init", "--quiet", "--initial-branch", "main")
        book.commit(PAGES)
        return book

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **GIT}, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip()

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def write(self, files: dict[str, str]) -> None:
        """Write files; an empty text deletes one."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8") if text else path.unlink()

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a text of a file, and commit that."""
        assert old in self.read(name)
        self.commit({name: self.read(name).replace(old, new, 1)})

    def commit(self, files: dict[str, str]) -> None:
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change")

    def state(self) -> tuple[str, ...]:
        """Where the branches and tags are, what is not committed, and every worktree."""
        commands = ("for-each-ref refs/heads refs/tags", "status --porcelain", "worktree list")
        return tuple(self.git(*command.split()) for command in commands)

    def tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of `tools/` on this book."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        command = [sys.executable, str(ROOT / f"tools/{name}.py"), *arguments]
        environment = {**os.environ, **GIT, "PATH": path}
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
