"""Writes momentum.csv: the published momentum definitions over whole lists, for the bars of indicators_talib.csv.

Python 3.11, numpy 2.4. Where TA-Lib 0.8.2 (PyPI) has the same definition, the column is compared with it here.
"""

import csv
import math
from itertools import accumulate, takewhile
from pathlib import Path

import numpy as np
import talib

HERE = Path(__file__).parent
with open(HERE / "indicators_talib.csv") as f:
    rows = list(csv.reader(f))[1:]
O, H, L, C, V = np.array([[float(x) for x in r[:5]] for r in rows]).T
N = len(C)
NAN = math.nan
table = {}


def begin(x):
    return int(np.argmax(~np.isnan(x)))


def over(n, f, *xs):
    """f of the last n values of each list, from where all have n."""
    start = max(begin(x) for x in xs) + n - 1
    return np.array([NAN if i < start else f(*(x[i - n + 1 : i + 1] for x in xs)) for i in range(N)])


def ago(x, k):
    return np.concatenate([np.full(k, NAN), x[: N - k]])


def sma(x, n):
    return over(n, lambda w: math.fsum(w) / n, x)


def total(x, n):
    return over(n, math.fsum, x)


def wma(x, n):
    return over(n, lambda w: np.average(w, weights=np.arange(1, n + 1)), x)


def top(x, n):
    return over(n, np.max, x)


def bottom(x, n):
    return over(n, np.min, x)


def smooth(x, n, gain):
    s = begin(x)
    rest = accumulate(x[s + n :], lambda y, v: (1 - gain) * y + gain * v, initial=math.fsum(x[s : s + n]) / n)
    return np.concatenate([np.full(s + n - 1, NAN), list(rest)])


def ema(x, n):
    return smooth(x, n, 2 / (n + 1))


def wilder(x, n):
    return smooth(x, n, 1 / n)


def rises(d):
    return np.where(np.isnan(d), NAN, np.maximum(d, 0))


def rsi(x, n):
    d = x - ago(x, 1)
    up, down = wilder(rises(d), n), wilder(rises(-d), n)
    return 100 - 100 / (1 + up / down)


def roc(x, n):
    return 100 * (x / ago(x, n) - 1)


def put(name, **lines):
    for line, values in lines.items():
        table[f"{name}.{line}"] = np.asarray(values, dtype=float)


def agree(ours, theirs, after=0):
    """TA-Lib says the same from bar `after` on, where it may start its recursions elsewhere."""
    both = ~np.isnan(theirs) & (np.arange(N) >= after)
    assert both.sum() > 30
    np.testing.assert_allclose(ours[both], theirs[both], rtol=1e-8, atol=1e-9)


HL, TP = (H + L) / 2, (H + L + C) / 3
C1 = ago(C, 1)
D = C - C1
LOW, HIGH = np.fmin(L, C1), np.fmax(H, C1)
TR = np.where(np.isnan(C1), NAN, HIGH - LOW)

# Absolute strength
bulls, bears = (wma(wma(rises(s * D), 9), 2) for s in (1, -1))
put("absolute_strength", ash=bulls - bears, bulls=bulls, bears=bears)

# Williams
ao = sma(HL, 5) - sma(HL, 34)
put("awesome_osc", ao=ao, slow_sma=sma(HL, 34))
put("accelerator_oscillator", ac=ao - sma(ao, 5), ao_average=sma(ao, 5))

# Balance of power
bop = (C - O) / (H - L)
agree(bop, talib.BOP(O, H, L, C))
put("balance_of_power", bop=bop, smooth=sma(bop, 14))

# CCI
meandev = over(20, lambda w: np.mean(np.abs(w - w.mean())), TP)
cci = (TP - sma(TP, 20)) / (0.015 * meandev)
agree(cci, talib.CCI(H, L, C, 20))
put("cci", cci=cci, meandev=meandev)


# Lines through closes
def fit(w):
    j = np.arange(1, len(w) + 1)
    slope, at_zero = np.polyfit(j, w, 1)
    residuals = w - (slope * j + at_zero)
    r2 = 1 - np.sum(residuals**2) / np.sum((w - w.mean()) ** 2)
    return slope, at_zero + slope * len(w), r2, math.sqrt(np.sum(residuals**2) / (len(w) - 2))


slope, end, r2, error = (over(14, lambda w: fit(w)[k], C) for k in range(4))
agree(slope, talib.LINEARREG_SLOPE(C, 14))
agree(end, talib.LINEARREG(C, 14))
agree(r2, talib.CORREL(C, np.arange(N) * 1.0, 14) ** 2)
put("linear_regression", slope=slope, r2=r2, end=end, deviation=C - end, standard_error=error)
forecast = ago(over(5, lambda w: fit(w)[1] + fit(w)[0], C), 1)
agree(forecast, ago(talib.TSF(C, 5), 1))
cfo = 100 * (C - forecast) / C
put("chande_forecast", cfo=cfo, signal=sma(cfo, 3), forecast=forecast)

# Chande
up, down = total(rises(D), 20), total(rises(-D), 20)
put("chande_momentum", cmo=100 * (up - down) / (up + down), up=up, down=down)
gains, losses = total(rises(C - O), 14), total(rises(O - C), 14)
put("intraday_momentum", imi=100 * gains / (gains + losses), gains=gains)
stds = over(5, np.std, C)
v = stds / sma(stds, 10)
length = np.array([NAN if math.isnan(x) else min(30, max(5, math.floor(14 / x))) for x in v])
dmi = [NAN] * 30
for i in range(30, N):
    last = D[i + 1 - int(length[i]) : i + 1]
    dmi.append(100 * last[last > 0].sum() / np.abs(last).sum())
put("dynamic_momentum_index", dmi=dmi, v=v, length=length)
rsi14 = rsi(C, 14)
agree(rsi14, talib.RSI(C, 14))
place = 100 * (rsi14 - bottom(rsi14, 14)) / (top(rsi14, 14) - bottom(rsi14, 14))
agree(place, talib.STOCHRSI(C, 14, 14, 3, 0)[0])
put("stoch_rsi", k=sma(place, 3), d=sma(sma(place, 3), 3), stoch=place, highest=top(rsi14, 14))

# RSI and kin
for n in (7, 14, 21):
    put(f"rsi_{n}", rsi=rsi(C, n))
put("rsi_14", maup=wilder(rises(D), 14), madown=wilder(rises(-D), 14))
far = C - ago(C, 5)
maup, madown = wilder(rises(far), 20), wilder(rises(-far), 20)
put("rmi", rmi=100 * maup / (maup + madown), maup=maup, madown=madown)
smoothed = ema(ema(rsi14, 5), 3)
put("derivative_oscillator", oscillator=smoothed - sma(smoothed, 9), smooth=smoothed)

# Connors: the streak is counted backwards from each bar
signs = np.sign(np.nan_to_num(D))
streak = np.array([s * len(list(takewhile(lambda x: x == s, signs[i::-1]))) if s else 0 for i, s in enumerate(signs)])
rate = D / C1
rank = over(101, lambda w: float(np.count_nonzero(w[:100] < w[100])), rate)
crsi = (rsi(C, 3) + rsi(streak, 2) + rank) / 3
put("connors_rsi", crsi=crsi, streak=streak, streak_rsi=rsi(streak, 2), rank=rank)

# QQE: the bands as loops over the averaged index
r6 = rsi(C, 6)
ma = ema(r6, 5)
atr_rsi = np.abs(ma - ago(ma, 1))
dar = 3 * ema(ema(atr_rsi, 14), 14)
long, short, trend = ma - dar, ma + dar, np.full(N, NAN)
s = begin(dar)
for i in range(s + 1, N):
    if ma[i - 1] > long[i - 1] and ma[i] > long[i - 1]:
        long[i] = max(long[i], long[i - 1])
    if ma[i - 1] < short[i - 1] and ma[i] < short[i - 1]:
        short[i] = min(short[i], short[i - 1])
    state = trend[i - 1] if i > s + 1 else 1
    trend[i] = 1 if ma[i] > short[i - 1] else -1 if ma[i] < long[i - 1] else state
line = np.where(np.isnan(trend), NAN, np.where(trend > 0, long, short))
before = np.concatenate([[NAN] * (s + 1), [1], trend[s + 1 : -1]])
put("qqe_mod", qqe_line=line, qqe_oscillator=np.where(np.isnan(trend), NAN, ma - 50), trend=trend, rsi=r6, rsi_ma=ma)
put("qqe_mod", atr_rsi=atr_rsi, dar=dar, long_band=long, short_band=short)
put("qqe_mod", cross_long=np.where(np.isnan(trend), NAN, (trend > before) * 1.0))

# Ehlers
l0 = np.array(list(accumulate(C, lambda y, x: 0.5 * x + 0.5 * y)))


def all_pass(x):
    y = [x[0]]
    for i in range(1, N):
        y.append(-0.5 * x[i] + x[i - 1] + 0.5 * y[i - 1])
    return np.array(y)


l1 = all_pass(l0)
l2 = all_pass(l1)
l3 = all_pass(l2)
cu = sum(np.maximum(a - b, 0) for a, b in ((l0, l1), (l1, l2), (l2, l3)))
cd = sum(np.maximum(b - a, 0) for a, b in ((l0, l1), (l1, l2), (l2, l3)))
with np.errstate(invalid="ignore"):
    put("laguerre_rsi", lrsi=cu / (cu + cd), l0=l0, l3=l3, cu=cu, cd=cd)
four = [1 / 6, 2 / 6, 2 / 6, 1 / 6]
vigor, body_range = (sma(over(4, lambda w: np.dot(w, four), x), 10) for x in (C - O, H - L))
rvi = vigor / body_range
put("relative_vigor_index", rvi=rvi, signal=over(4, lambda w: np.dot(w, four), rvi), vigor=vigor)

# Rates of change and differences of averages
put("momentum", momentum=C - ago(C, 12))
agree(C - ago(C, 12), talib.MOM(C, 12))
put("roc", roc=(C - ago(C, 12)) / ago(C, 12))
agree(roc(C, 12), talib.ROC(C, 12))
fast, slow = ema(C, 5), ema(C, 35)
ppo = 100 * (fast - slow) / slow
put("ppo", ppo=ppo, signal=ema(ppo, 5), hist=ppo - ema(ppo, 5))
triple = ema(ema(ema(C, 15), 15), 15)
trix = roc(triple, 1)
agree(trix, talib.TRIX(C, 15))
put("trix", trix=trix, signal=ema(trix, 9), ema3=triple)
parts = [sma(roc(C, r), n) for r, n in ((10, 10), (15, 10), (20, 10), (30, 15))]
kst = sum(k * part for k, part in enumerate(parts, 1))
put("kst", kst=kst, signal=sma(kst, 9), rcma1=parts[0], rcma4=parts[3])
put("coppock", coppock=wma(roc(C, 11) + roc(C, 14), 10), roc_sum=roc(C, 11) + roc(C, 14))
roc_smooth = 10 * smooth(roc(C, 1), 34, 2 / 35)
pmo = smooth(roc_smooth, 19, 2 / 20)
put("price_momentum_oscillator", pmo=pmo, signal=ema(pmo, 10), hist=pmo - ema(pmo, 10), roc_smooth=roc_smooth)
put("disparity_index", disparity=100 * (C / sma(C, 25) - 1))
put("elder_ray", bull_power=H - ema(C, 13), bear_power=L - ema(C, 13))
put("pretty_good_osc", pgo=(C - sma(C, 14)) / ema(TR, 14), range=ema(TR, 14))

# Blau
once, size = ema(D, 25), ema(np.abs(D), 25)
tsi = 100 * ema(once, 13) / ema(size, 13)
put("tsi", tsi=tsi, signal=ema(tsi, 7), sm12=ema(once, 13), sm22=ema(size, 13), sm21=size)
middle, span = (top(H, 13) + bottom(L, 13)) / 2, top(H, 13) - bottom(L, 13)
distance, half = ema(ema(C - middle, 25), 2), ema(ema(span / 2, 25), 2)
smi = 100 * distance / half
put("stochastic_momentum", smi=smi, signal=ema(smi, 9), distance=C - middle, range_smooth=2 * half)

# Places in ranges
hh, ll = top(H, 14), bottom(L, 14)
k = 100 * (C - ll) / (hh - ll)
agree(sma(k, 3), talib.STOCH(H, L, C, 14, 3, 0, 3, 0)[0])
put("stochastic_slow", percK=sma(k, 3), percD=sma(sma(k, 3), 3), k=k, highest=hh, lowest=ll)
percent_r = -100 * (hh - C) / (hh - ll)
agree(percent_r, talib.WILLR(H, L, C, 14))
put("williams_r", percR=percent_r)
dvu = sma(C / HL, 2)
put("dv2", dv2=over(252, lambda w: 100 * np.count_nonzero(w < w[-1]) / 252, dvu), dvu=dvu)
bp = C - LOW
bp[0] = NAN
av = [total(bp, n) / total(TR, n) for n in (7, 14, 28)]
uo = 100 * (4 * av[0] + 2 * av[1] + av[2]) / 7
agree(uo, talib.ULTOSC(H, L, C, 7, 14, 28))
put("ultimate_osc", uo=uo, bp=bp, av1=av[0], av3=av[2])
put("psychological_line", psy=over(12, lambda w: 100 * np.count_nonzero(w > 0) / 12, D))

# Straightness
x = 100 * np.log(C)
path = total(np.hypot(x - ago(x, 1), 1), 10)
straight = np.hypot(x - ago(x, 10), 10)
raw = 100 * np.sign(x - ago(x, 10)) * straight / path
put("polarized_fractal_efficiency", pfe=ema(raw, 5), raw=raw, path=path)
walks = [([NAN] * 2, [NAN] * 2)] * 9
for i in range(9, N):
    scale = {k: TR[i - k + 1 : i + 1].mean() * math.sqrt(k) for k in range(2, 10)}
    highs = max(((H[i] - L[i - k]) / scale[k], k) for k in scale)
    lows = max(((H[i - k] - L[i]) / scale[k], k) for k in scale)
    walks.append((highs, lows))
put("random_walk_index", rwi_high=[w[0][0] for w in walks], rwi_low=[w[1][0] for w in walks])
put("random_walk_index", high_length=[w[0][1] for w in walks], low_length=[w[1][1] for w in walks])

# Bars on both sides of many first bars, and enough from the last first bar on
bars = [0, 1, 8, 9, 12, 13, 14, 18, 19, 23, 24, 33, 37, 38, 43, 44, 52, 61, 100, 101, 251, *range(252, N, 7)]
with open(HERE / "momentum.csv", "w", newline="\n") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["bar", *table])
    for i in bars:
        out.writerow([i] + ["" if math.isnan(x[i]) else "%.13g" % x[i] for x in table.values()])
