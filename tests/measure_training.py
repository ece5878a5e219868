#!/usr/bin/env python3
"""Measures memory per epoch and the window thread's time per frame while a training runs in the open window.

    tests/measure_training.py target/debug/glassbox [EPOCHS] [BARS] [PRESET] [--set KEY=VALUE]..
    tests/measure_training.py target/debug/glassbox --planted [EPOCHS] [BARS] [PRESET] [--set KEY=VALUE]..

22 epochs of the preset debug over the last 4,000 bars of the BTC 4 h sample: an epoch takes ten seconds and more. With
--planted 20 epochs over 20,000 bars of a planted market, which the program draws itself (synth regimes, seed 3), and 300
features: 100 lines of 16 indicators at the bar and one and two bars before. How many the model has in the end is said; --set
changes the configuration further. A run that was cancelled right after its start is continued by its Resume button, so that
every epoch happens in the window.

Memory: resident set of the process (/proc/PID/status) ten times a second, median over the middle half of the batches of
each epoch, which is the same point of every epoch; a peak would only show how the allocator's pauses fell. The training
passes if the median of epoch 20 is within 2 % of that of epoch 3; of fewer epochs the last one is compared with the third
or the one before it.

Frames: logic, panels, the toolkit's end of the frame and tessellation on the window's thread; rasterising is left out. Wall
time says what a user feels and holds on a quiet machine only; own time leaves out the waits for a processor that others had,
but not those for a lock or a file. It passes if the 99th percentile of wall time is under 16 ms, or of own time if the machine
was busy with other work.
"""
import argparse
import json
import os
import signal
import statistics
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import drive_window
from drive_window import PROGRAM, ROOT, Window

drive_window.PICTURES = Path(tempfile.mkdtemp())
ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("program")
ARGUMENTS.add_argument("epochs", nargs="?", type=int)
ARGUMENTS.add_argument("bars", nargs="?", type=int)
ARGUMENTS.add_argument("preset", nargs="?", default="debug")
ARGUMENTS.add_argument("--planted", action="store_true")
ARGUMENTS.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
ARGUMENTS = ARGUMENTS.parse_intermixed_args()
EPOCHS = ARGUMENTS.epochs or (20 if ARGUMENTS.planted else 22)
BARS = ARGUMENTS.bars or (20_000 if ARGUMENTS.planted else 4_000)
if EPOCHS < 2:
    raise SystemExit("memory of two epochs is compared: ask for two or more")
# As many as --planted is about; the preset's own groups have many times that.
WIDTH = 300
INDICATORS = [
    "hurst_exponent", "atr_14", "damiani_volatmeter", "squeeze_volatility", "bollinger", "rsi_14", "rsi_7", "rsi_21", "rsx",
    "wavetrend", "macd", "kama", "schaff_trend_cycle", "supertrend", "adx", "obv",
]
PLANTED = [
    'features.groups=["lines"]', "features.shifts=[1, 2]", f"features.indicators={json.dumps(INDICATORS)}",
]
SIZE = (1280, 800)


def bars(folder):
    """The file of bars to learn from."""
    if ARGUMENTS.planted:
        market = folder / "market.parquet"
        subprocess.run(
            [PROGRAM, "synth", "regimes", "--bars", str(BARS), "--seed", "3", "--out", str(market)],
            check=True, stdout=subprocess.DEVNULL,
        )
        return market
    sample = ROOT / "sample_data" / "BTCUSDT_4h_binance_20170817-20240101.csv"
    lines = sample.read_text().splitlines()
    tail = folder / "BTCUSDT_4h.csv"
    tail.write_text("\n".join([lines[0], *lines[-BARS:]]) + "\n")
    return tail


def started_run(folder):
    """A run folder with nothing but its beginning, as a cancelled training leaves it."""
    changes = [f"train.num_epochs={EPOCHS}", "train.patience=1000", *(PLANTED if ARGUMENTS.planted else []), *ARGUMENTS.set]
    process = subprocess.Popen(
        [PROGRAM, "train", "--preset", ARGUMENTS.preset, "--data", str(bars(folder)),
         "--workspace", str(folder / "workspace"), *(word for change in changes for word in ("--set", change))],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    while not list((folder / "workspace").glob("runs/*/run.json")):
        time.sleep(0.05)
        if process.poll() is not None:
            raise SystemExit("FAILED: the run does not start")
    process.send_signal(signal.SIGINT)
    process.wait(120)
    [run] = (folder / "workspace" / "runs").iterdir()
    epochs = (run / "metrics.jsonl").read_text().count("\n") if (run / "metrics.jsonl").exists() else 0
    if epochs:
        raise SystemExit(f"FAILED: {epochs} epochs were over before the cancel; take more bars")
    return run


def features(run):
    """Inputs of the run's model, and features that were dropped."""
    data = (run / "model.safetensors").read_bytes()
    [length] = struct.unpack("<Q", data[:8])
    card = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["glassbox"])
    return len(card["schema"]["inputs"]), len(card["schema"]["dropped"])


def memory(pid):
    """Resident MiB: all, anonymous, of files, shared."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "RssAnon", "RssFile", "RssShmem"):
            found[name] = int(value.split()[0]) / 1024
    return found


def watch(w):
    """[epoch][(share of its batches, memory)] until the training ends; also the shares of time the machine was busy."""
    samples = {}
    idle, total = processors()
    while True:
        if w.process.poll() is not None:
            raise SystemExit("FAILED: the window closed itself")
        state = w.state
        jobs = [j for j in state["jobs"] if j["name"] == "train"]
        if jobs and jobs[-1]["state"] != "Running":
            break
        if jobs and jobs[-1]["total"] and "training" in jobs[-1]["stage"]:
            batches = jobs[-1]["total"] / EPOCHS
            epoch = int(jobs[-1]["done"] // batches) + 1
            share = jobs[-1]["done"] / batches % 1
            if epoch not in samples:
                report(samples, epoch - 1)
            samples.setdefault(epoch, []).append((share, memory(w.process.pid)))
        time.sleep(0.1)
    report(samples, EPOCHS)
    idle_now, total_now = processors()
    return samples, 1 - (idle_now - idle) / (total_now - total), jobs[-1]["state"]


def report(samples, epoch):
    if epoch in samples:
        values = [m["VmRSS"] for _, m in samples[epoch]]
        parts = {name: middle(samples[epoch], name) for name in samples[epoch][0][1]}
        print(
            f"      epoch {epoch:2}  middle {parts['VmRSS']:.1f} MiB (anonymous {parts['RssAnon']:.1f}, files"
            f" {parts['RssFile']:.1f}, shared {parts['RssShmem']:.1f})  lowest {min(values):.1f}  highest {max(values):.1f}"
            f"  samples {len(values)}", flush=True,
        )


def middle(samples, name):
    inside = [m[name] for share, m in samples if 0.25 <= share <= 0.75]
    return statistics.median(inside or [m[name] for _, m in samples])


def processors():
    """Idle and all ticks of the machine."""
    ticks = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return ticks[3] + ticks[4], sum(ticks)


def own_share(pid, before):
    """CPU seconds of the process since `before`."""
    parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK") - before


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        run = started_run(folder)
        w = Window(SIZE, folder)
        try:
            w.key("ctrl+2")
            w.until("the Train workspace is in front", lambda s: s["workspace"] == "Train")
            w.click(f"Resume {run.name}")
            w.until("training runs", lambda s: any("training" in j["stage"] for j in s["jobs"]), 300)
            # Measurements start anew when the file is gone.
            w.probe.unlink()
            began, used = time.time(), own_share(w.process.pid, 0)
            samples, busy, end = watch(w)
            probe, seconds = w.read(), time.time() - began
            used = own_share(w.process.pid, used) / seconds
            w.picture("trained")
            width, dropped = features(run)
        finally:
            w.close()
    print(f"      {EPOCHS} epochs in {seconds:.0f} s, the training ended as {end}; its picture is in {drive_window.PICTURES}")
    others = busy * os.cpu_count() - used
    print(f"      processors: this window {used:.2f}, others {others:.2f} of {os.cpu_count()}")
    failed = []
    if end != "Finished":
        failed.append(f"the training ended as {end}")
    print(f"features: {width} of the model, {dropped} dropped as constant or duplicate; {BARS} bars")
    if ARGUMENTS.planted and abs(width - WIDTH) > WIDTH / 100:
        failed.append(f"{width} features are not about {WIDTH}")
    late = min(20, EPOCHS)
    early = min(3, late - 1)
    first, last = middle(samples[early], "VmRSS"), middle(samples[late], "VmRSS")
    change = 100 * (last / first - 1)
    print(f"memory: epoch {early} {first:.1f} MiB, epoch {late} {last:.1f} MiB, {change:+.2f} %")
    if abs(change) > 2:
        failed.append(f"memory of epoch {late} is not within 2 % of epoch {early}")
    for name, text in [("frame", "logic and panels"), ("tessellation", "tessellation"), ("whole", "both")]:
        for kind, words in [("_ms", "wall"), ("_own_ms", "own")]:
            cost = probe[name + kind]
            print(f"{text}, {words}: p50 {cost['p50']:.2f} ms, p99 {cost['p99']:.2f} ms, max {cost['max']:.1f} ms, n {cost['n']}")
    quiet = others < 0.3
    kind = "whole_ms" if quiet else "whole_own_ms"
    if not quiet:
        print("the machine was busy with other work: only own time is judged")
    if probe[kind]["p99"] > 16:
        failed.append(f"p99 of {kind} is {probe[kind]['p99']:.1f} ms")
    if failed:
        raise SystemExit("FAILED: " + "; ".join(failed))
    print("all hold")


if __name__ == "__main__":
    main()
