"""Writes volatility.csv: the volatility family on the bars of indicators_talib.csv, written out from the definitions
over whole lists (natr and the true range: TA-Lib). Run in this folder; made with Python 3.11, numpy 2.4.6, scipy 1.17.1
and ta-lib 0.8.2 (C library 0.8.1)."""
import csv
import itertools
import math

import numpy as np
import scipy.stats
import talib

with open("indicators_talib.csv") as f:
    O, H, L, C, V = np.array([[float(x) for x in row[:5]] for row in list(csv.reader(f))[1:]]).T
N = len(C)
NAN = np.full(N, np.nan)
BARS = [0, 1, 2, 9, 10, 13, 14, 18, 19, 20, 22, 26, 29, 30, 33, 39, 40, 41, 49, 50, 51, 60, 68, 69, 80, 99, 100, 112,
        113, 119, 120, 142, 143, 155, 166, 179, 190, 201, 213, 226, 238, 247, 259, 270, 284, 295, 307, 318, 331, 342,
        353, 366, 377, 399]
columns = {}


def start(x):
    return int(np.argmax(~np.isnan(x)))


def rolling(f, n, *xs):
    """f of the last n values of each list, once all have n."""
    s = max(start(x) for x in xs) + n - 1
    return np.array([np.nan if i < s else f(*(x[i + 1 - n:i + 1] for x in xs)) for i in range(N)])


def before(x, k=1):
    return np.concatenate([np.full(k, np.nan), x[:-k]])


def recursive(x, n, gain):
    s, y = start(x), NAN.copy()
    y[s + n - 1] = math.fsum(x[s:s + n]) / n
    for i in range(s + n, N):
        y[i] = (1 - gain) * y[i - 1] + gain * x[i]
    return y


def ema(x, n): return recursive(x, n, 2 / (n + 1))
def wilder(x, n): return recursive(x, n, 1 / n)
def mean(x, n): return rolling(lambda w: math.fsum(w) / n, n, x)
def std(x, n, lost=0): return rolling(lambda w: np.std(w, ddof=lost), n, x)
def rms(x, n): return rolling(lambda w: math.sqrt(np.mean(w * w)), n, x)
def flag(condition, *known): return np.where(np.any(np.isnan(known), axis=0), np.nan, np.where(condition, 1.0, 0.0))
def put(name, x): columns[name] = x


r = np.log(C / before(C))
tr = talib.TRANGE(H, L, C)
r_hl, r_co, r_ho, r_lo = np.log(H / L), np.log(C / O), np.log(H / O), np.log(L / O)
rs = r_ho * np.log(H / C) + r_lo * np.log(L / C)

mid, dev = mean(C, 20), std(C, 20)
put("bollinger.pctb", (C - (mid - 2 * dev)) / (4 * dev))
put("bollinger.bandwidth", 4 * dev / mid)

satr = mean(wilder(tr, 14), 20)
put("standardized_atr.satr", satr)
put("standardized_atr.natr", satr / dev)

average = ema(H - L, 10)
put("chaikin_volatility.ema", average)
put("chaikin_volatility.cvi", 100 * (average / before(average, 10) - 1))

macd = ema(C, 20) - ema(C, 40)
t1 = 150 * (macd - before(macd))
exp, dead = 4 * dev, 3.7 * wilder(tr, 100)
put("waddah_attar_explosion.macd", macd)
put("waddah_attar_explosion.utrend", np.where(t1 < 0, 0, t1))
put("waddah_attar_explosion.dtrend", np.where(t1 > 0, 0, -t1))
put("waddah_attar_explosion.exp", exp)
put("waddah_attar_explosion.dead", dead)
put("waddah_attar_explosion.signal", np.sign(t1) * flag((abs(t1) > exp) & (exp > dead), t1, exp, dead))

put("realized_volatility.log_return", r)
put("realized_volatility.volatility", rms(r, 30))
put("parkinson_volatility.log_range", r_hl)
put("parkinson_volatility.volatility", np.sqrt(mean(r_hl**2, 10) / (4 * math.log(2))))
put("garman_klass_volatility.volatility", np.sqrt(mean(r_hl**2 / 2 - (2 * math.log(2) - 1) * r_co**2, 20)))
put("rogers_satchell_volatility.volatility", np.sqrt(mean(rs, 50)))

n = 14
overnight, open_close = std(np.log(O / before(C)), n, 1), std(r_co, n, 1)
open_close[:n] = np.nan          # over the same bars as the opening jumps
inside = np.sqrt(mean(rs + 0 * r, n))
k = 0.34 / (1.34 + (n + 1) / (n - 1))
put("yang_zhang_volatility.open_close", open_close)
put("yang_zhang_volatility.volatility", np.sqrt(overnight**2 + k * open_close**2 + (1 - k) * inside**2))

down, up = rms(np.where(r > 0, 0, r), 40), rms(np.where(r < 0, 0, r), 40)
put("downside_deviation.downside", down)
put("downside_deviation.upside", up)
put("downside_deviation.downside_share", 1 / (1 + (up / down) ** 2))


def rank(w):
    return scipy.stats.percentileofscore(w[:-1], w[-1], kind="mean")


atr = wilder(tr, 14)
put("atr_percentile.percentile", rolling(rank, 100, atr))
put("atr_percentile.median", rolling(np.median, 100, atr))
put("atr_percentile.over_median", atr / columns["atr_percentile.median"])

fall = 100 * (C / rolling(max, 14, C) - 1)
put("ulcer_index.drawdown", fall)
put("ulcer_index.ui", rms(fall, 14))

once = ema(H - L, 9)
spread = once / ema(once, 9)
mass = rolling(math.fsum, 25, spread)
armed, bulge = False, NAN.copy()
for i in range(start(mass), N):
    bulge[i] = armed and mass[i] < 26.5
    armed = armed and not bulge[i] or mass[i] > 27
put("mass_index.spread", spread)
put("mass_index.mass", mass)
put("mass_index.bulge", bulge)


def dorsey(x):
    s, change = std(x, 10), np.diff(x, prepend=np.nan)
    rise, drop = (wilder(np.where(np.isnan(s), np.nan, s * c), 14) for c in (change > 0, change < 0))
    return 100 * rise / (rise + drop), rise, drop


rvi_high, rvi_low = dorsey(H)[0], dorsey(L)[0]
columns.update(zip(("relative_volatility_index." + x for x in ("rvi", "up", "down")), dorsey(C)))
put("relative_volatility_index.rvi_high", rvi_high)
put("relative_volatility_index.revised", (rvi_high + rvi_low) / 2)

hv_short, hv_long = std(r, 6, 1), std(r, 100, 1)
put("historical_volatility_ratio.hv_short", hv_short)
put("historical_volatility_ratio.hv_long", hv_long)
put("historical_volatility_ratio.ratio", hv_short / hv_long)

vol = rms(r, 10)
put("volatility_of_volatility.vov", std(vol, 60))
put("volatility_of_volatility.relative", std(vol, 60) / mean(vol, 60))

width = 4 * dev / mid
lowest, highest = rolling(min, 125, width), rolling(max, 125, width)
put("bandwidth_percentile.percentile", rolling(rank, 125, width))
put("bandwidth_percentile.relative", (width - lowest) / (highest - lowest))
put("bandwidth_percentile.squeeze", flag(width == lowest, lowest))
put("bandwidth_percentile.bulge", flag(width == highest, highest))
put("bandwidth_percentile.lowest", lowest)
put("bandwidth_percentile.highest", highest)

put("natr.natr", talib.NATR(H, L, C, 14))

put("true_range_expansion.expansion", tr / before(wilder(tr, 10)))
put("true_range_expansion.z", rolling(lambda w: scipy.stats.zscore(w)[-1], 100, tr))
put("true_range_expansion.std", std(tr, 100))

gap = O - before(C)
old = before(wilder(tr, 14))
share = np.clip(np.where(gap > 0, O - L, H - O) / np.where(gap == 0, 1e-300, abs(gap)), 0, 1)
put("gap.gap_atr", gap / old)
put("gap.fill", np.where(gap == 0, 1, share) + 0 * gap)
put("gap.void", (np.maximum(L - before(H), 0) - np.maximum(before(L) - H, 0)) / old)

put("candle_anatomy.body", (C - O) / (H - L))
put("candle_anatomy.upper_shadow", (H - np.maximum(O, C)) / (H - L))
put("candle_anatomy.lower_shadow", (np.minimum(O, C) - L) / (H - L))
put("candle_anatomy.position", (C - L) / (H - L))
union = np.maximum(H, before(H)) - np.minimum(L, before(L))
put("candle_anatomy.overlap", np.maximum(np.minimum(H, before(H)) - np.maximum(L, before(L)), 0) / union)

sigma = NAN.copy()
for i in range(20, N):           # the weights of the definition, all at once
    w = np.concatenate([np.full(20, 0.94 ** (i - 20) / 20), 0.06 * 0.94 ** np.arange(i - 21, -1, -1)])
    sigma[i] = math.sqrt(math.fsum(w * r[1:i + 1] ** 2))
put("ewma_volatility.volatility", sigma)
put("ewma_volatility.surprise", r / before(sigma))


def jumps(w):
    w, n = abs(w), len(w)
    rv = math.fsum(w * w)
    bv = math.pi / 2 * n / (n - 1) * math.fsum(w[1:] * w[:-1])
    qp = (math.pi / 2) ** 2 * n * n / (n - 3) * math.fsum(w[3:] * w[2:-1] * w[1:-2] * w[:-3])
    z = (1 - bv / rv) / math.sqrt((math.pi**2 / 4 + math.pi - 5) / n * max(1, qp / bv**2))
    return rv, bv, max(0, 1 - bv / rv), z


for i, name in enumerate(("realized_variance", "bipower_variance", "jump_share", "jump_z")):
    put("jump_variation." + name, rolling(lambda w: jumps(w)[i], 60, r))

put("realized_moments.skewness", rolling(lambda w: math.sqrt(80) * sum(w**3) / sum(w**2) ** 1.5, 80, r))
put("realized_moments.kurtosis", rolling(lambda w: 80 * sum(w**4) / sum(w**2) ** 2, 80, r))
put("realized_moments.signed_variance", rolling(lambda w: (sum(w[w > 0] ** 2) - sum(w[w < 0] ** 2)) / sum(w**2), 80, r))

bars_alpha, bars_sigma = NAN.copy(), NAN.copy()
for i in range(1, N):            # the spread as published, by exponentials; no bar here lies beyond the close before it
    assert L[i] <= C[i - 1] <= H[i]
    beta = math.log(H[i] / L[i]) ** 2 + math.log(H[i - 1] / L[i - 1]) ** 2
    gamma = math.log(max(H[i], H[i - 1]) / min(L[i], L[i - 1])) ** 2
    d, k2 = 3 - 2 * math.sqrt(2), math.sqrt(8 / math.pi)
    bars_alpha[i] = (math.sqrt(2 * beta) - math.sqrt(beta)) / d - math.sqrt(gamma / d)
    bars_sigma[i] = (2**-0.5 - 1) * math.sqrt(beta) / (k2 * d) + math.sqrt(gamma / (k2**2 * d))
bars_spread = 2 * (np.exp(bars_alpha) - 1) / (1 + np.exp(bars_alpha))
put("high_low_spread.spread_bar", bars_spread)
put("high_low_spread.sigma_bar", bars_sigma)
put("high_low_spread.spread", mean(np.where(bars_spread < 0, 0, bars_spread), 20))
put("high_low_spread.sigma", mean(np.where(bars_sigma < 0, 0, bars_sigma), 20))

serial = rolling(lambda a, b: np.cov(a, b, ddof=0)[0, 1], 50, r, before(r))
put("roll_spread.covariance", serial)
put("roll_spread.spread", 2 * np.sqrt(np.where(serial > 0, 0, -serial)))

put("drawdown.drawdown", C / rolling(max, 100, C) - 1)
put("drawdown.since_high", rolling(lambda w: float(np.argmax(w[::-1])), 100, C))
put("drawdown.max_drawdown", rolling(lambda w: min(b / a - 1 for a, b in itertools.combinations(w, 2)), 100, C))

short, long = rolling(max, 5, H) - rolling(min, 5, L), rolling(max, 20, H) - rolling(min, 20, L)
put("range_ratio.short_range", short)
put("range_ratio.ratio", short / long)
put("range_ratio.narrow", rolling(lambda w: float(w[-1] < min(w[:-1])), 7, H - L))
put("range_ratio.wide", rolling(lambda w: float(w[-1] > max(w[:-1])), 7, H - L))

with open("volatility.csv", "w", newline="\n") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["bar", *columns])
    for i in BARS:
        out.writerow([i] + ["" if math.isnan(x[i]) else "%.13g" % x[i] for x in columns.values()])
