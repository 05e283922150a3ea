"""Arithmetic and Markdown: medians, ratios, tables. No input or output."""

from statistics import median

# A run in which a side waited for its core for more than this share of the
# time was not alone; alone it is 0.00 to 0.02.
WAITED_MAX = 0.05


def ratio(samples, baseline):
    """The median of the ratios within each round, or None without any.

    Both arguments hold one value a round, None where that round failed. A
    machine that slows down from one round to the next moves both sides of
    each quotient, but not the quotient.
    """
    pairs = [
        mine / theirs
        for mine, theirs in zip(samples, baseline)
        if mine is not None and theirs
    ]
    return median(pairs) if pairs else None


def median_of(samples):
    """The median of what is not None, or None without any."""
    present = [s for s in samples if s is not None]
    return median(present) if present else None


def spread(samples):
    """(largest - smallest) / median: how far the rounds lie apart."""
    present = [s for s in samples if s is not None]
    if not present or not median(present):
        return None
    return (max(present) - min(present)) / median(present)


def count(value):
    """A rate for reading: 283k, 4.40M; three significant digits."""
    if value is None:
        return "-"
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        # The next smaller unit would round to 1000.
        if value >= size * 0.9995:
            return significant(value / size) + unit
    return significant(value)


def significant(value):
    """Three significant digits, no exponent, whole numbers kept whole."""
    if value is None:
        return "-"
    if value >= 99.95:
        return f"{value:,.0f}"
    if value >= 9.995:
        return f"{value:.1f}"
    return f"{value:.2f}"


def two_digits(value):
    return "-" if value is None else f"{value:.2f}"


def table(header, rows):
    """A Markdown table; the first column is text, the others are figures."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, l)) + " |" for l in lines)


def with_ratio(value, quotient):
    """A cell of the echo table: `283k (1.00)`."""
    return "-" if value is None else f"{count(value)} ({two_digits(quotient)})"


def verdict(value, kind, bound):
    if value is None:
        return "not measured"
    reached = value >= bound if kind == "min" else value <= bound
    return "reached" if reached else "MISSED"
