"""Lines of a page: glyphs put together by where they stand, columns one after another."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import attrs

from eventdocs.extraction._pdf_page import Box, Font, Glyph, Page, around

__all__ = ["Line", "lines_of", "segments"]

_NARROW_GUTTER = 8.0
_FEWEST_IN_COLUMN = 6
_ACCENTS = frozenset("˜ˆ¯˙¨ˇ˘´`~^")
_SCRIPT = 0.86
"""What is smaller than this part of its neighbours is raised or lowered, or a note."""


@attrs.define(kw_only=True, eq=False)
class Line:
    """A line of text.

    Attributes:
        page: Of which page, from 1.
        glyphs: From left to right; raised and lowered ones where they belong.
        box: Around it.
        base: What most of it stands on.
        size: Of most of it.
        font: Of most of it.
        column: From where to where the lines of its column reach.
    """

    page: int
    glyphs: list[Glyph]
    box: Box
    base: float
    size: float
    font: Font
    column: tuple[float, float] = (0.0, 0.0)

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(
            f" {each.char}" if each.space and at else each.char
            for at, each in enumerate(self.glyphs)
        )

    @property
    def indent(self) -> float:
        """How far it begins from the left of its column, in its own size."""
        return (self.box.left - self.column[0]) / self.size


@attrs.define(eq=False)
class _Run:
    """Glyphs drawn one after another that stand beside one another."""

    glyphs: list[Glyph]
    left: float
    right: float
    base: float
    size: float


def lines_of(page: Page, *, pictures: bool) -> list[Line]:
    """Put the glyphs of a page together to lines, in the order in which they are read.

    Args:
        page: The page.
        pictures: Text in pictures counts.
    """
    runs = list(_runs(each for each in page.glyphs if pictures or not each.inner))
    if not runs:
        return []
    lines: list[Line] = []
    for group, column in _columns(runs, page.width):
        found = sorted(_lines(group, page.number), key=lambda each: (each.base, each.box.left))
        for line in found:
            line.column = column
        lines += found
    return lines


def segments(line: Line, gap: float) -> list[list[Glyph]]:
    """The parts of a line that stand apart by at least *gap* times its size."""
    parts: list[list[Glyph]] = [[line.glyphs[0]]]
    right = line.glyphs[0].right
    for glyph in line.glyphs[1:]:
        if glyph.left - right > gap * line.size:
            parts.append([])
        parts[-1].append(glyph)
        right = max(right, glyph.right)
    return parts


# Runs


def _runs(glyphs: Iterable[Glyph]) -> Iterator[_Run]:
    run: _Run | None = None
    for glyph in glyphs:
        if run is not None and _continues(run, glyph):
            run.glyphs.append(glyph)
            run.right = max(run.right, glyph.right)
            if glyph.size > run.size and not glyph.font.extension:
                run.size, run.base = glyph.size, glyph.base
            continue
        if run is not None:
            yield run
        run = _Run([glyph], glyph.left, glyph.right, _base(glyph), glyph.size)
    if run is not None:
        yield run


def _base(glyph: Glyph) -> float:
    # Large signs hang from their base line.
    return (
        (glyph.top + glyph.bottom) / 2 + 0.25 * glyph.size if glyph.font.extension else glyph.base
    )


def _continues(run: _Run, glyph: Glyph) -> bool:
    size = max(run.size, glyph.size)
    last = run.glyphs[-1]
    if _is_wide_accent(glyph) or _is_wide_accent(last):
        return False
    ahead = glyph.left - last.right
    if not -0.45 * size <= ahead <= 0.9 * size:
        return False
    shift = abs(_base(glyph) - run.base)
    if shift <= 0.12 * size:
        return True
    if glyph.font.extension or last.font.extension:
        return shift <= 0.6 * size
    smaller = min(glyph.size, run.size) < _SCRIPT * size
    return smaller and shift <= 0.75 * size


def _is_wide_accent(glyph: Glyph) -> bool:
    return glyph.font.extension and glyph.char in "bcdefg"


# Columns


def _columns(
    runs: Sequence[_Run], width: float
) -> Iterator[tuple[list[_Run], tuple[float, float]]]:
    """Part the runs into columns, each with its edges, in the order in which they are read."""
    gutter = _gutter(runs, width)
    if gutter is None:
        yield list(runs), _edges(runs)
        return
    left = [each for each in runs if each.right <= gutter]
    right = [each for each in runs if each.left >= gutter]
    edges = _edges(left), _edges(right)
    crossing = sorted({round(each.base, 1) for each in runs if each.left < gutter < each.right})
    # What reaches over both columns parts the page into bands, which are read one by one.
    bands: defaultdict[int, tuple[list[_Run], list[_Run], list[_Run]]] = defaultdict(
        lambda: ([], [], [])
    )
    for each in runs:
        if each.left < gutter < each.right or any(
            abs(each.base - base) <= 0.5 * each.size
            for base in _near(crossing, each.base, each.size)
        ):
            bands[2 * bisect_left(crossing, round(each.base, 1) - 0.5 * each.size) + 1][2].append(
                each
            )
        else:
            side = 0 if each.right <= gutter else 1
            bands[2 * bisect_left(crossing, each.base)][side].append(each)
    whole = _edges(runs)
    for key in sorted(bands):
        first, second, across = bands[key]
        for group, edge in ((first, edges[0]), (second, edges[1]), (across, whole)):
            if group:
                yield group, edge


def _near(bases: Sequence[float], base: float, size: float) -> Sequence[float]:
    at = bisect_left(bases, base - size)
    return bases[at : bisect_left(bases, base + size)]


def _edges(runs: Sequence[_Run]) -> tuple[float, float]:
    return min(each.left for each in runs), max(each.right for each in runs)


def _gutter(runs: Sequence[_Run], width: float) -> float | None:
    """Find the white stripe between two columns of running text; None on other pages."""
    wide = [each for each in runs if each.right - each.left > 0.25 * width]
    rows = {round(each.base / 4) for each in wide}
    if len(rows) < 2 * _FEWEST_IN_COLUMN:
        return None
    starts = Counter(
        round(each.left / 2) * 2
        for each in wide
        if 0.35 * width < each.left < 0.7 * width and each.right - each.left < 0.55 * width
    )
    if not starts:
        return None
    start, many = min(starts.items(), key=lambda each: (-each[1], each[0]))
    if many < _FEWEST_IN_COLUMN:
        return None
    ends = sorted(
        each.right
        for each in wide
        if each.right < start - 1 and each.right - each.left < 0.55 * width
    )
    if len(ends) < _FEWEST_IN_COLUMN:
        return None
    end = ends[-1]
    if start - end < _NARROW_GUTTER - 2:
        return None
    gutter = (start - 2 + end) / 2
    crossing = sum(each.left < gutter < each.right for each in wide)
    return gutter if crossing <= 0.35 * len(wide) else None


# Lines


def _lines(runs: Sequence[_Run], page: int) -> Iterator[Line]:
    """Group runs that stand on one line, then put raised and lowered ones to their neighbours."""
    groups: list[list[_Run]] = []
    for run in sorted(runs, key=lambda each: (each.base, each.left)):
        last = groups[-1] if groups else None
        if last is not None and run.base - last[0].base <= 0.25 * min(run.size, last[0].size):
            last.append(run)
        else:
            groups.append([run])
    for group in _with_scripts(groups):
        yield _line(group, page)


def _with_scripts(groups: list[list[_Run]]) -> list[list[_Run]]:
    sizes = [max(run.size for run in group) for group in groups]
    bases = [group[0].base for group in groups]
    for at, group in enumerate(groups):
        kept: list[_Run] = []
        for run in group:
            # A run may be raised beside its own group's larger runs, too: those share its line.
            if all(_is_wide_accent(each) or each.char in _ACCENTS for each in run.glyphs):
                home = _below(run, at, groups, bases)
            elif sizes[at] > run.size / _SCRIPT:
                home = None
            else:
                home = _home(run, at, groups, sizes, bases)
            if home is None:
                kept.append(run)
            else:
                groups[home].append(run)
        groups[at] = kept
    return [group for group in groups if group]


def _below(
    run: _Run, own: int, groups: Sequence[Sequence[_Run]], bases: Sequence[float]
) -> int | None:
    """Find the line whose letter an accent stands over."""
    at = own + 1
    while at < len(groups) and bases[at] - run.base <= 0.85 * run.size:
        if any(each.left <= run.right and run.left <= each.right for each in groups[at]):
            return at
        at += 1
    return None


def _home(
    run: _Run,
    own: int,
    groups: Sequence[Sequence[_Run]],
    sizes: Sequence[float],
    bases: Sequence[float],
) -> int | None:
    """Find the line that a small run is raised or lowered in."""
    best: tuple[float, int] | None = None
    for step in (-1, 1, -2, 2):
        at = own + step
        if not 0 <= at < len(groups) or sizes[at] * _SCRIPT <= run.size:
            continue
        shift = bases[at] - run.base
        if not -0.5 * sizes[at] <= shift <= 0.95 * sizes[at]:
            continue
        near = min(
            (
                max(each.left - run.right, run.left - each.right)
                for each in groups[at]
                if each.size * _SCRIPT > run.size
            ),
            default=99.0,
        )
        if near <= 0.5 * sizes[at] and (best is None or near < best[0]):
            best = near, at
    return None if best is None else best[1]


def _opened(runs: Sequence[_Run]) -> Iterator[_Run]:
    """Part runs that other ones stand in, such as an accent between the letters of a word."""
    lefts = sorted(run.left for run in runs)
    for run in runs:
        inner = lefts[bisect_right(lefts, run.left) : bisect_left(lefts, run.right - 0.1)]
        if not inner:
            yield run
            continue
        begin = 0
        for at in range(1, len(run.glyphs) + 1):
            last = at == len(run.glyphs)
            if last or any(run.glyphs[at - 1].left < x - 0.1 <= run.glyphs[at].left for x in inner):
                part = run.glyphs[begin:at]
                yield _Run(part, part[0].left, max(g.right for g in part), run.base, run.size)
                begin = at


def _line(runs: Sequence[_Run], page: int) -> Line:
    glyphs: list[Glyph] = []
    for run in sorted(_opened(runs), key=lambda each: (each.left, each.base)):
        if glyphs and run.left - glyphs[-1].right > 0.2 * run.size:
            run.glyphs[0].space = True
        glyphs += run.glyphs
    for before, glyph in pairwise(glyphs):
        # Between a letter and what is raised beside it there is none.
        if (
            glyph.space
            and before.size != glyph.size
            and glyph.left - before.right < 0.2 * max(before.size, glyph.size)
        ):
            glyph.space = False
    sizes: Counter[float] = Counter()
    fonts: Counter[Font] = Counter()
    for glyph in glyphs:
        sizes[glyph.size] += 1
        fonts[glyph.font] += 1
    size, _ = max(sizes.items(), key=lambda each: (each[1], each[0]))
    if size < _SCRIPT * max(sizes) and sizes[max(sizes)] * 3 >= sizes[size]:
        size = max(sizes)
    bases = Counter(
        round(each.base, 1)
        for each in glyphs
        if each.size >= _SCRIPT * size and not each.font.extension
    )
    base = (
        max(bases.items(), key=lambda each: (each[1], each[0]))[0]
        if bases
        else round(runs[0].base, 1)
    )
    font, _ = max(fonts.items(), key=lambda each: (each[1], each[0].name))
    return Line(page=page, glyphs=glyphs, box=around(glyphs), base=base, size=size, font=font)
