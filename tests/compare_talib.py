#!/usr/bin/env python3
"""Times the program's indicators beside TA-Lib's on 1,000,000 bars, one thread each, and prints the ratios.

    tests/compare_talib.py target/release/glassbox        # needs: pip install ta-lib numpy

Both sides compute each function's own outputs from columns in memory; the fastest of the repetitions counts. The two run
in turn, twice, and the lesser of each side's times is taken.
"""
import json
import math
import subprocess
import sys
import time

import numpy as np
import talib

BARS = 1_000_000
rng = np.random.default_rng(1)
close = 100 * np.exp(np.cumsum(rng.normal(0, 0.002, BARS)))
high = close * (1 + np.abs(rng.normal(0, 0.002, BARS)))
low = close * (1 - np.abs(rng.normal(0, 0.002, BARS)))
volume = rng.random(BARS) * 1e3

PEER = {
    "SMA": lambda: talib.SMA(close, 20), "EMA": lambda: talib.EMA(close, 20), "WMA": lambda: talib.WMA(close, 20),
    "RSI": lambda: talib.RSI(close, 14), "MACD": lambda: talib.MACD(close), "BBANDS": lambda: talib.BBANDS(close, 20),
    "STDDEV": lambda: talib.STDDEV(close, 20), "ATR": lambda: talib.ATR(high, low, close, 14),
    "ADX": lambda: talib.ADX(high, low, close, 14), "STOCH": lambda: talib.STOCH(high, low, close),
    "CCI": lambda: talib.CCI(high, low, close, 20), "MFI": lambda: talib.MFI(high, low, close, volume, 14),
    "OBV": lambda: talib.OBV(close, volume), "WILLR": lambda: talib.WILLR(high, low, close, 14),
    "AROON": lambda: talib.AROON(high, low, 25), "ROC": lambda: talib.ROC(close, 10),
    "MAX20": lambda: talib.MAX(close, 20), "MAX200": lambda: talib.MAX(close, 200),
    "LINEARREG": lambda: talib.LINEARREG(close, 14), "SAR": lambda: talib.SAR(high, low),
    "KAMA": lambda: talib.KAMA(close, 30), "TEMA": lambda: talib.TEMA(close, 20),
    "ULTOSC": lambda: talib.ULTOSC(high, low, close), "HT_DCPERIOD": lambda: talib.HT_DCPERIOD(close),
}


def peer(best):
    for name, function in PEER.items():
        for _ in range(10 if name != "HT_DCPERIOD" else 3):
            start = time.perf_counter()
            function()
            best[name] = min(best.get(name, math.inf), (time.perf_counter() - start) * 1e9 / BARS)


def ours(best, program):
    command = [program, "bench", "indicators", "--talib", "--json", "--threads", "1", "--repeats", "10"]
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        record = json.loads(line)
        name = record["function"]
        best[name] = min(best.get(name, math.inf), record["ns_per_bar"])


def main():
    theirs, own = {}, {}
    for _ in range(2):
        peer(theirs)
        ours(own, sys.argv[1])
    print(f"{'function':12} {'TA-Lib':>8} {'ours':>8}  ratio   (ns/bar, {BARS} bars, one thread)")
    for name in PEER:
        print(f"{name:12} {theirs[name]:8.2f} {own[name]:8.2f}  {own[name] / theirs[name]:5.2f}")
    ratios = [own[name] / theirs[name] for name in PEER]
    total = sum(own.values()) / sum(theirs.values())
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"total {sum(theirs.values()):.1f} and {sum(own.values()):.1f}: {total:.2f}; geometric mean {mean:.2f}; largest {max(ratios):.2f}")


if __name__ == "__main__":
    main()
