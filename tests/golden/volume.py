"""Writes volume.csv: the volume and order-flow indicators from their definitions, over whole lists, and checks those that
TA-Lib has against it. Python 3.11 or later; needs: pip install ta-lib==0.8.2 numpy (C library 0.8.1).

Run in this folder. Input: the 400 bars of indicators_talib.csv, one minute apart from 1970-01-01 00:00 UTC on, with
taker_buy_volume = (37 i mod 101) / 100 of the volume, quote_volume = volume (high + low) / 2, trades = 1 + 53 i mod 211.
"""
import csv
import math

import numpy as np
import talib

with open("indicators_talib.csv") as f:
    rows = list(csv.DictReader(f))
o, h, l, c, v = (np.array([float(r[k]) for r in rows]) for k in ("open", "high", "low", "close", "volume"))
N = len(c)
bars = range(N)
buy = np.array([i * 37 % 101 / 100 for i in bars]) * v
quote = v * (h + l) / 2
trades = np.array([1.0 + i * 53 % 211 for i in bars])
nan = math.nan


def start(x):
    return next((i for i in bars if not math.isnan(x[i])), N)


def window(f, n, *xs):
    """f of the last n values of each column, from the bar on which all have n."""
    s = max(start(x) for x in xs) + n - 1
    return np.array([f(*(x[i - n + 1:i + 1] for x in xs)) if i >= s else nan for i in bars])


def total(x, n):
    return window(math.fsum, n, x)


def mean(x, n):
    return total(x, n) / n


def std(x, n):
    return window(np.std, n, x)


def smooth(x, n, gain):
    s, y = start(x), np.full(N, nan)
    y[s + n - 1] = math.fsum(x[s:s + n]) / n
    for i in range(s + n, N):
        y[i] = (1 - gain) * y[i - 1] + gain * x[i]
    return y


def ema(x, n):
    return smooth(x, n, 2 / (n + 1))


def wilder(x, n):
    return smooth(x, n, 1 / n)


def before(x, k=1):
    return np.concatenate([np.full(k, nan), x[:-k]])


def running(x):
    s = start(x)
    return np.array([math.fsum(x[s:i + 1]) if i >= s else nan for i in bars])


def corr(x, y, n):
    return window(lambda a, b: np.corrcoef(a, b)[0, 1], n, x, y)


def flags(known, *conditions):
    return [np.where(known, x, nan) for x in (np.asarray(k, dtype=float) for k in conditions)]


t = {}
known = bars >= np.ones(N)
step = c - before(c)
tp = (h + l + c) / 3
clv = np.array([(2 * c[i] - l[i] - h[i]) / (h[i] - l[i]) if h[i] > l[i] else 0.0 for i in bars])
flow = clv * v
ad = running(flow)

t["accumulation_distribution.ad"], t["accumulation_distribution.clv"] = ad, clv
t["chaikin_money_flow.money_flow"] = total(flow, 20) / total(v, 20)
t["chaikin_money_flow.ad"] = flow
t["chaikin_oscillator.osc"] = ema(ad, 3) - ema(ad, 10)
t["chaikin_oscillator.slow_ema"] = ema(ad, 10)
trh, trl = np.maximum(h, before(c)), np.minimum(l, before(c))
adv = (2 * c - trl - trh) / (trh - trl) * v
t["twiggs_money_flow.tmf"] = wilder(adv, 21) / wilder(np.where(known, v, nan), 21)
t["twiggs_money_flow.adv"] = adv
t["intraday_intensity.intensity"] = 100 * total(flow, 63) / total(v, 63)
t["intraday_intensity.impulse"] = flow / mean(v, 63)

rise = np.where(known, tp - before(tp), nan)
money = np.where(known, tp * v * np.sign(rise), nan)
up, down = total(np.where(known, np.maximum(money, 0), nan), 14), total(np.where(known, np.maximum(-money, 0), nan), 14)
t["mfi.mfi"], t["mfi.flow"], t["mfi.negative"] = 100 * up / (up + down), money, down

trend, cm = np.full(N, nan), np.full(N, nan)
for i in range(1, N):
    trend[i] = 1 if h[i] + l[i] + c[i] > h[i - 1] + l[i - 1] + c[i - 1] else -1
    # The range from the bar before the trend's first bar on.
    j = i
    while j > 1 and trend[j - 1] == trend[i]:
        j -= 1
    cm[i] = math.fsum(h[j - 1:i + 1]) - math.fsum(l[j - 1:i + 1])
vf = 100 * v * abs(2 * (h - l) / cm - 1) * trend
kvo = ema(vf, 34) - ema(vf, 55)
for name, x in (("kvo", kvo), ("sig", ema(kvo, 13)), ("vf", vf), ("trend", trend), ("cm", cm)):
    t["klinger_osc." + name] = x

cutoff = 0.2 * std(np.log(tp) - np.log(before(tp)), 30) * c
vave = before(mean(v, 130))
vc = np.minimum(v, 2.5 * vave)
vcp = np.where(rise > cutoff, vc, np.where(rise < -cutoff, -vc, np.where(np.isnan(vc), nan, 0.0)))
raw = total(vcp, 130) / vave
for name, x in (("vfi", ema(raw, 3)), ("raw", raw), ("vcp", vcp), ("cutoff", cutoff)):
    t["volume_flow_indicator." + name] = x

t["price_volume_trend.pvt"] = running(v * step / before(c))
t["force_index.force"], t["force_index.short"] = ema(v * step, 13), ema(v * step, 2)
middle = (h + l) / 2
eom = (middle - before(middle)) / (v / 10_000 / (h - l))
t["ease_of_movement.eom"], t["ease_of_movement.raw"] = mean(eom, 14), eom

ease = (h - l) / v
t["market_facilitation_index.mfi"] = ease
more, wider = v > before(v), ease > before(ease)
states = flags(known, wider & more, ~wider & ~more, wider & ~more, ~wider & more)
for name, x in zip(("green", "fade", "fake", "squat"), states):
    t["market_facilitation_index." + name] = x

for name, id_, counts in (("nvi", "negative_volume_index", v < before(v)), ("pvi", "positive_volume_index", more)):
    index = 1000 * np.exp(np.cumsum(np.where(counts, np.log(c / np.where(known, before(c), 1)), 0)))
    t[f"{id_}.{name}"], t[id_ + ".signal"] = index, ema(index, 255)
    t[id_ + ".distance"] = index / ema(index, 255) - 1

t["volume_osc.osc"] = 100 * (ema(v, 5) / ema(v, 10) - 1)
t["volume_osc.short"], t["volume_osc.long"] = ema(v, 5), ema(v, 10)
t["volume_zscore.z"] = (v - mean(v, 50)) / std(v, 50)
t["volume_zscore.std"] = std(v, 50)
t["volume_zscore.rank"] = window(lambda w: 100 * np.mean((w[:-1] < w[-1]) + (w[:-1] == w[-1]) / 2), 100, v)
t["relative_volume.relative"] = v / before(mean(v, 24))
t["relative_volume.change"] = mean(v, 24) / before(mean(v, 24), 24)
r = step / before(c)
t["price_volume_correlation.level"] = corr(c, v, 40)
t["price_volume_correlation.change"] = corr(r, v, 40)
t["price_volume_correlation.size"] = corr(abs(r), v, 40)
illiquid = abs(r) / (c * v) * 1e6
t["amihud_illiquidity.illiq"], t["amihud_illiquidity.raw"] = mean(illiquid, 21), illiquid
t["amihud_illiquidity.relative"] = illiquid / mean(illiquid, 21)


def vwap(p, w):
    return np.average(p, weights=w)


def spread(p, w):
    return math.sqrt(np.average((p - vwap(p, w)) ** 2, weights=w))


centre, width = window(vwap, 70, tp, v), window(spread, 70, tp, v)
for name, x in (("vwap", centre), ("top", centre + 2 * width), ("z", (c - centre) / width), ("std", width)):
    t["vwap_rolling." + name] = x
# All 400 minutes lie in one UTC day.
centre = np.array([vwap(tp[:i + 1], v[:i + 1]) for i in bars])
width = np.array([spread(tp[:i + 1], v[:i + 1]) for i in bars])
for name, x in (("vwap", centre), ("bot", centre - 2 * width), ("distance", c / centre - 1), ("volume", np.cumsum(v))):
    t["vwap_anchored." + name] = x

share, delta = buy / v, buy - (v - buy)
cvd = running(delta)
t["taker_imbalance.share"], t["taker_imbalance.delta"] = share, delta
t["taker_imbalance.imbalance"] = total(delta, 12) / total(v, 12)
t["taker_imbalance.z"] = (share - mean(share, 100)) / std(share, 100)
gain, bought = c - before(c, 30), cvd - before(cvd, 30)
t["cumulative_delta.cvd"], t["cumulative_delta.change"] = cvd, bought
t["cumulative_delta.divergence"] = np.where((gain < 0) & (bought > 0), 1, np.where((gain > 0) & (bought < 0), -1, 0 * gain))
t["cumulative_delta.agreement"] = corr(r, delta, 30)
size = v / trades
t["trade_size.size"], t["trade_size.relative"] = size, size / mean(size, 60)
t["trade_size.z"] = (size - mean(size, 60)) / std(size, 60)
t["trade_intensity.relative"] = trades / mean(trades, 40)
t["trade_intensity.z"] = (trades - mean(trades, 40)) / std(trades, 40)
t["trade_intensity.crowd"] = corr(trades, v, 40)
paid = quote / v
t["quote_vwap.vwap"], t["quote_vwap.gap"], t["quote_vwap.drift"] = paid, c / paid - 1, mean(c / paid - 1, 20)
t["quote_vwap.place"] = (paid - l) / (h - l)

for ours, theirs, since in (
    ("mfi.mfi", talib.MFI(h, l, c, v, 14), 14),
    ("accumulation_distribution.ad", talib.AD(h, l, c, v), 0),
    # Its averages start from one value.
    ("chaikin_oscillator.osc", talib.ADOSC(h, l, c, v, 3, 10), 200),
):
    assert np.allclose(t[ours][since:], theirs[since:], rtol=1e-9, atol=1e-9), ours

shown = [0, 1, 2, 3, 8, 9, 11, 12, 13, 14, 18, 19, 20, 21, 24, 30, 39, 40, 47, 49, 55, 59, 62, 67, 69, 99, 130, 254, 258, 259]
with open("volume.csv", "w", newline="\n") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["bar", *t])
    for i in [*shown, *range(260, N, 6)]:
        out.writerow([i] + ["" if math.isnan(x[i]) else "%.13g" % x[i] for x in t.values()])
