#!/usr/bin/env python3
"""Reads the TensorBoard files of run folders with TensorBoard's own reader and compares every value with metrics.jsonl and
steps.jsonl, and those of metrics.csv and steps.csv too.

    pip install tensorboard
    tests/compare_tensorboard.py RUN [RUN ...]

Not part of the suite: needs Python and PyPI's `tensorboard`.
"""

import json
import math
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

NO_FIGURES = {"event", "epoch", "step"}


def flatten(name, value, into):
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in NO_FIGURES:
                flatten(f"{name}/{key}" if name else key, part, into)
    elif isinstance(value, list):
        for i, part in enumerate(value):
            flatten(f"{name}/{i}", part, into)
    elif isinstance(value, bool):
        into[name] = float(value)
    elif isinstance(value, (int, float)):
        into[name] = float(value)


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def table(path, rows):
    """Compares a CSV file with its lines; how many cells agree."""
    table = [row.split(",") for row in path.read_text().splitlines()]
    assert len(table) == len(rows) + 1
    cells = 0
    for row, (line, values) in zip(table[1:], rows):
        named = dict(zip(table[0], row, strict=True))
        assert (int(named.pop("epoch")), int(named.pop("step"))) == (line["epoch"], line["step"])
        filled = {name: float(cell) for name, cell in named.items() if cell}
        assert filled == values, filled.keys() ^ values.keys()
        cells += len(filled)
    return cells


def compare(run):
    files = list((run / "tensorboard").glob("events.out.tfevents.*"))
    assert len(files) == 1, files
    reader = EventAccumulator(str(files[0]), size_guidance={SCALARS: 0})
    reader.Reload()
    found = {}
    for tag in reader.Tags()["scalars"]:
        for event in reader.Scalars(tag):
            key = (tag, event.step)
            assert key not in found, f"{key} comes twice"
            found[key] = (event.value, event.wall_time)
    expected, rows, seconds = {}, [], 0.0
    for line, timing in zip(lines(run / "metrics.jsonl"), lines(run / "timing.jsonl"), strict=True):
        values = {}
        flatten("", line, values)
        flatten("timing", timing, values)
        seconds += timing["seconds"]
        rows.append((line, values))
        expected |= {(tag, line["step"]): (value, seconds) for tag, value in values.items()}
    steps = []
    for line, timing in zip(lines(run / "steps.jsonl"), lines(run / "step_timing.jsonl"), strict=True):
        assert line["step"] == timing["step"]
        values = {}
        flatten("", line, values)
        flatten("timing", timing, values)
        steps.append((line, values))
        expected |= {(f"step/{tag}", line["step"]): (value, timing["seconds"]) for tag, value in values.items()}
    assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
    start = json.loads((run / "run.json").read_text())["started"] / 1000 if (run / "run.json").exists() else None
    for key, (value, after) in expected.items():
        got, time = found[key]
        assert got == single(value) or (math.isnan(got) and math.isnan(value)), (key, got, value)
        assert start is None or abs(time - start - after) < 1e-3, (key, time, start, after)
    cells = table(run / "metrics.csv", rows) + table(run / "steps.csv", steps)
    print(f"{run}: {len(expected)} scalars of {len(reader.Tags()['scalars'])} tags and {cells} cells agree")


for folder in sys.argv[1:] or sys.exit(__doc__):
    compare(Path(folder))
