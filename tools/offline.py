"""Pack the offline copy, to pass from phone to phone: `python tools/offline.py FOLDER-OF-PAGES ZIP-FILE`.

It holds the pages and the files they name, and `tools/offline/` to begin with. The same pages give the same bytes.
"""

import html
import os
import re
import sys
import time
import tomllib
from pathlib import Path
from string import Template
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).parent.parent
LARGEST = 10_000_000  # bytes


def main(pages: str, target: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    paths = sorted(path for path in Path(pages).rglob("*") if path.is_file())
    packed = [path for path in paths if path.suffix == ".html" and "_static" not in path.parts]
    for _step in ("pages", "their styles and scripts"):
        texts = [path.read_text(encoding="utf-8") for path in packed if path.suffix in (".html", ".css", ".js")]
        named = {name for text in texts for name in re.findall(r"[\w.+-]+\.\w+", text)}
        packed = [path for path in paths if path in packed or path.name in named]
    files = {f"pages/{path.relative_to(pages).as_posix()}": path.read_bytes() for path in packed}
    title = re.findall(r"<h1[^>]*>([^<]*)", files["pages/index.html"].decode())[0].strip()
    book = next((name for name in files if name.endswith(".pdf")), "pages/index.html")
    for path in sorted((ROOT / "tools/offline").iterdir()):
        text = Template(path.read_text(encoding="utf-8")).substitute(title=title, version=version, book=book)
        files[path.name] = (text if path.suffix == ".html" else html.unescape(text)).encode()
    date = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), 315532800))  # 1980: no ZIP is older
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w") as archive:
        for name, data in sorted(files.items()):
            entry = ZipInfo(f"sse-handbook-{version}/{name}", date[:6])
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, ZIP_DEFLATED, compresslevel=9)
    print(f"{target}: {len(files)} files, {(size := Path(target).stat().st_size) / 1e6:.1f} MB")
    if size > LARGEST:
        sys.exit(f"That is more than {LARGEST / 1e6:.0f} MB: too much to pass from phone to phone.")


if __name__ == "__main__":
    main(*sys.argv[1:])
