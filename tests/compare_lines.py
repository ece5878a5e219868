#!/usr/bin/env python3
"""Compares the program's indicator lines with a table of reference lines on the same bars and prints matched/total.

    tests/compare_lines.py target/debug/glassbox REFERENCE.parquet --mode compat     # the Python original's output
    tests/compare_lines.py target/debug/glassbox REFERENCE.parquet --mode standard   # TA-Lib

REFERENCE.parquet holds timestamp, OHLCV and columns `id.line`. Only timestamp and OHLCV reach the program. Needs: pip
install polars numpy. A value matches if it differs by less than 1e-8 of its size (sizes below a millionth of the line's
largest count as that); both missing matches too. Compat: bars 0 to 2 are left out, where the original read the end of its
data. Standard: bars from --from (900) on, once what TA-Lib starts elsewhere (EMA family, Wilder's averages, KAMA, SAR,
MAMA) has died out.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import polars as pl

# Column of the original -> our line, where the rule (int_x -> x) does not hold; None where there is nothing to compare.
RENAMED = {
    "rmi.rsi": "rmi.rmi",
    "qqe_mod.rsi_ma": None, "qqe_mod.long_band": None, "qqe_mod.short_band": None, "qqe_mod.trend": None,
    "madr_v2.int_madr": "madr_v2.madr_raw", "madr_v2.int_madr_smoothed": None, "madr_v2.int_src": None,
    "supertrend.int_st": None, "rsx.int_f88": None, "rsx.int_f90": None,
}


def our_line(column):
    if column.startswith("qqe_legacy."):
        return None
    if column in RENAMED:
        return RENAMED[column]
    indicator, line = column.split(".", 1)
    return f"{indicator}.{line.removeprefix('int_')}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("reference")
    parser.add_argument("--mode", choices=["compat", "standard"], default="compat")
    parser.add_argument("--from", dest="start", type=int)
    parser.add_argument("--tolerance", type=float, default=1e-8)
    args = parser.parse_args()
    start = args.start if args.start is not None else (3 if args.mode == "compat" else 900)

    reference = pl.read_parquet(args.reference)
    with tempfile.TemporaryDirectory() as folder:
        bars, lines = pathlib.Path(folder, "bars.parquet"), pathlib.Path(folder, "lines.parquet")
        columns = ["timestamp", "open", "high", "low", "close", "volume"]
        frame = reference.select(columns)
        if not frame.schema["timestamp"].is_integer():
            frame = frame.with_columns(pl.col("timestamp").cast(pl.Datetime("ms", "UTC")))
        frame.write_parquet(bars)
        command = [args.program, "indicators", "compute", "--mode", args.mode, "--data", bars, "--out", lines, "--twins"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        ours = pl.read_parquet(lines)

    matched = total = 0
    for column in (c for c in reference.columns if "." in c):
        name = our_line(column)
        if name is None:
            continue
        total += 1
        if name not in ours.columns:
            print(f"absent    {column} -> {name}")
            continue
        wanted = reference[column].cast(pl.Float64).fill_null(np.nan).to_numpy()[start:]
        found = ours[name].cast(pl.Float64).fill_null(np.nan).to_numpy()[start:]
        whole = reference[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
        largest = np.nanmax(np.abs(whole)) if np.isfinite(whole).any() else 0.0
        with np.errstate(invalid="ignore"):
            near = np.abs(found - wanted) <= args.tolerance * np.maximum(np.abs(wanted), 1e-6 * largest)
        good = near | (np.isnan(found) & np.isnan(wanted))
        if good.all():
            matched += 1
        else:
            bar = int(np.flatnonzero(~good)[0])
            print(f"different {column}: {(~good).sum()} bars, first {bar + start}: {wanted[bar]!r} there, {found[bar]!r} here")
    print(f"{args.mode}: {matched} of {total} columns match from bar {start} on")
    return 0 if matched == total else 1


if __name__ == "__main__":
    sys.exit(main())
