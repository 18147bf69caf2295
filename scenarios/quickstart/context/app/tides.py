"""Water heights between low and high water, by the rule of twelfths."""

# The share of the range that has been covered after each sixth of the time.
COVERED = [0, 1, 3, 6, 9, 11, 12]


def height(low, high, sixths):
    """Returns the height in metres `sixths` of the way from low to high water."""
    return low + (high - low) * COVERED[sixths] / 12


def first_passable(low, high, draught):
    """Returns the first sixth at which the water is deeper than `draught`, or None."""
    for sixths in range(len(COVERED)):
        if height(low, high, sixths) > draught:
            return sixths
    return None
