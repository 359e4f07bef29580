"""Make rnnsym-math.woff2 from Latin Modern Math; README.md beside this file says how to run it."""

import sys

from fontTools import subset
from fontTools.ttLib import TTFont

NAME = "Rnnsym Math"
# Latin and Greek as letters of maths (upright, italic, bold), digits, accents, operators, arrows,
# brackets with their parts, and the invisible signs between a function and its argument.
LETTERS = (
    "20-7E,A0,B1,B7,D7,300-304,307,308,391-3A9,3B1-3C9,3D1,3D5,3F1,3F5,210E,2113,211D,"
    "1D400-1D467,1D6A4-1D6DA,1D6DC-1D71B,1D7CE-1D7D7"
)
SIGNS = (
    "2013,2014,2016,2018-201D,2020,2026,2032,2061-2064,20D6,20D7,2190-2199,21A6,21D0-21D4,"
    "2200-22FF,2308-230B,239B-23AD,23DC-23E1,27E8,27E9,2A00-2A06,2AAF,2AB0"
)


def main(source: str, target: str) -> None:
    """Keep the letters and signs with all that MathML needs, under another name."""
    options = subset.Options(layout_features=["*"], flavor="woff2", name_IDs=[0, 13, 14])
    options.drop_tables += ["FFTM"]
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=subset.parse_unicodes(f"{LETTERS},{SIGNS}"))
    subsetter.subset(font)
    rename(font)
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    subset.save_font(font, target, options)


def rename(font: TTFont) -> None:
    """Call the font something else, as its licence asks of what is derived from it."""
    short = NAME.replace(" ", "")
    for number, name in ((1, NAME), (2, "Regular"), (3, short), (4, NAME), (6, short)):
        font["name"].setName(name, number, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames = [short]
    top.topDictIndex[0].FullName = top.topDictIndex[0].FamilyName = NAME


if __name__ == "__main__":
    main(*sys.argv[1:])
