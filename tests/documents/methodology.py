"""Two revisions of a small document whose meaning a reader can check by eye."""

FIRST = """\
# Index methodology

## Definitions

Divisor
: the number that keeps the index comparable over time.

Level
: the value of the index on a day.

## Calculation

The index level is

$$
I_t = \\frac{M_t}{D_t}
$$

where $M_t$ is the market value and $D_t$ is the divisor. See Section 9.

## Parameters

| Parameter | Value |
|-----------|-------|
| Cap       | 10 %  |
| Review    | 4     |
"""

SECOND = (
    FIRST.replace("on a day", "at the close of a day")
    .replace("# Index methodology\n", "# Index methodology\n\nThis paragraph is new.\n")
    .replace(" See Section 9.", "")
)
"""One definition changed, everything moved by a paragraph, the dangling reference gone."""
