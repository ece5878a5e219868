"""Writes other.csv: composites, candles and swings from their definitions, over whole lists.

Python 3.11 or later; needs numpy. Run in this folder. Input: the 400 bars of indicators_talib.csv, one minute apart from
1970-01-01 00:00 UTC on.
"""
import csv
import math

import numpy as np

with open("indicators_talib.csv") as f:
    rows = list(csv.DictReader(f))
o, h, l, c = (np.array([float(r[k]) for r in rows]) for k in ("open", "high", "low", "close"))
N = len(c)
bars = range(N)
nan = math.nan


def start(x):
    return next((i for i in bars if not math.isnan(x[i])), N)


def window(f, n, x):
    s = start(x) + n - 1
    return np.array([f(x[i - n + 1:i + 1]) if i >= s else nan for i in bars])


def sma(x, n):
    return window(lambda w: math.fsum(w) / n, n, x)


def smooth(x, n, gain):
    s, y = start(x), np.full(N, nan)
    y[s + n - 1] = math.fsum(x[s:s + n]) / n
    for i in range(s + n, N):
        y[i] = (1 - gain) * y[i - 1] + gain * x[i]
    return y


def ema(x, n):
    return smooth(x, n, 2 / (n + 1))


def before(x, k=1):
    return np.concatenate([np.full(k, nan), x[:-k]])


def cross(a, b):
    """1 where a - b turns positive after a negative value, zeros between them not counted; -1 reversed."""
    d = a - b
    side, y = 0.0, np.full(N, nan)
    for i in range(start(d), N):
        if i > start(d):
            y[i] = np.sign(d[i]) if side * d[i] < 0 else 0
        side = np.sign(d[i]) or side
    return y


def flag(condition, *needed):
    known = ~np.isnan(sum(needed))
    return np.where(known, np.asarray(condition, dtype=float), nan)


def rsi_of(x, n):
    up, down = (smooth(np.where(bars >= np.ones(N), w, nan), n, 1 / n) for w in moves(x))
    return 100 * up / (up + down)


def moves(x):
    d = x - before(x)
    return np.maximum(d, 0), np.maximum(-d, 0)


def wave(channel, average, signal):
    src = (h + l + c) / 3
    esa = ema(src, channel)
    de = ema(abs(src - esa), channel)
    ci = (src - esa) / (0.015 * de)
    wt1 = ema(ci, average)
    return esa, de, ci, wt1, sma(wt1, signal)


t = {}
rsi = rsi_of(c, 14)
body_share = 150 * (c - o) / (h - l)

# Cipher A
esa, de, ci, wt1, wt2 = wave(9, 13, 3)
ribbon = [ema(c, n) for n in (5, 11, 15, 18, 21, 24, 28, 34)]
mfi = sma(body_share, 60)
wt, long, red, blue = cross(wt1, wt2), cross(ribbon[1], ribbon[7]), cross(ribbon[0], ribbon[1]), cross(ribbon[1], ribbon[2])
diamond = (wt != 0) & (wt2 >= wt1)
rises = c > o
bull = (o > ribbon[1]) & (o > ribbon[7]) & rises & np.concatenate([[False], rises[:-1]]) & ~diamond & ~(red < 0)
cipher_a = {
    "wt1": wt1, "wt2": wt2, "ema1": ribbon[0], "ema2": ribbon[1], "ema5": ribbon[4], "ema8": ribbon[7], "rsi": rsi,
    "rsi_mfi": mfi, "long_ema": flag(long > 0, long), "red_cross": flag(red < 0, red),
    "blue_triangle": flag(blue > 0, blue), "red_diamond": flag(diamond, wt),
    "blood_diamond": flag(diamond & (red < 0), wt, red),
    "yellow_cross": flag(diamond & (wt2 > -80) & (wt2 < 45) & (rsi > 15) & (rsi < 30) & (mfi < -5), wt, rsi, mfi),
    "bull_candle": flag(bull, wt, ribbon[7]), "short_ema": flag(long < 0, long), "ci": ci, "wt_cross": wt,
}
t |= {"vumanchu_cipher_a." + k: x for k, x in cipher_a.items()}

# Cipher B
esa, de, ci, wt1, wt2 = wave(20, 30, 3)
wt = cross(wt1, wt2)
up, down, low, high = wt > 0, wt < 0, wt2 <= -40, wt2 >= 40
lowest, highest = window(min, 14, rsi), window(max, 14, rsi)
stoch = 100 * (rsi - lowest) / (highest - lowest)
k = sma(stoch, 3)


def schaff_half(x, n):
    raw = 100 * (x - window(min, n, x)) / (window(max, n, x) - window(min, n, x))
    y = raw.copy()
    for i in range(start(raw) + 1, N):
        # A flat stretch keeps its percentage.
        raw[i] = raw[i - 1] if math.isnan(raw[i]) else raw[i]
        y[i] = (y[i - 1] + raw[i]) / 2
    return y


macd = ema(c, 12) - ema(c, 26)
with np.errstate(invalid="ignore"):
    pf = schaff_half(macd, 10)
    tc = schaff_half(pf, 10)
cipher_b = {
    "wt1": wt1, "wt2": wt2, "wtVwap": wt1 - wt2, "rsiMFI": sma(body_share, 30), "rsi": rsi, "stochK": k, "stochD": sma(k, 3),
    "tcVal": tc, "wtCross": wt, "wtCrossUp": flag(up, wt), "wtCrossDown": flag(down, wt), "wtOversold": flag(low, wt2),
    "wtOverbought": flag(high, wt2), "buy_signal": flag(up & low, wt), "bottom_signal": flag(up & (wt2 < -50), wt),
    "sell_signal": flag(down & high, wt), "top_signal": flag(down & (wt2 > 50), wt), "stoch_raw": stoch, "tc_pf": pf,
}
t |= {"vumanchu_cipher_b." + k: x for k, x in cipher_b.items()}

# Wilder's swing index
si = np.full(N, nan)
for i in range(1, N):
    up, down, span, gap = abs(h[i] - c[i - 1]), abs(l[i] - c[i - 1]), h[i] - l[i], abs(c[i - 1] - o[i - 1]) / 4
    r = {up: up - down / 2, down: down - up / 2, span: span}[max(up, down, span)] + gap
    swing = (c[i] - c[i - 1]) + (c[i] - o[i]) / 2 + (c[i - 1] - o[i - 1]) / 4
    si[i] = 50 * swing / r * max(up, down) / (0.1 * c[i - 1])
t["accumulative_swing.asi"], t["accumulative_swing.si"] = [nan, *np.cumsum(si[1:])], si

tr = np.maximum(h, before(c)) - np.minimum(l, before(c))
atr = smooth(tr, 14, 1 / 14)
m = sma(c, 10)
madr, limit = c / m - 1, 0.45 * atr / m
t["madr.madr"], t["madr.threshold"] = madr, limit
t["madr.buy_signal"], t["madr.sell_signal"] = flag(madr < -limit, limit), flag(madr > 0.95 * limit, limit)
madr = ema(h / ema(h, 42) - 1, 21)
limit = 2 * window(np.std, 42, madr)
t["madr_v2.madr"], t["madr_v2.rolling_mean"], t["madr_v2.dynamic_threshold"] = madr, ema(h, 42), limit
t["madr_v2.buy_signal"], t["madr_v2.sell_signal"] = flag(madr < -limit, limit), flag(madr > limit, limit)

t["signal_filler.signal"] = c
hh, ll = window(max, 14, h), window(min, 14, l)
for name, share in (("23", 0.236), ("38", 0.382), ("50", 0.5), ("61", 0.618), ("78", 0.786)):
    t["fibonacci_levels.fib" + name] = hh - share * (hh - ll)

ha_close = (o + h + l + c) / 4
# The recursion as a sum: half of the last close, a quarter of the one before, ...
ha_open = np.array([math.fsum([*(ha_close[j] / 2 ** (i - j) for j in range(i)), (o[0] + c[0]) / 2 / 2**i]) for i in bars])
ha_high, ha_low = np.maximum.reduce([h, ha_open, ha_close]), np.minimum.reduce([l, ha_open, ha_close])
signal = np.sign(ha_close - ha_open)
run = [next((k for k in range(1, i + 1) if signal[i - k] != signal[i]), i + 1) for i in bars]
for name, x in (("open", ha_open), ("high", ha_high), ("low", ha_low), ("close", ha_close), ("signal", signal), ("run", run)):
    t["heiken_ashi." + name] = x

# Candles: the conditions for rising and falling written out one by one.
body, span, s = abs(c - o), h - l, np.sign(c - o)
top, bottom = np.maximum(o, c), np.minimum(o, c)
upper, lower = h - top, bottom - l
B, R = before(sma(body, 10)), before(sma(span, 10))
trend = c - sma(c, 10)
names = "doji marubozu hammer shooting_star engulfing harami piercing star soldiers tweezer three_inside".split()
found = {k: np.full(N, nan) for k in names}
for i in range(10, N):
    x, y = i - 1, i - 2
    is_long, is_short = (lambda j: body[j] > B[i]), (lambda j: body[j] <= B[i] / 2)
    mid = lambda j: (o[j] + c[j]) / 2
    f = {k: 0 for k in names}
    f["doji"] = int(body[i] <= R[i] / 10 and span[i] > 0)
    if is_long(i) and upper[i] <= R[i] / 10 and lower[i] <= R[i] / 10:
        f["marubozu"] = s[i]
    if lower[i] > 0 and lower[i] >= max(2 * body[i], R[i] / 2) and upper[i] <= R[i] / 10:
        f["hammer"] = -np.sign(trend[x])
    if upper[i] > 0 and upper[i] >= max(2 * body[i], R[i] / 2) and lower[i] <= R[i] / 10:
        f["shooting_star"] = -np.sign(trend[x])
    opposite = s[i] * s[x] == -1
    if opposite and is_long(i) and body[i] > body[x] and top[i] >= top[x] and bottom[i] <= bottom[x]:
        f["engulfing"] = s[i]
    if is_long(x) and is_short(i) and top[i] <= top[x] and bottom[i] >= bottom[x]:
        f["harami"] = -s[x]
    if opposite and is_long(x):
        if s[i] > 0 and o[i] <= c[x] and mid(x) < c[i] < o[x]:
            f["piercing"] = 1
        if s[i] < 0 and o[i] >= c[x] and o[x] < c[i] < mid(x):
            f["piercing"] = -1
    if is_long(y) and is_short(x):
        if s[y] < 0 < s[i] and top[x] <= mid(y) < c[i]:
            f["star"] = 1
        if s[i] < 0 < s[y] and bottom[x] >= mid(y) > c[i]:
            f["star"] = -1
    if not any(map(is_short, (y, x, i))) and all(bottom[j - 1] <= o[j] <= top[j - 1] for j in (x, i)):
        if s[y] == s[x] == s[i] == 1 and c[y] < c[x] < c[i] and all(upper[j] <= body[j] / 2 for j in (y, x, i)):
            f["soldiers"] = 1
        if s[y] == s[x] == s[i] == -1 and c[y] > c[x] > c[i] and all(lower[j] <= body[j] / 2 for j in (y, x, i)):
            f["soldiers"] = -1
    if s[x] < 0 < s[i] and abs(l[x] - l[i]) <= R[i] / 20 and i > 10 and trend[y] < 0:
        f["tweezer"] = 1
    if s[i] < 0 < s[x] and abs(h[x] - h[i]) <= R[i] / 20 and i > 10 and trend[y] > 0:
        f["tweezer"] = -1
    if i > 10 and found["harami"][x] == 1 and s[i] > 0 and c[i] > o[y]:
        f["three_inside"] = 1
    if i > 10 and found["harami"][x] == -1 and s[i] < 0 and c[i] < o[y]:
        f["three_inside"] = -1
    for k in names:
        found[k][i] = nan if i == 10 and k in ("tweezer", "three_inside") else f[k]
t |= {"candle_patterns." + k: x for k, x in found.items()}
t["candle_patterns.body"], t["candle_patterns.upper"], t["candle_patterns.trend"] = (c - o) / B, upper / R, trend

# Bars in a row
known = np.where(bars >= np.ones(N), 0, nan)


def in_a_row(grows):
    return [next(k for k in range(i + 1) if k == i or not grows[i - k]) + known[i] for i in bars]


inner = (h < before(h)) & (l > before(l))
outer = (h > before(h)) & (l < before(l))
t["bar_structure.inside"], t["bar_structure.outside"] = inner + known, outer + known
t["bar_structure.up_run"], t["bar_structure.down_run"] = in_a_row(c > before(c)), in_a_row(c < before(c))
t["bar_structure.high_run"], t["bar_structure.low_run"] = in_a_row(h > before(h)), in_a_row(l < before(l))
t["bar_structure.narrow"] = window(lambda w: float(w[-1] == min(w)), 7, span)
t["bar_structure.wide"] = window(lambda w: float(w[-1] == max(w)), 7, span)


# Swings: every bar looks back over all swings confirmed so far.
def swings(x, sign, since=0):
    """Bars of the swings of x; each is known five bars later."""
    y = sign * x
    return [j for j in range(since + 5, N - 5) if y[j] >= max(y[j - 5:j]) and y[j] > max(y[j + 1:j + 6])]


names = "swing_high swing_low high_distance low_distance high_age low_age new_high new_low leg structure".split()
table = []
tops, bottoms = swings(h, 1), swings(l, -1)
for i in bars:
    if i < 10:
        table.append([nan] * 10)
        continue
    highs, lows = [j for j in tops if j + 5 <= i], [j for j in bottoms if j + 5 <= i]
    high = highs[-1] if highs else max(range(i + 1), key=lambda j: (h[j], j))
    low = lows[-1] if lows else min(range(i + 1), key=lambda j: (l[j], -j))
    steps = [np.sign(x[js[-1]] - x[js[-2]]) if len(js) > 1 else 0 for x, js in ((h, highs), (l, lows))]
    last = max([(j, -1) for j in highs if j not in lows] + [(j, 1) for j in lows if j not in highs], default=(0, 0))
    table.append([
        h[high], l[low], c[i] / h[high] - 1, c[i] / l[low] - 1, i - high, i - low, i - 5 in highs, i - 5 in lows, last[1],
        steps[0] if steps[0] == steps[1] else 0,
    ])
t |= {"swing_points." + k: np.array([row[j] for row in table], dtype=float) for j, k in enumerate(names)}

# One UTC day holds all bars, so the range so far stands for the day before.
highest, lowest = np.maximum.accumulate(h), np.minimum.accumulate(l)
place = (c - lowest) / (highest - lowest)
for name, x in (("high", highest), ("low", lowest), ("close", [o[0]] * N), ("position", place), ("change", c / o[0] - 1),
                ("breakout", [0] * N), ("session_position", place)):
    t["session_range." + name] = x

# Divergences: swings count once the RSI is known around them.
names = "bullish bearish hidden_bullish hidden_bearish bull_age bear_age low_step low_rsi_step high_step high_rsi_step".split()
table = [[nan] * 10 for _ in range(24)]
sides = [(l, swings(l, -1, 14)), (h, swings(h, 1, 14))]
events = {0: [], 1: []}
for i in range(24, N):
    row = [0] * 4
    steps = []
    for side, (x, js) in enumerate(sides):
        js = [j for j in js if j + 5 <= i]
        if len(js) < 2:
            steps += [0, 0]
            continue
        a, b = js[-2:]
        steps += [x[b] / x[a] - 1, rsi[b] - rsi[a]]
        if b + 5 == i and b - a <= 60:
            further, stronger = (x[b] < x[a], rsi[b] > rsi[a]) if side == 0 else (x[b] > x[a], rsi[b] < rsi[a])
            row[side], row[2 + side] = further and stronger, x[b] != x[a] and not further and not stronger
        if row[side]:
            events[side].append(i)
    table.append(row + [i - (events[side] or [24])[-1] for side in (0, 1)] + steps)
t |= {"rsi_divergence." + k: np.array([row[j] for row in table], dtype=float) for j, k in enumerate(names)}

# A selection of bars: both sides of the first indices, a grid, and for each flag up to two bars of each sign.
shown = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 20, 23, 24, 26, 28, 30, 33, 34, 41, 43, 59, 61, 67, 69, 70, 102}
shown |= set(range(110, N, 15))
for name, x in t.items():
    x = np.asarray(x, dtype=float)
    if set(np.unique(x[~np.isnan(x)])) <= {-1, 0, 1}:
        for value in (-1, 1):
            at = [i for i in bars if x[i] == value]
            if not shown & set(at):
                shown |= set(at[-1:])
with open("other.csv", "w", newline="\n") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["bar", *t])
    for i in sorted(shown):
        out.writerow([i] + ["" if math.isnan(x[i]) else "%.13g" % x[i] for x in t.values()])
for name, x in t.items():
    x = np.asarray(x, dtype=float)
    values, counts = np.unique(x[~np.isnan(x)], return_counts=True)
    if len(values) <= 3:
        print(name, dict(zip(values, counts)))
