"""Expected numbers for `tests/stats_vectors.rs`, computed by scipy and numpy.

The samples are our own, drawn from a fixed seed; the build and the tests never run this script. To
write the vectors again:

    python3 -m venv venv
    venv/bin/pip install -r tests/oracle/requirements.txt
    venv/bin/python tests/oracle/stats_vectors.py

It writes `unpaired.json`, `paired.json`, `summary.json` and `slope.json` in `tests/fixtures/stats`; without a change here, all stay as
they are.
"""

import json
import math
import random
from pathlib import Path

import numpy as np
from scipy.stats import (
    PermutationMethod,
    binom,
    kendalltau,
    mannwhitneyu,
    median_abs_deviation,
    norm,
    permutation_test,
    theilslopes,
    wilcoxon,
)

SEED = 20
ALPHA = 0.05
# A p-value that equals alpha rejects; scipy's is a rounded quotient of counts.
ROUNDING = 1e-12
FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "stats"


def p_value(baseline, candidate, method):
    """Two-sided p of scipy; for `permutation`, over all splits, whatever their number."""
    if method == "permutation":
        method = PermutationMethod(n_resamples=10_000_000)
    return float(
        mannwhitneyu(baseline, candidate, alternative="two-sided", method=method).pvalue
    )


def inverted_interval(baseline, candidate, method):
    """The ratios that the test does not reject, by trying one inside every gap between two pair ratios.

    Within a gap no scaled sample of one side equals one of the other, so scipy's exact method, which
    knows no ties, applies. A side without bound is None.
    """
    ratios = np.unique([b / a for a in baseline for b in candidate])
    edges = [ratios[0] / 4, *ratios, ratios[-1] * 4]
    below, above = np.array(baseline, dtype=float), np.array(candidate, dtype=float)
    accepted = [
        index
        for index in range(len(edges) - 1)
        if p_value(below * math.sqrt(edges[index] * edges[index + 1]), above, method)
        > ALPHA + ROUNDING
    ]
    if not accepted:
        # Nothing but the point where pairs tie is left: all ratios are equal.
        assert len(ratios) == 1
        return [float(ratios[0]), float(ratios[0])]
    first, last = accepted[0], accepted[-1]
    assert accepted == list(range(first, last + 1))
    low = None if first == 0 else float(edges[first])
    high = None if last == len(edges) - 2 else float(edges[last + 1])
    assert (low is None) == (high is None)
    return None if low is None else [low, high]


def hodges_lehmann(baseline, candidate):
    logs = np.subtract.outer(np.log(candidate), np.log(baseline))
    return float(np.exp(np.median(logs)))


def distinct_samples(rng, n, m):
    """Times in nanoseconds without ties: log-normal noise, and a shift of some of the candidates."""
    while True:
        centre = math.exp(rng.uniform(math.log(2e6), math.log(9e10)))
        noise = rng.choice([0.01, 0.05, 0.3])
        shift = rng.choice([1.0, 1.0, 1.05, 1.2, 0.9, 2.5])
        baseline = [round(centre * math.exp(rng.gauss(0, noise))) for _ in range(n)]
        candidate = [
            round(centre * shift * math.exp(rng.gauss(0, noise))) for _ in range(m)
        ]
        if len(set(baseline + candidate)) == n + m:
            return baseline, candidate


def tied_samples(rng, n, m):
    """Small integers, so that ties within and across sides are the rule."""
    top = rng.choice([2, 4, 9])
    offset = rng.choice([0, 0, 1, 3])
    baseline = [rng.randint(1, top) for _ in range(n)]
    candidate = [rng.randint(1, top) + offset for _ in range(m)]
    return baseline, candidate


def unpaired_case(kind, baseline, candidate, p_method, interval_method):
    case = {
        "kind": kind,
        "baseline": baseline,
        "candidate": candidate,
        "ratio": hodges_lehmann(baseline, candidate),
        "p_value": p_value(baseline, candidate, p_method),
        "interval_known": interval_method is not None,
        "interval": None,
    }
    if interval_method is not None:
        case["interval"] = inverted_interval(baseline, candidate, interval_method)
    return case


def unpaired_cases(rng):
    for _ in range(300):
        samples = distinct_samples(rng, rng.randint(3, 12), rng.randint(3, 12))
        yield unpaired_case("distinct", *samples, "exact", "exact")
    for _ in range(200):
        samples = tied_samples(rng, rng.randint(2, 6), rng.randint(2, 6))
        yield unpaired_case("tied", *samples, "permutation", "exact")
    for n, m in [(50, 51), (60, 45), (20, 81), (4, 120)]:
        samples = distinct_samples(rng, n, m)
        yield unpaired_case("large", *samples, "asymptotic", "asymptotic")
    # scipy corrects the variance for ties within a side, ours for the interval does not: p only.
    for n, m in [(50, 51), (60, 45), (20, 81), (4, 120)]:
        samples = tied_samples(rng, n, m)
        yield unpaired_case("large tied", *samples, "asymptotic", None)


def signed_p_value(differences, method):
    """Two-sided p of scipy, zeros ranked and left out; for `permutation`, over all choices of signs."""
    if not np.any(differences):
        return 1.0
    correction = method == "asymptotic"
    if method == "permutation":
        method = PermutationMethod(n_resamples=10_000_000)
    result = wilcoxon(
        differences, zero_method="pratt", correction=correction, method=method
    )
    return float(result.pvalue)


def walsh_averages(differences):
    n = len(differences)
    return np.array(
        sorted(
            (differences[i] + differences[j]) / 2 for i in range(n) for j in range(i, n)
        )
    )


def inverted_signed_interval(differences, method):
    """The ratios that the test does not reject, by trying one inside every gap between two Walsh averages.

    Within a gap no difference is zero and no two are tied, so scipy's exact method applies.
    """
    averages = walsh_averages(differences)
    edges = [averages[0] - 1, *averages, averages[-1] + 1]
    accepted = [
        index
        for index in range(len(edges) - 1)
        if signed_p_value(differences - (edges[index] + edges[index + 1]) / 2, method)
        > ALPHA + ROUNDING
    ]
    first, last = accepted[0], accepted[-1]
    assert accepted == list(range(first, last + 1))
    if first == 0:
        return None
    return [float(np.exp(edges[first])), float(np.exp(edges[last + 1]))]


def paired_case(kind, pairs, p_method, interval_method):
    logs = np.log(np.array(pairs, dtype=float))
    # Quotients that are equal may differ in the last digit of their logarithms.
    differences = np.round(logs[:, 1] - logs[:, 0], 12)
    case = {
        "kind": kind,
        "pairs": pairs,
        "ratio": float(np.exp(np.median(walsh_averages(logs[:, 1] - logs[:, 0])))),
        "p_value": signed_p_value(differences, p_method),
        "interval_known": interval_method is not None,
        "interval": None,
    }
    if interval_method is not None:
        case["interval"] = inverted_signed_interval(
            logs[:, 1] - logs[:, 0], interval_method
        )
    return case


def distinct_pairs(rng, n):
    """Rounds with noise that both sides share, whose Walsh averages are all different."""
    while True:
        centre = math.exp(rng.uniform(math.log(2e6), math.log(9e10)))
        shared, private = rng.choice([0.01, 0.1]), rng.choice([0.01, 0.05, 0.3])
        shift = rng.choice([1.0, 1.0, 1.05, 1.2, 0.9, 2.5])
        pairs = []
        for _ in range(n):
            level = centre * math.exp(rng.gauss(0, shared))
            pairs.append(
                [
                    round(level * math.exp(rng.gauss(0, private))),
                    round(level * shift * math.exp(rng.gauss(0, private))),
                ]
            )
        averages = walsh_averages([math.log(b) - math.log(a) for a, b in pairs])
        if np.min(np.diff(averages), initial=1) > 1e-9:
            return pairs


def tied_pairs(rng, n):
    """Small integers, so that ties and zeros are the rule."""
    top = rng.choice([2, 4, 9])
    offset = rng.choice([0, 0, 1, 3])
    return [[rng.randint(1, top), rng.randint(1, top) + offset] for _ in range(n)]


def paired_cases(rng):
    for _ in range(300):
        yield paired_case("distinct", distinct_pairs(rng, rng.randint(3, 14)), "exact", "exact")
    for _ in range(200):
        yield paired_case("tied", tied_pairs(rng, rng.randint(2, 12)), "permutation", None)
    for n in [101, 120]:
        yield paired_case("large", distinct_pairs(rng, n), "asymptotic", None)
    for n in [101, 150]:
        yield paired_case("large tied", tied_pairs(rng, n), "asymptotic", None)


def summary_case(samples):
    ordered = sorted(samples)
    n = len(samples)
    # The smallest k whose lower tail reaches alpha / 2: the largest whose tail below k does not.
    rank = int(binom.ppf(ALPHA / 2, n, 0.5))
    q1, median, q3 = (float(q) for q in np.percentile(samples, [25, 50, 75]))
    return {
        "samples": samples,
        "median": median,
        "q1": q1,
        "q3": q3,
        "mad": float(median_abs_deviation(samples)),
        "rank": rank,
        "low": ordered[rank - 1] if rank else None,
        "high": ordered[n - rank] if rank else None,
        "level": float(1 - 2 * binom.cdf(rank - 1, n, 0.5)) if rank else None,
    }


def summary_cases(rng):
    for n in [*range(1, 41), 60, 99, 100, 101, 137, 200]:
        top = rng.choice([9, 10**6, 10**11])
        yield summary_case([rng.randint(0, top) for _ in range(n)])


def order_p_value(x, rests):
    """Two-sided p of Kendall's tau; with ties in x over all orders, since scipy's exact method knows none."""
    if len(set(x)) == len(x):
        return float(kendalltau(x, rests, method="exact").pvalue)
    return float(
        permutation_test(
            (rests,),
            lambda order: kendalltau(x, order).statistic,
            permutation_type="pairings",
            n_resamples=np.inf,
        ).pvalue
    )


def slope_bound(x, y, edges):
    """The first of the edges whose further side the test does not reject, and the p-value before it.

    Where it rejects nothing, the first edge: beyond it lie the orders that are least likely.
    """
    x, y = np.array(x, dtype=float), np.array(y, dtype=float)
    outside = order_p_value(x, y - (2 * edges[0] - edges[1]) * x)
    for rank, (edge, following) in enumerate(zip(edges, edges[1:]), start=1):
        p = order_p_value(x, y - (edge + following) / 2 * x)
        if p > ALPHA + ROUNDING:
            return rank, float(edge), outside
        outside = p
    raise AssertionError("the estimate itself is rejected")


def slope_case(kind, x, y):
    fit = theilslopes(y, x, method="joint")
    slopes = sorted(
        (y[j] - y[i]) / (x[j] - x[i])
        for i in range(len(x))
        for j in range(i)
        if x[i] != x[j]
    )
    if kind == "large":
        n, ties = len(x), [x.count(place) for place in set(x)]
        variance = (
            n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)
        ) / 18
        tail = lambda k: 2 * norm.cdf(
            (k - 0.5 - len(slopes) / 2) / (math.sqrt(variance) / 2)
        )
        rank = max(k for k in range(1, len(slopes) // 2) if tail(k) <= ALPHA)
        low, high, outside = slopes[rank - 1], slopes[-rank], tail(rank)
    else:
        rank, low, outside = slope_bound(x, y, slopes)
        mirrored = slope_bound(x, [-value for value in y], [-b for b in reversed(slopes)])
        assert mirrored[0] == rank
        high = -mirrored[1]
    return {
        "kind": kind,
        "points": [list(point) for point in zip(x, y)],
        "slope": float(fit.slope),
        "intercept": float(fit.intercept),
        "rank": rank,
        "low": float(low),
        "high": float(high),
        "level": float(1 - outside),
    }


def sized_points(rng, places, n):
    """Sizes in bytes and times in nanoseconds whose pairs have different slopes."""
    while True:
        sizes = [rng.randint(10**6, 10**9) for _ in range(places)]
        x = [sizes[i] if i < places else rng.choice(sizes) for i in range(n)]
        per_byte = rng.choice([0.0, 0.3, 8.0])
        y = [
            round(3e8 + per_byte * size + rng.expovariate(1) * rng.choice([1e6, 1e8]))
            for size in x
        ]
        pairs = [
            (y[j] - y[i]) / (x[j] - x[i])
            for i in range(n)
            for j in range(i)
            if x[i] != x[j]
        ]
        if len(set(sizes)) == places and len(set(y)) == n and len(set(pairs)) == len(pairs):
            return x, y


def slope_cases(rng):
    for n in [3, 3, 4, 4, *range(5, 13), 15, 20, 25, 30]:
        for _ in range(3):
            yield slope_case("distinct", *sized_points(rng, n, n))
    for places, n in [(3, 4), (3, 5), (4, 5), (3, 6), (4, 6), (5, 6), (4, 7)]:
        yield slope_case("tied", *sized_points(rng, places, n))
    for places, n in [(31, 31), (40, 40), (60, 60), (12, 60)]:
        yield slope_case("large", *sized_points(rng, places, n))


def write(name, cases):
    """One case a line, so that a change of one shows as one."""
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FIXTURES / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    write("unpaired.json", unpaired_cases(random.Random(SEED)))
    write("summary.json", summary_cases(random.Random(SEED + 1)))
    write("paired.json", paired_cases(random.Random(SEED + 3)))
    write("slope.json", slope_cases(random.Random(SEED + 2)))


if __name__ == "__main__":
    main()
