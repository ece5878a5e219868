#!/usr/bin/env python3
"""Teaches the preset debug on planted markets and compares what it learnt with the best forecast of the same test bars.

    tests/planted_markets.py target/debug/glassbox [--markets lag,probability,noise,regimes] [--bars 20000] [--seed 1]
        [--threads N] [--preset debug] [--set KEY=VALUE]... [--keep FOLDER]

The entry label is the rise of the next bar (entry_k, exit_k and costs 0; the presets ask for half a standard deviation and
the cost on top): then the column optimal_rise of the planted file, the exact filter given the bars up to t, is the best that
any forecast of the label can be, and in noise that is 0.5. A threshold that follows the running volatility would leave
something to find there: an entry is rarer where the threshold happens to be high.

One JSON line per market: AUC of the entry probability on the test slice with its 95 % interval (moving-block bootstrap, as the
program reports it), AUC of optimal_rise on the same bars, their ratio; log-variances of the learned task weights after the
first and the last epoch; latents in use and latents in all at the epoch that was kept; seconds. A market passes if

  lag, probability   the ratio is at least 0.9
  noise              0.5 lies in the interval
  regimes            at least half of the latents are in use

and every log-variance has left its start, 0, one of them by more than 0.1 (that of the return belongs near 0 in noise). The
exit status is 1 if one does not pass. The standard library is enough. An epoch is 430 steps of 32 windows; a smaller network
(--set model.seq_len=16) or fewer bars take less.
"""
import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left, bisect_right
from pathlib import Path

MARKETS = ["lag", "probability", "noise", "regimes"]
TASKS = ["entry", "exit", "return", "volatility", "vae"]
SETS = [
    "labels.entry_k=0", "labels.exit_k=0",
    "backtest.fee_bps=0", "backtest.half_spread_bps=0", "backtest.slippage_bps=0",
    "train.num_epochs=6", "analysis.windows=16",
]
RATIO = 0.9
MOVED = 0.1


def records(arguments):
    """The program's records, one per line of its standard output."""
    done = subprocess.run([str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, arguments))}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def auc(scores, labels):
    """Chance that a score with label 1 exceeds one with label 0, ties counting half."""
    lows = sorted(score for score, label in zip(scores, labels) if not label)
    highs = [score for score, label in zip(scores, labels) if label]
    wins = sum(bisect_left(lows, score) + bisect_right(lows, score) for score in highs)
    return wins / (2 * len(lows) * len(highs))


def judge(market, options, folder):
    """What the network learnt on one market."""
    began = time.time()
    shared = ["--workspace", folder / "workspace", "--json"]
    if options.threads:
        shared += ["--threads", options.threads]
    bars = folder / f"{market}.csv"
    records([options.program, "synth", market, "--bars", options.bars, "--seed", options.seed, "--out", bars, *shared])
    sets = [part for text in SETS + options.set for part in ("--set", text)]
    found = records(
        [options.program, "run", "--preset", options.preset, "--data", bars, "--set", f"train.run_name={market}", *sets,
         *shared]
    )
    run = [record for record in found if record["event"] == "run"][-1]["folder"]
    epochs = [record for record in found if record["event"] == "epoch"]
    verdict = next(record for record in found if record["event"] == "verdict")
    kept = [record for record in epochs if record["best"]][-1]

    table = list(csv.DictReader(bars.open()))
    forecasts = records([options.program, "predict", run, "--data", bars, *shared])
    forecasts = [record for record in forecasts if record["event"] == "prediction"]
    if len(forecasts) != len(table):
        sys.exit(f"FAILED: {len(forecasts)} predictions for the {len(table)} bars of {bars}")
    test = [t for t, record in enumerate(forecasts) if record["slice"] == "test" and record["no_prediction"] is None]
    rises = [float(table[t + 1]["close"]) > float(table[t + 1]["open"]) for t in test]
    reached = auc([forecasts[t]["entry_prob"] for t in test], rises)
    best = auc([float(table[t]["optimal_rise"]) for t in test], rises)
    if verdict["n"] != len(test) or abs(verdict["auc"]["estimate"] - reached) > 1e-3:
        sys.exit(f"FAILED: AUC {reached} of {len(test)} test bars, but the program's verdict says {verdict}")

    moves = [abs(x) for x in epochs[-1]["log_variances"]]
    moved = all(moves) and max(moves) > MOVED
    first, last = ([round(x, 4) for x in epochs[i]["log_variances"]] for i in (0, -1))
    low, high = verdict["auc"]["low"], verdict["auc"]["high"]
    learnt = {
        "lag": reached / best >= RATIO,
        "probability": reached / best >= RATIO,
        "noise": low <= 0.5 <= high,
        "regimes": 2 * kept["active_latents"] >= len(kept["kl"]),
    }[market]
    return {
        "market": market,
        "pass": learnt and moved,
        "test_auc": round(reached, 4),
        "interval": [round(low, 4), round(high, 4)],
        "optimal_auc": round(best, 4),
        "ratio": round(reached / best, 4),
        "test_bars": len(test),
        "epochs": len(epochs),
        "kept_epoch": kept["epoch"],
        "log_variances_first": dict(zip(TASKS, first)),
        "log_variances_last": dict(zip(TASKS, last)),
        "active_latents": kept["active_latents"],
        "latents": len(kept["kl"]),
        "seconds": round(time.time() - began, 1),
        "sets": SETS + options.set,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--markets", default=",".join(MARKETS))
    parser.add_argument("--bars", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--preset", default="debug")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--keep", type=Path, help="folder for bars and runs; a temporary one without it")
    options = parser.parse_args()
    options.program = options.program.resolve()
    markets = options.markets.split(",")
    if unknown := set(markets) - set(MARKETS):
        parser.error(f"no such market: {', '.join(sorted(unknown))}; choose from {', '.join(MARKETS)}")
    with tempfile.TemporaryDirectory() as folder:
        folder = options.keep or Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        passed = True
        for market in markets:
            result = judge(market, options, folder)
            passed &= result["pass"]
            print(json.dumps(result), flush=True)
    if not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
