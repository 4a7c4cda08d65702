"""Git, by its own commands that change nothing until a reference moves: read what is there, write objects, then commit.

Until `move` or `push` has ended, no branch, no index and no file of the work tree is other than it was. So a program
that is killed before has done nothing, and one that is killed after has done all.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

# What git calls a reference that is not there.
NOTHING = "0" * 40


class GitError(Exception):
    """Git refused; the text is what it said."""


@dataclass(frozen=True)
class Repository:
    """A git repository: the folder of its work tree, or of itself where it has none."""

    folder: Path

    def git(self, *arguments: str, said: bytes = b"", index: Path | None = None) -> bytes:
        """What a git command prints; `said` is its input, `index` an index file of our own. Raises `GitError`."""
        settings = {"GIT_INDEX_FILE": str(index)} if index else {}
        try:
            done = subprocess.run(
                ["git", "-C", str(self.folder), *arguments],
                input=said,
                capture_output=True,
                env={**os.environ, **settings},
                check=False,
            )
        except FileNotFoundError:
            raise GitError("There is no git on this computer. Install it from https://git-scm.com.") from None
        if done.returncode:
            message = done.stderr.decode(errors="replace").strip() or f"It ended with code {done.returncode}."
            raise GitError(f"git {arguments[0]} says: {message}")
        return done.stdout

    def text(self, *arguments: str) -> str:
        """What a git command prints, as one line."""
        return self.git(*arguments).decode().strip()

    def commit_of(self, name: str) -> str:
        """The commit that a name stands for, or an empty text where there is none."""
        try:
            return self.text("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        except GitError:
            return ""

    def files(self, tree: str) -> dict[str, str]:
        """Each file of a commit or tree with the hash of its content; of none where the name is empty."""
        rows = self.git("ls-tree", "-r", "-z", "--full-tree", tree).decode().split("\0")[:-1] if tree else []
        return {path: meta.split()[2] for meta, _, path in (row.partition("\t") for row in rows)}

    def read(self, hashes: Iterable[str]) -> dict[str, bytes]:
        """The contents with these hashes, each once."""
        wanted = list(dict.fromkeys(hashes))
        out = self.git("cat-file", "--batch", said="".join(f"{each}\n" for each in wanted).encode()) if wanted else b""
        found: dict[str, bytes] = {}
        start = 0
        for each in wanted:
            end = out.index(b"\n", start)
            size = int(out[start:end].split()[2])
            found[each] = out[end + 1 : end + 1 + size]
            start = end + size + 2
        return found

    def write(self, data: bytes) -> str:
        """Keep a content; its hash."""
        return self.git("hash-object", "-w", "--stdin", said=data).decode().strip()

    def write_files(self, paths: Iterable[Path]) -> list[str]:
        """Keep the contents of files, as they are; their hashes, in order."""
        names = "".join(f"{path.resolve()}\n" for path in paths)
        return self.git("hash-object", "-w", "--no-filters", "--stdin-paths", said=names.encode()).decode().split()

    def tree(self, files: Mapping[str, str], base: str = "") -> str:
        """Keep a tree: the files of the tree `base`, with these put in their place; its hash.

        A file without a content (an empty hash) is taken out.
        """
        gone = {path for path, content in files.items() if not content}
        rows = "".join(f"0 {NOTHING}\t{path}\0" for path in sorted(gone))
        rows += "".join(f"100644 {content}\t{path}\0" for path, content in files.items() if content)
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder, "index")
            if base:
                self.git("read-tree", base, index=index)
            self.git("update-index", "-z", "--index-info", said=rows.encode(), index=index)
            return self.git("write-tree", index=index).decode().strip()

    def commit(self, tree: str, parent: str, message: str) -> str:
        """Keep a commit; its hash. No branch holds it yet."""
        parents = ["-p", parent] if parent else []
        return self.git("commit-tree", tree, *parents, "-F", "-", said=message.encode()).decode().strip()

    def move(self, reference: str, new: str, old: str, why: str) -> None:
        """Let a reference be another commit, if it still is the old one. Raises `GitError` where it is not."""
        self.git("update-ref", "-m", why, reference, new, old or NOTHING)
