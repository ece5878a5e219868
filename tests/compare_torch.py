#!/usr/bin/env python3
"""Training steps of `glassbox bench train` beside those of PyTorch, turn by turn.

    python tests/compare_torch.py GLASSBOX PEER [PAIRS [SHAPE..]]

GLASSBOX is the built program, PEER a script that takes --preset, --dropout, --steps, --threads and prints one JSON line with
step_ms and params: the same network and step in PyTorch. PAIRS (default 7) runs of each in the order A B B A, for
debug and baseline unless SHAPEs are named. Before each run it waits until other programs take less than 5 % of the processors;
a run during which they took more is repeated, up to four times, and `others` says the largest share. Prints per shape and dropout the medians, their ratio and its 90 % bootstrap interval.

Needs Python 3 with torch in the interpreter that runs it, and a quiet machine.
"""
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time

GLASSBOX, PEER = sys.argv[1:3]
PAIRS = int(sys.argv[3]) if len(sys.argv) > 3 else 7
SHAPES = sys.argv[4:] or ["debug", "baseline"]
STEPS = {"debug": 40, "baseline": 6}


def ticks():
    """Busy and all ticks of the machine so far, and those of this process's finished children."""
    numbers = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(numbers) - numbers[3] - numbers[4], sum(numbers), (used.ru_utime + used.ru_stime) * os.sysconf("SC_CLK_TCK")


def others(before, after):
    busy, total, own = (b - a for a, b in zip(before, after))
    return max(0.0, busy - own) / max(total, 1)


def quiet(command):
    for _ in range(5):
        while True:
            before = ticks()
            time.sleep(1)
            if others(before, ticks()) < 0.05:
                break
        before = ticks()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        share = others(before, ticks())
        if share < 0.05:
            break
    line = [line for line in done.stdout.splitlines() if line.startswith("{") and '"params"' in line][-1]
    return {**json.loads(line), "others": share}


def interval(ours, peers):
    draw = lambda x: statistics.median(random.choices(x, k=len(x)))
    ratios = sorted(draw(ours) / draw(peers) for _ in range(4000))
    return ratios[200], ratios[3800]


def main():
    random.seed(1)
    for preset in SHAPES:
        steps = STEPS[preset]
        for dropout in ("0.1", "0"):
            options = ["--preset", preset, "--dropout", dropout, "--steps", str(steps), "--threads", "2"]
            commands = {"ours": [GLASSBOX, "bench", "train", "--json", *options], "peer": [sys.executable, PEER, *options]}
            found = {"ours": [], "peer": []}
            for pair in range(PAIRS):
                for side in ("ours", "peer") if pair % 2 == 0 else ("peer", "ours"):
                    found[side].append(quiet(commands[side]))
            ours, peers = ([run["step_ms"] for run in found[side]] for side in ("ours", "peer"))
            low, high = interval(ours, peers)
            first = found["ours"][0]
            print(json.dumps({
                "preset": preset, "dropout": float(dropout), "pairs": PAIRS,
                "ours_ms": round(statistics.median(ours), 2), "torch_ms": round(statistics.median(peers), 2),
                "ratio": round(statistics.median(ours) / statistics.median(peers), 3), "low": round(low, 3), "high": round(high, 3),
                "least": round(min(ours) / min(peers), 3), "params": [first["params"], found["peer"][0]["params"]],
                "peak_mib": round(first["peak_rss_mib"]), "roof_share": round(statistics.median(r["roof_share"] for r in found["ours"]), 3),
                "others": round(max(run["others"] for side in found.values() for run in side), 3),
            }), flush=True)


main()
