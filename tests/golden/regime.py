"""Writes regime.csv: the regime family on the bars of indicators_talib.csv, every value from its own window. Run in
this folder; made with Python 3.11, numpy 2.4.6, scipy 1.17.1 and ta-lib 0.8.2 (C library 0.8.1)."""
import csv
import itertools
import math
from collections import Counter

import numpy as np
import talib
from scipy.signal import periodogram
from scipy.special import gammaln
from scipy.stats import entropy, linregress, percentileofscore, zscore

with open("indicators_talib.csv") as f:
    O, H, L, C, V = np.array([[float(x) for x in row[:5]] for row in list(csv.reader(f))[1:]]).T
N = len(C)
BARS = [0, 1, 2, 9, 10, 13, 14, 25, 40, 49, 50, 58, 59, 63, 64, 72, 78, 79, 80, 98, 99, 100, 101, 110, 119, 120, 121,
        122, 127, 128, 129, 143, 157, 171, 188, 202, 219, 233, 247, 254, 255, 256, *range(261, 400, 6), 399]
columns = {}
x = np.log(C)
r = np.concatenate([[np.nan], np.diff(x)])
tr = talib.TRANGE(H, L, C)


def put(name, first, f):
    """f(i) from bar `first` on, on the bars that are written."""
    columns[name] = {i: f(i) for i in BARS if i >= first}


def slope(a, b):
    return np.polyfit(a, b, 1)[0]


def rescaled_range(w):

    walk = np.cumsum(w - w.mean())
    return np.ptp(walk) / w.std()


def every(w, n, f):
    """Mean of f over all n values in a row of w."""
    return np.mean([f(w[k:k + n]) for k in range(len(w) - n + 1)])


def hurst_rs(i):
    sizes, w, y = [8, 16, 32, 64], r[i - 127:i + 1], []
    for n in sizes:
        k = np.arange(1, n)
        expected = np.exp(gammaln((n - 1) / 2) - gammaln(n / 2)) / math.sqrt(math.pi) * np.sum(np.sqrt((n - k) / k))
        y.append(math.log(every(w, n, rescaled_range) / expected))
    return 0.5 + slope(np.log(sizes), y)


put("hurst_rs.hurst", 128, hurst_rs)
put("hurst_rs.rs", 128, lambda i: every(r[i - 127:i + 1], 64, rescaled_range))


def squared_distance(w):
    k = np.arange(len(w))
    return np.mean((w - np.polyval(np.polyfit(k, w, 1), k)) ** 2)


def dfa(i):
    w, sizes = x[i - 255:i + 1], [8, 16, 32, 64]
    return slope(np.log(sizes), [0.5 * math.log(every(w, n, squared_distance)) for n in sizes])


put("dfa.alpha", 255, dfa)
put("dfa.short", 255, lambda i: math.sqrt(every(x[i - 255:i + 1], 8, squared_distance)))


def patterns(i):
    """Of the last 120 bars: the places of four closes sorted by size, oldest first among equals."""
    return Counter(tuple(sorted(range(4), key=lambda k: C[j - 3 + k])) for j in range(i - 119, i + 1))


put("permutation_entropy.entropy", 122, lambda i: entropy(list(patterns(i).values()), base=24))
put("permutation_entropy.seen", 122, lambda i: len(patterns(i)) / 24)
put("permutation_entropy.direction", 122, lambda i: (patterns(i)[(0, 1, 2, 3)] - patterns(i)[(3, 2, 1, 0)]) / 120)


def spectrum(i):
    frequency, power = periodogram(r[i - 63:i + 1], detrend=False)
    return frequency[1:32], power[1:32] / sum(power[1:32])


put("spectral_entropy.entropy", 64, lambda i: entropy(spectrum(i)[1], base=31))
put("spectral_entropy.dominant_period", 64, lambda i: 1 / spectrum(i)[0][np.argmax(spectrum(i)[1])])
put("spectral_entropy.slow", 64, lambda i: sum(spectrum(i)[1][:7]))
put("spectral_entropy.peak", 64, lambda i: max(spectrum(i)[1]))


def acf(w, k):
    d = w - w.mean()
    return np.dot(d[k:], d[:-k]) / np.dot(d, d)


put("autocorrelation.first", 100, lambda i: acf(r[i - 99:i + 1], 1))
put("autocorrelation.lagged", 100, lambda i: acf(r[i - 99:i + 1], 5))
put("autocorrelation.size", 100, lambda i: acf(np.abs(r[i - 99:i + 1]), 1))


def lo_mackinlay(i, n=120, q=4):
    w, levels = r[i - n + 1:i + 1], x[i - n:i + 1]
    mean = w.mean()
    e = (w - mean) ** 2
    m = q * (n - q + 1) * (1 - q / n)
    ratio = sum((levels[k] - levels[k - q] - q * mean) ** 2 for k in range(q, n + 1)) / m / (sum(e) / (n - 1))
    delta = [sum(e[k] * e[k - j] for k in range(j, n)) / sum(e) ** 2 for j in range(1, q)]
    theta = sum((2 * (q - j) / q) ** 2 * d for j, d in enumerate(delta, 1))
    return ratio, (ratio - 1) / math.sqrt(theta)


put("variance_ratio.ratio", 120, lambda i: lo_mackinlay(i)[0])
put("variance_ratio.z", 120, lambda i: lo_mackinlay(i)[1])


def higuchi(i, n=80, longest=8):
    w, y = x[i - n + 1:i + 1], []
    for k in range(1, longest + 1):
        lengths = []
        for m in range(k):
            steps = np.diff(w[m::k])
            lengths.append(np.sum(np.abs(steps)) * (n - 1) / len(steps) / k / k)
        y.append(math.log(np.mean(lengths)))
    return -slope(np.log(np.arange(1, longest + 1)), y)


put("fractal_dimension.dimension", 79, higuchi)

path = lambda i: sum(abs(np.diff(C[i - 10:i + 1])))
put("efficiency_ratio.path", 10, path)
put("efficiency_ratio.er", 10, lambda i: abs(C[i] - C[i - 10]) / path(i))
put("efficiency_ratio.directed", 10, lambda i: (C[i] - C[i - 10]) / path(i))

span = lambda i: max(H[i - 13:i + 1]) - min(L[i - 13:i + 1])
put("choppiness.chop", 14, lambda i: 100 * math.log10(sum(tr[i - 13:i + 1]) / span(i)) / math.log10(14))
put("choppiness.path", 14, lambda i: 14 * talib.SMA(tr, 14)[i])
put("choppiness.range", 13, span)

put("z_score.z", 79, lambda i: zscore(C[i - 79:i + 1])[-1])
put("z_score.mean", 79, lambda i: talib.SMA(C, 80)[i])
put("z_score.std", 79, lambda i: talib.STDDEV(C, 80)[i])

put("percent_rank.rank", 100, lambda i: percentileofscore(C[i - 100:i], C[i], kind="strict"))


def streak(i):
    signs = [np.sign(C[j] - C[j - 1]) for j in range(i, 0, -1)]
    return signs[0] * len(list(itertools.takewhile(lambda s: s == signs[0], signs)))


def runs_z(i, n=50):
    rises = [bool(C[j] > C[j - 1]) for j in range(i - n + 1, i + 1)]
    u, d, runs = sum(rises), n - sum(rises), len(list(itertools.groupby(rises)))
    mu = 2 * u * d / n + 1
    return (runs - mu) / math.sqrt(2 * u * d * (2 * u * d - n) / (n * n * (n - 1)))


put("streak.streak", 1, streak)
put("streak.runs_z", 50, runs_z)


def reversion(i):
    before, change = x[i - 100:i], r[i - 99:i + 1]
    fit = linregress(before, change)
    phi = 1 + fit.slope
    half_life = 0 if phi <= 0 else 100 if phi >= 1 else min(100, -math.log(2) / math.log(phi))
    return half_life, fit.slope / fit.stderr


put("half_life.half_life", 100, lambda i: reversion(i)[0])
put("half_life.t", 100, lambda i: reversion(i)[1])

with open("regime.csv", "w", newline="\n") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["bar", *columns])
    for i in BARS:
        out.writerow([i] + ["%.13g" % x[i] if i in x else "" for x in columns.values()])
