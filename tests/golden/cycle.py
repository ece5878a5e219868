"""Writes cycle.csv: the cycle family on the bars of indicators_talib.csv. Recursive filters are scipy's lfilter on the
distance from the first input, which is what a filter at rest on that input gives. The Hilbert transform indicators are
checked here against TA-Lib, whose other start has died out by bar 250. Run in this folder; made with Python 3.11,
numpy 2.4.6, scipy 1.17.1 and ta-lib 0.8.2 (C library 0.8.1)."""
import csv
import math
import statistics

import numpy as np
import talib
from scipy.signal import lfilter

with open("indicators_talib.csv") as f:
    O, H, L, C, V = np.array([[float(x) for x in row[:5]] for row in list(csv.reader(f))[1:]]).T
N = len(C)
P = (H + L) / 2
BARS = [0, 2, 3, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 28, 29, 31, 32, 38, 39, 47, 48, 49, 55, 56, 57, 59,
        62, 63, 75, 76, 77, 78, 79, 80, 98, 99, 123, 124, 125, 140, 157, 171, 188, 202, 219, 233, 250, 264, 281, 295,
        312, 326, 343, 357, 374, 381, 388, 399]
columns = {}


def put(name, x, first):
    columns[name] = np.where(np.arange(N) < first, np.nan, x)


def rested(b, a, x):
    """The filter b/a, at rest on x[0]: its gain at frequency 0 times x[0] before anything moves."""
    return lfilter(b, a, x - x[0]) + x[0] * sum(b) / sum(a)


def high_pass(x, period):
    angle = math.sqrt(2) * math.pi / period
    a = 1 + math.tan(angle) - 1 / math.cos(angle)
    return rested(np.array([1, -2, 1]) * (1 - a / 2) ** 2, [1, 2 * a - 2, (1 - a) ** 2], x)


def poles(period):
    pole = np.exp(math.sqrt(2) * math.pi / period * (-1 + 1j))
    return np.poly([pole, pole.conjugate()]).real


def smoother(x, period):
    a = poles(period)
    return rested(np.array([1, 1]) * sum(a) / 2, a, x)


def windows(x, n):
    """Row i: the last n values up to bar i; NaN where there are fewer."""
    padded = np.concatenate([np.full(n - 1, np.nan), x])
    return np.lib.stride_tricks.sliding_window_view(padded, n)


def place(x, n):
    w = windows(x, n)
    low, high = w.min(axis=1), w.max(axis=1)
    return (x - low) / (high - low)


def hide(x, first):
    return np.where(np.arange(N) < first, np.nan, x)


# Filters
put("super_smoother.filter", smoother(C, 10), 9)
a = poles(20)
put("butterworth.butter", rested(np.array([1, 2, 1]) * sum(a) / 4, a, P), 19)
put("butterworth.p", P, 0)

for name, period, k in (("osc", 125, 1.0), ("fast", 100, 1.2)):
    hp = high_pass(C, period)
    put("decycler_osc." + name, 100 * k * high_pass(C - hp, period / 2) / C, period - 1)
    if name == "osc":
        put("decycler_osc.hp", hp, period - 1)
        put("decycler_osc.decycle", C - hp, period - 1)


def compressed(x, smooth):
    """The transform as Ehlers writes it, of the mean place within 20 bars from -5 to 5."""
    mean = windows(10 * place(x, 20) - 5, smooth).mean(axis=1)
    return np.expm1(2 * mean) / (np.exp(2 * mean) + 1)


hp = high_pass(C, 30)
osc = hide(100 * high_pass(C - hp, 15) / C, 29)
idosc = compressed(osc, 2)
for name, x, first in (("idosc", idosc, 49), ("osc", osc, 29), ("decycle", C - hp, 29), ("hp", hp, 29)):
    put("inverse_decycler." + name, x, first)

hp = high_pass(C, 48)
roof = hide(smoother(hp, 10), 56)
iroof = compressed(roof, 2)
for name, x, first in (("roof", roof, 56), ("iroof", iroof, 76), ("hp", hp, 47)):
    put("roofing_filter." + name, x, first)

scaled = 0.1 * (talib.RSI(C, 5) - 50)
smoothed = windows(scaled, 9) @ np.arange(1, 10) / 45
put("inverse_fisher.scaled", scaled, 5)
put("inverse_fisher.smoothed", smoothed, 13)
put("inverse_fisher.ifisher", np.tanh(smoothed), 13)

# Even better sinewave and band-pass
angle = 2 * math.pi / 40
a = (1 - math.sin(angle)) / math.cos(angle)
hp = rested([(1 + a) / 2, -(1 + a) / 2], [1, -a], C)
filtered = smoother(hp, 10)
w = windows(filtered, 3)
power = (w ** 2).mean(axis=1)
for name, x in (("wave", w.mean(axis=1) / np.sqrt(power)), ("filter", filtered), ("power", power)):
    put("even_better_sinewave." + name, x, 39)


def one_pole(x, angle):
    a = 1 + math.tan(angle) - 1 / math.cos(angle)
    return rested(np.array([1, -1]) * (1 + a / 2), [1, a - 1], x)


angle, width = 2 * math.pi / 20, 0.3 * 2 * math.pi / 20
hp = one_pole(C, width / 4)
b = 1 / math.cos(width) - math.tan(width)
bp = lfilter(np.array([1, 0, -1]) * (1 - b) / 2, [1, -math.cos(angle) * (1 + b), b], hp)
peak = np.array([max(0.991 ** (i - j) * abs(bp[j]) for j in range(i + 1)) for i in range(N)])
signal = bp[1:] / peak[1:]
trigger = np.concatenate([[np.nan], one_pole(signal, 1.5 * width)])
put("ehlers_bandpass.signal", np.concatenate([[np.nan], signal]), 19)
for name, x in (("trigger", trigger), ("bp", bp), ("hp", hp), ("peak", peak)):
    put("ehlers_bandpass." + name, x, 19)

# Fisher transform and centre of gravity
position, value, fisher = place(P, 10), [0.0] * N, [0.0] * N
for i in range(9, N):
    v = 0.33 * 2 * (position[i] - 0.5) + 0.67 * value[i - 1]
    value[i] = 0.999 if v > 0.99 else -0.999 if v < -0.99 else v
    fisher[i] = math.atanh(value[i]) + 0.5 * fisher[i - 1]
put("fisher_transform.fisher", fisher, 9)
put("fisher_transform.value", value, 9)
put("fisher_transform.trigger", [0.0] + fisher[:-1], 10)
w = windows(P, 10)
cg = 5.5 - w @ np.arange(10, 0, -1) / w.sum(axis=1)
put("center_of_gravity.cg", cg, 9)
put("center_of_gravity.trigger", np.roll(cg, 1), 10)

# Cyber cycles
nan = math.nan
smooth = np.convolve(P, np.array([1, 2, 2, 1]) / 6)[:N]
rough = np.convolve(P, np.array([1, -2, 1]) / 4)[:N]
curve = np.convolve(smooth, [1, -2, 1])[:N]


def cyber(start, alpha):
    y = [nan, nan] + list(rough[2:start])
    for i in range(start, N):
        a = alpha(i)
        y.append((1 - a / 2) ** 2 * curve[i] + 2 * (1 - a) * y[i - 1] - (1 - a) ** 2 * y[i - 2])
    return y


x = cyber(6, lambda i: 0.07)
q, phase, raw, instant, period = {}, {}, {}, {}, {}
for i in range(8, N):
    gain = 0.5 + 0.08 * instant.get(i - 1, 15)
    q[i] = gain * (0.0962 * (x[i] - x[i - 6]) + 0.5769 * (x[i - 2] - x[i - 4]))
    if i == 8:
        continue
    i1, i0 = x[i - 3] / q[i], x[i - 4] / q[i - 1]
    phase[i] = min(max((i1 - i0) / (1 + i1 * i0), 0.1), 1.1)
    if i < 13:
        continue
    raw[i] = 2 * math.pi / statistics.median(phase[j] for j in range(i - 4, i + 1)) + 0.5
    instant[i] = 0.33 * raw[i] + 0.67 * instant.get(i - 1, raw[i])
    period[i] = 0.15 * instant[i] + 0.85 * period.get(i - 1, instant[i])
cycle = cyber(13, lambda i: 2 / (period[i] + 1))
signal = {13: cycle[13]}
for i in range(14, N):
    signal[i] = 0.1 * cycle[i] + 0.9 * signal[i - 1]
put("adaptive_cyber_cycle.cycle", cycle, 13)
put("adaptive_cyber_cycle.trigger", [nan] + cycle[:-1], 14)
put("adaptive_cyber_cycle.smooth", smooth, 3)
for name, known in (("signal", signal), ("q1", q), ("delta_phase", phase), ("raw_period", raw),
                    ("instant_period", instant), ("period", period)):
    put("adaptive_cyber_cycle." + name, [known.get(i, nan) for i in range(N)], 0)

# Hilbert transform
smooth = np.convolve(C, np.array([4, 3, 2, 1]) / 10)[:N]
T = [15.0] * N
D, Q, I2, Q2, RE, IM = ([nan] * N for _ in range(6))


def H7(x, i):
    return (0.0962 * x[i] + 0.5769 * x[i - 2] - 0.5769 * x[i - 4] - 0.0962 * x[i - 6]) * (0.075 * T[i - 1] + 0.54)


I2[20] = Q2[20] = RE[20] = IM[20] = 0.0
for i in range(9, N):
    D[i] = H7(smooth, i)
    if i >= 15:
        Q[i] = H7(D, i)
    if i >= 21:
        z0 = complex(I2[i - 1], Q2[i - 1])
        z = 0.2 * complex(D[i - 3] - H7(Q, i), Q[i] + H7([nan] * 3 + D, i)) + 0.8 * z0
        I2[i], Q2[i] = z.real, z.imag
        turn = 0.2 * z.conjugate() * z0 + 0.8 * complex(RE[i - 1], IM[i - 1])
        RE[i], IM[i] = turn.real, turn.imag
        t = T[i - 1]
        if RE[i] != 0 and IM[i] != 0:
            t = 2 * math.pi / math.atan(IM[i] / RE[i])
        t = max(min(t, 1.5 * T[i - 1]), 0.67 * T[i - 1])
        T[i] = 0.2 * min(max(t, 6), 50) + 0.8 * T[i - 1]
S = [15.0] * N
for i in range(21, N):
    S[i] = 0.33 * T[i] + 0.67 * S[i - 1]
phase, sine, lead, means, line, mode = ([nan] * N for _ in range(6))
days, last = 0, (0.0, 0.0, 0.0)
for i in range(52, N):
    n = int(S[i] + 0.5)
    z = sum(smooth[i - k] * complex(math.cos(2 * math.pi * k / n), math.sin(2 * math.pi * k / n)) for k in range(n))
    # A quarter turn on, plus the lag of the smoothing: one bar of the period.
    angle = math.degrees(math.atan2(z.imag, z.real)) + 90 + 360 / S[i]
    phase[i] = (angle + 45) % 360 - 45
    sine[i], lead[i] = math.sin(math.radians(phase[i])), math.sin(math.radians(phase[i] + 45))
    means[i] = sum(C[i - n + 1:i + 1]) / n
    line[i] = (4 * means[i] + 3 * means[i - 1] + 2 * means[i - 2] + means[i - 3]) / 10
    crossed = (sine[i] - lead[i]) * (last[1] - last[2]) < 0
    days = 1 if crossed else days + 1
    step = 360 / S[i]
    cycling = days < 0.5 * S[i] or crossed or 0.67 * step < phase[i] - last[0] < 1.5 * step
    mode[i] = 0.0 if cycling and abs(smooth[i] - line[i]) < 0.015 * line[i] else 1.0
    last = (phase[i], sine[i], lead[i])
for name, x, first, outside in (
    ("smooth_period", S, 32, talib.HT_DCPERIOD(C)), ("phase", phase, 63, talib.HT_DCPHASE(C)),
    ("sine", sine, 63, talib.HT_SINE(C)[0]), ("lead_sine", lead, 63, talib.HT_SINE(C)[1]),
    ("trend_mode", mode, 63, talib.HT_TRENDMODE(C)), ("trendline", line, 63, talib.HT_TRENDLINE(C)),
    ("i1", [nan] * 3 + D[:-3], 12, talib.HT_PHASOR(C)[0]), ("q1", Q, 15, talib.HT_PHASOR(C)[1]),
    ("smooth", smooth, 3, None), ("detrender", D, 9, None), ("period", T, 32, None),
):
    put("hilbert_dominant_cycle." + name, x, first)
    if outside is not None:
        print(name, np.max(np.abs(np.array(x)[250:] - outside[250:])))

with open("cycle.csv", "w", newline="\n") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["bar", *columns])
    for i in BARS:
        out.writerow([i] + ["" if math.isnan(x[i]) else "%.13g" % x[i] for x in columns.values()])
