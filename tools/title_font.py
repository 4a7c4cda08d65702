"""Make the font of the titles that no packaged font can write: `python tools/title_font.py FONT-FILE`.

It needs `fonttools`, which nothing else here does: `python -m pip install fonttools`.

A law is listed under its own title. The packages of fonts that we use have no Chinese, Japanese and Korean signs, and
a font that has them all is larger than the rest of the tools. So the PDF takes the few that stand in `docs/` from a
subset of a free font. `docs/_fonts/README.txt` says which; run this again, with that font, when the PDF's build names a
sign that no font has.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.unicodedata import script

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs/_fonts/titles.ttf"
SCRIPTS = {"Hani", "Hira", "Kana", "Hang"}
MARKS = " 　、。「」（）・"  # they are in no script of their own


def signs(folder: Path) -> str:
    """The Chinese, Japanese and Korean signs in the texts of a folder, each once, in their order."""
    texts = [path.read_text(encoding="utf-8") for kind in ("*.md", "*.yaml", "*.bib") for path in folder.rglob(kind)]
    found = set("".join(texts))
    return "".join(sorted(each for each in found if script(each) in SCRIPTS or each in MARKS))


def make_truetype(font: TTFont) -> None:
    """Turn the outlines of a font into TrueType's: Typst 0.15 leaves the widths of glyphs out of the other kind."""
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    outlines = newTable("glyf")
    outlines.glyphs, outlines.glyphOrder = {}, order
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, max_err=1, reverse_direction=True))
        outlines.glyphs[name] = pen.glyph()
    font["glyf"], font["loca"], font["post"].formatType = outlines, newTable("loca"), 3
    for tag in ("CFF ", "VORG"):
        if tag in font:
            del font[tag]
    font["maxp"].tableVersion = 0x00010000
    for name in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"):
        setattr(font["maxp"], name, 0)
    for name in ("maxStackElements", "maxSizeOfInstructions", "maxComponentElements", "maxComponentDepth"):
        setattr(font["maxp"], name, 0)
    font.sfntVersion = "\x00\x01\x00\x00"


def main() -> None:
    """Write the subset, with the same bytes each time."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("Name the file of a font that has the signs; docs/_fonts/README.txt says which was used.")
    wanted = signs(ROOT / "docs")
    font = TTFont(sys.argv[1], fontNumber=0, recalcTimestamp=False)
    if missing := [each for each in wanted if ord(each) not in font.getBestCmap()]:
        sys.exit(f"{sys.argv[1]} does not have: {' '.join(missing)}")
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=wanted)
    subsetter.subset(font)
    make_truetype(font)
    font.save(TARGET)
    print(f"{TARGET.relative_to(ROOT)}: {len(wanted)} signs, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
