"""Writes trend.csv: published trend indicators on the bars of indicators_talib.csv, written out from their definitions over
whole lists, and where it says `talib` taken from TA-Lib 0.8.2 (pip install ta-lib==0.8.2 numpy==2.4.6). Run it here."""
import csv, math
import numpy as np, talib

with open("indicators_talib.csv") as f:
    rows = [[float(x) for x in row[:5]] for row in list(csv.reader(f))[1:]]
O, H, L, C, V = (np.array(x) for x in zip(*rows))
N = len(C)
nan = math.nan
t = range(N)
P = (H + L) / 2
TR = np.array([nan] + [max(H[i], C[i - 1]) - min(L[i], C[i - 1]) for i in range(1, N)])
table = {}


def put(name, **lines):
    for line, x in lines.items():
        table[f"{name}.{line}"] = list(x)


def first(x):
    return next(i for i, v in enumerate(x) if not math.isnan(v))


def over(f, n, *series):
    """f of the last n values of every series, once all of them are known."""
    begin = max(map(first, series)) + n - 1
    return np.array([nan if i < begin else float(f(*(x[i - n + 1:i + 1] for x in series))) for i in t])


def hh(x, n): return over(max, n, x)
def ll(x, n): return over(min, n, x)
def total(x, n): return over(math.fsum, n, x)
def mean(x, n): return total(x, n) / n
def back(x, k): return np.array([nan] * k + list(x[:N - k]))


def running(x, n, gain):
    """Exponential average as its own closed sum: weights (1 - gain)^age from the mean of the first n values."""
    s = first(x)
    y = np.full(N, nan)
    seed = math.fsum(x[s:s + n]) / n
    for i in range(s + n - 1, N):
        ages = np.arange(i - s - n + 1)
        weights = gain * (1 - gain) ** ages
        y[i] = seed * (1 - gain) ** len(ages) + math.fsum(weights * np.array(x[i:s + n - 1:-1][:len(ages)]))
    return y


def ema(x, n): return running(x, n, 2 / (n + 1))
def wilder(x, n): return running(x, n, 1 / n)
def step(known, f):
    """A recursion: f(i, y) for every i from `known` on, y the list so far."""
    y = [nan] * known
    for i in range(known, N): y.append(f(i, y))
    return y
def flag(up, down): return 1.0 if up else -1.0 if down else 0.0


# Averages
for n in (20, 50, 200): put(f"sma_{n}", sma=talib.SMA(C, n))
for n in (12, 26): put(f"ema_{n}", ema=talib.EMA(C, n))
put("dema", dema=talib.DEMA(C, 20), e2=ema(ema(C, 20), 20))
put("tema", tema=talib.TEMA(C, 20), e3=ema(ema(ema(C, 20), 20), 20))
put("wma", wma=talib.WMA(C, 30))
raw = 2 * talib.WMA(C, 10) - talib.WMA(C, 20)
put("hma", raw=raw, hma=over(lambda w: np.dot(w, [1, 2, 3, 4]) / 10, 4, raw))
put("zlema", zlema=ema(2 * C - back(C, 9), 20))
put("t3", t3=talib.T3(C, 8, 0.7), gd1=1.7 * ema(C, 8) - 0.7 * ema(ema(C, 8), 8))
m = mean(C, 20)
smooth = step(19, lambda i, y: m[i] if i == 19 else 0.5 * m[i] + 0.5 * y[i - 1])
put("ssma", smooth=smooth, ssma=[m[i] if i <= 19 else 0.7 * smooth[i] + 0.3 * C[i] for i in t])
put("dpo", dpo=C - back(mean(C, 20), 11))
w = np.exp(-(np.arange(9) - 0.85 * 8) ** 2 / (2 * 1.5 ** 2))
put("alma", alma=over(lambda x: np.dot(x, w) / w.sum(), 9, C))
put("mcginley_dynamic", md=step(13, lambda i, y: math.fsum(C[:14]) / 14 if i == 13 else
    y[i - 1] + (C[i] - y[i - 1]) / max(8.4 * (C[i] / y[i - 1]) ** 4, 1)))
moves = np.abs(np.diff(C, prepend=nan))
er = np.abs(C - back(C, 30)) / total(moves, 30)
sc = (er * (2 / 3 - 2 / 31) + 2 / 31) ** 2
put("kama", er=er, kama=step(30, lambda i, y: math.fsum(C[1:31]) / 30 if i == 30 else
    sc[i] * C[i] + (1 - sc[i]) * y[i - 1]))
rise, fall = np.clip(np.diff(C, prepend=nan), 0, None), np.clip(-np.diff(C, prepend=nan), 0, None)
cmo = (total(rise, 9) - total(fall, 9)) / (total(rise, 9) + total(fall, 9))
gain = 2 / 21 * np.abs(cmo)
put("vidya", cmo=cmo, vidya=step(9, lambda i, y: gain[i] * C[i] + (1 - gain[i]) * (C[8] if i == 9 else y[i - 1])))
span = lambda a, b: over(lambda h, l: max(h[a:b]) - min(l[a:b]), 16, H, L)
n1, n2, n3 = span(8, 16) / 8, span(0, 8) / 8, span(0, 16) / 16
dimension = (np.log(n1 + n2) - np.log(n3)) / math.log(2)
alpha = np.clip(np.exp(-4.6 * (dimension - 1)), 0.01, 1)
put("frama", dimension=dimension, alpha=alpha,
    frama=step(15, lambda i, y: alpha[i] * P[i] + (1 - alpha[i]) * (P[14] if i == 15 else y[i - 1])))
averages = np.array([ema(C, n) for n in (3, 5, 8, 10, 12, 15, 30, 35, 40, 45, 50, 60)])
put("guppy", separation=averages[:6].mean(0) - averages[6:].mean(0), compression=averages.std(0) / averages.mean(0),
    order=np.sign(averages[:-1] - averages[1:]).sum(0) / 11)

# Ehlers' filters, as linear recursions
def linear(x, start, head, b, a):
    """y = sum b_k x[-k] + sum a_k y[-k], before `start` as `head` says."""
    return step(2, lambda i, y: head(i) if i < start else
                sum(c * x[i - k] for k, c in enumerate(b)) + sum(c * y[i - 1 - k] for k, c in enumerate(a)))
a = 0.07
trend = linear(P, 6, lambda i: (P[i] + 2 * P[i - 1] + P[i - 2]) / 4,
               [a - a * a / 4, a * a / 2, -(a - 3 * a * a / 4)], [2 * (1 - a), -(1 - a) ** 2])
put("instantaneous_trend", itrend=[nan] * 6 + trend[6:],
    trigger=[nan] * 6 + [2 * trend[i] - trend[i - 2] for i in range(6, N)])
angle = 2 * math.pi / 250
a = (math.cos(angle) + math.sin(angle) - 1) / math.cos(angle)
y = step(0, lambda i, y: C[0] if i == 0 else a / 2 * (C[i] + C[i - 1]) + (1 - a) * y[i - 1])
put("ehlers_decycler", decycler=[nan] + y[1:],
    side=[nan] + [flag(C[i] > 1.005 * y[i], C[i] < 0.995 * y[i]) for i in range(1, N)])


def laguerre(levels, p, a):
    """The next four levels."""
    l0 = a * p + (1 - a) * levels[0]
    l1 = -(1 - a) * l0 + levels[0] + (1 - a) * levels[1]
    l2 = -(1 - a) * l1 + levels[1] + (1 - a) * levels[2]
    return l0, l1, l2, -(1 - a) * l2 + levels[2] + (1 - a) * levels[3]
def weigh(levels): return np.dot(levels, [1, 2, 2, 1]) / 6
levels = [(P[0],) * 4]
for i in range(1, N): levels.append(laguerre(levels[-1], P[i], 0.2))
after = lambda x, k: [nan] * k + list(x[k:])
put("laguerre_filter", filter=after([weigh(v) for v in levels], 3), L0=after([v[0] for v in levels], 3),
    L3=after([v[3] for v in levels], 3))
levels, filtered, error, rank, alpha = [], [], [], [], []
for i in t:
    error.append(abs(P[i] - filtered[i - 1]) if i else nan)
    window = error[max(i - 19, 0):]
    rank.append((error[i] - min(window)) / (max(window) - min(window)) if i >= 20 else nan)
    alpha.append(float(np.median(rank[i - 4:])) if i >= 24 else nan)
    levels.append((P[i],) * 4 if i < 24 else laguerre(levels[-1], P[i], alpha[i]))
    filtered.append(weigh(levels[i]))
put("adaptive_laguerre", filter=after(filtered, 24), alpha=alpha, rank=rank, L2=after([v[2] for v in levels], 24))

average = ema(C, 30)
a = 2 / 31
def corrected(before, i, g): return a * (average[i] + g * (C[i] - before)) + (1 - a) * before
best = [nan] * N
def correct(i, y):
    if i == 29: return average[i]
    best[i] = min((k / 10 for k in range(-50, 51)), key=lambda g: abs(C[i] - corrected(y[i - 1], i, g)))
    return corrected(y[i - 1], i, best[i])
put("zero_lag_ec", ec=step(29, correct), gain=best)

# MESA
def hilbert(x, i, k): return (0.0962 * x[i] + 0.5769 * x[i - 2] - 0.5769 * x[i - 4] - 0.0962 * x[i - 6]) * k
s = over(lambda w: np.dot(w, [1, 2, 3, 4]) / 10, 4, P)
names = "D Q1 I1 jI jQ I2 Q2 Re Im mp smoothPeriod phi alpha MAMA FAMA".split()
z = {k: np.full(N, nan) for k in names}
soft = lambda x, i, new: new if math.isnan(x[i - 1]) else 0.2 * new + 0.8 * x[i - 1]
period = smoothed = 6.0
for i in range(9, N):
    k = 0.075 * period + 0.54
    z["D"][i] = hilbert(s, i, k)
    if i >= 12: z["I1"][i] = z["D"][i - 3]
    if i >= 15:
        z["Q1"][i] = hilbert(z["D"], i, k)
        z["phi"][i] = math.degrees(math.atan(z["Q1"][i] / z["I1"][i]))
    if i >= 18: z["jI"][i] = hilbert(z["I1"], i, k)
    if i >= 21:
        z["jQ"][i] = hilbert(z["Q1"], i, k)
        z["I2"][i] = soft(z["I2"], i, z["I1"][i] - z["jQ"][i])
        z["Q2"][i] = soft(z["Q2"], i, z["Q1"][i] + z["jI"][i])
    if i >= 22:
        turn = complex(z["I2"][i], z["Q2"][i]).conjugate() * complex(z["I2"][i - 1], z["Q2"][i - 1])
        z["Re"][i], z["Im"][i] = soft(z["Re"], i, turn.real), soft(z["Im"], i, turn.imag)
        held = 360 / math.degrees(math.atan(z["Im"][i] / z["Re"][i]))
        held = min(max(max(min(held, 1.5 * period), 0.67 * period), 6), 50)
        period = z["mp"][i] = 0.2 * held + 0.8 * period
        smoothed = z["smoothPeriod"][i] = 0.33 * period + 0.67 * smoothed
    if i >= 16:
        a = z["alpha"][i] = min(max(0.5 / max(z["phi"][i - 1] - z["phi"][i], 1), 0.05), 0.5)
        before = (z["MAMA"][i - 1], z["FAMA"][i - 1]) if i > 16 else (P[15], P[15])
        z["MAMA"][i] = a * P[i] + (1 - a) * before[0]
        z["FAMA"][i] = a / 2 * z["MAMA"][i] + (1 - a / 2) * before[1]
put("mama", **{k: z[k] for k in "D Q1 jI jQ I2 Q2 Re Im mp smoothPeriod phi alpha MAMA FAMA".split()})

# Channels and stops
down, up = talib.AROON(H, L, 25)
put("aroon_osc", aroonosc=talib.AROONOSC(H, L, 25), up=up, down=down)
put("parabolic_sar", psar=(sar := talib.SAR(H, L, 0.02, 0.2)),
    trend=(side := [nan] + [1.0 if sar[i] <= L[i] else -1.0 for i in range(1, N)]))
best, af = [nan] * N, [nan] * N
for i in range(1, N):
    x = H if side[i] > 0 else -L
    if i == 1 or side[i] != side[i - 1]: best[i], af[i] = x[i], 0.02
    elif x[i] > abs(best[i - 1]) * side[i]: best[i], af[i] = x[i], min(af[i - 1] + 0.02, 0.2)
    else: best[i], af[i] = abs(best[i - 1]) * side[i], af[i - 1]
    best[i] = abs(best[i])
put("parabolic_sar", ep=best, af=af)
upper, lower = talib.MAX(H, 55), talib.MIN(L, 55)
put("donchian", upper=upper, lower=lower, position=(C - lower) / (upper - lower),
    breakout=[nan if i < 55 else flag(C[i] > upper[i - 1], C[i] < lower[i - 1]) for i in t])
mid, half = ema(C, 60), 2 * talib.ATR(H, L, C, 70)
put("keltner", mid=mid, top=mid + half, bot=mid - half)
long, short = hh(H, 28) - 3 * talib.ATR(H, L, C, 28), ll(L, 28) + 3 * talib.ATR(H, L, C, 28)
put("chandelier_exit", long_exit=long, short_exit=short, direction=step(29, lambda i, y:
    1.0 if C[i] > short[i - 1] else -1.0 if C[i] < long[i - 1] else 1.0 if i == 29 else y[i - 1]))
one, two = hh(H, 18) - 1.5 * talib.ATR(H, L, C, 18), ll(L, 18) + 1.5 * talib.ATR(H, L, C, 18)
put("chande_kroll_stop", first_short=one, short_stop=hh(one, 9), long_stop=ll(two, 9))
middle = lambda n: (hh(H, n) + ll(L, n)) / 2
lead = (middle(9) + middle(26)) / 2
sa, sb = back(lead, 26), back(middle(52), 26)
put("ichimoku", tenkan=middle(9), kijun=middle(26), span_a=sa, span_b=sb, thickness=sa - sb, lead_b=middle(52),
    position=[nan if i < 77 else flag(C[i] > max(sa[i], sb[i]), C[i] < min(sa[i], sb[i])) for i in t])
def turning(high, low, i0):
    """1 after a value above `high`, -1 after one below `low`, at first by the middle."""
    return step(i0, lambda i, y: 1.0 if C[i] > high[i] else -1.0 if C[i] < low[i] else
                (1.0 if C[i] > (high[i] + low[i]) / 2 else -1.0) if i == i0 else y[i - 1])
hi, lo = mean(H, 10), mean(L, 10)
side = turning(hi, lo, 9)
put("ssl_channel", direction=side, sslu=[hi[i] if side[i] > 0 else lo[i] for i in t],
    ssld=[lo[i] if side[i] > 0 else hi[i] for i in t])
hi, lo = mean(H, 3), mean(L, 3)
side = turning(back(hi, 1), back(lo, 1), 3)
put("gann_hilo", direction=side,
    activator=[nan if i < 3 else lo[i] if side[i] > 0 else hi[i] for i in t])
loss = 3.5 * talib.ATR(H, L, C, 5)
def trail(i, y):
    if i == 5: return C[5] - loss[5]
    s = y[i - 1]
    if C[i] > s and C[i - 1] > s: return max(s, C[i] - loss[i])
    if C[i] < s and C[i - 1] < s: return min(s, C[i] + loss[i])
    return C[i] - loss[i] if C[i] > s else C[i] + loss[i]
stop = step(5, trail)
put("atr_trailing_stop", stop=stop, direction=[nan if i < 5 else 1.0 if C[i] > stop[i] else -1.0 for i in t])
put("williams_alligator", jaw=back(wilder(P, 13), 8), teeth=back(wilder(P, 8), 5), lips=back(wilder(P, 5), 3))
mid = mean(C, 100)
put("ma_envelope", mid=mid, position=(C / mid - 0.975) / 0.05)
# The 400 minutes lie in one day, so the bars before each stand for the day before.
high, low, close = np.maximum.accumulate(H)[:-1], np.minimum.accumulate(L)[:-1], C[:-1]
pivot = (high + low + close) / 3
day = {"pivot": pivot, "r1": 2 * pivot - low, "s1": 2 * pivot - high, "r2": pivot + high - low, "s2": pivot - high + low,
       "r3": high + 2 * (pivot - low), "s3": low - 2 * (high - pivot)}
put("pivot_points", **{k: [nan, *v] for k, v in day.items()})

# Strength and direction
trs = total(TR, 14)
put("vortex", trs=trs, vi_plus=total(np.abs(H - back(L, 1)), 14) / trs, vi_minus=total(np.abs(L - back(H, 1)), 14) / trs)
top, bottom = hh(H, 15), ll(L, 15)
bp, sp = top - back(bottom, 15), back(top, 15) - bottom
put("trend_trigger_factor", bp=bp, sp=sp, ttf=200 * (bp - sp) / (bp + sp))
e1 = ema(C, 13)
e2 = ema(e1, 13)
force = np.abs(e1 - e2) * ((np.diff(e1, prepend=nan) + np.diff(e2, prepend=nan)) / 2) ** 3
put("tdfi", smma=e2, tdf=force, ntdf=force / hh(np.abs(force), 39))
off = C - mean(C, 60)
above, below = total(np.clip(off, 0, None), 30), total(np.clip(-off, 0, None), 30)
put("trend_intensity_index", above=above, below=below, tii=100 * above / (above + below))
put("qstick", qstick=mean(C - O, 8))
put("vertical_horizontal_filter", vhf=(hh(C, 28) - ll(C, 28)) / total(moves, 28))

FIRSTS = [0, 1, 2, 3, 5, 6, 8, 9, 13, 15, 16, 19, 20, 21, 22, 24, 28, 29, 30, 42, 54, 57, 59, 77, 88, 99]
with open("trend.csv", "w", newline="\n") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["bar", *table])
    for i in [*FIRSTS, 150, *range(198, N, 9)]:
        out.writerow([i] + ["" if math.isnan(x[i]) else "%.13g" % x[i] for x in table.values()])
