#!/usr/bin/env python3
"""Fits the model of costs (engine/cost/cost.c) to this machine, and checks it.

    benchmarks/scaling/fit.py [RUNNEL]        needs numpy and scipy; an idle machine; 3 minutes

Networks of several shapes are measured at three batch sizes by `runnel bench train`; what each
asks for comes from `runnel topology --model`.  The rates are fitted, by relative least squares,
to the smallest and the largest batch sizes on one worker, then on two; the middle one checks
them.  Steps that the model would not share out are not measured on two workers.
"""
import json
import math
import re
import subprocess
import sys
import tempfile

import numpy as np
from scipy.optimize import nnls

RUNNEL = sys.argv[1] if len(sys.argv) > 1 else "build/runnel"
ROUNDS = 3
BARRIER = 0.2e-6  # seconds, two workers: `runnel bench machine`
NETS = {
    "tiny": (16, [32, 32], "relu", "momentum", (32, 128, 512)),
    "narrow": (64, [64] * 6, "relu", "momentum", (32, 128, 512)),
    "deep": (784, [100] * 20, "relu", "momentum", (32, 128, 512)),
    "small": (784, [300, 100], "relu", "momentum", (32, 128, 512)),
    "small_adam": (784, [300, 100], "elu", "adam", (32, 128, 512)),
    "mid": (256, [512, 256], "relu", "momentum", (32, 128, 512)),
    "wide": (1024, [1024] * 3, "relu", "momentum", (64, 128, 512)),
}
PHASE = re.compile(r"(.{20})\s*(\d+)\s+([\d.]+)\s+(\d+)\s+(\d+)\s+(\d+)\s+[\d.]+ us")


def configuration(features, units, activation, optimizer, batch):
    layers = "".join(f"  - dense: {{units: {u}, activation: {activation}}}\n" for u in units)
    return (f"data: {{train: {{blobs: {{rows: {max(4 * batch, 2048)}, features: {features}, "
            "classes: 10}}}\n"
            f"model:\n{layers}  - dense: {{units: 10, activation: softmax}}\n"
            "training: {loss: sparse_categorical_crossentropy, "
            f"optimizer: {optimizer}, batch_size: {batch}}}\n")


def run(*words):
    return subprocess.run([RUNNEL, *words], capture_output=True, text=True, check=True).stdout


def amounts_of(found):
    """Tiles, (flops, calls, bytes), and shared bytes of a phase."""
    tiles, flops, calls, bytes_, shared = map(float, found.groups()[1:])
    return tiles, np.array([flops * 1e6, calls, bytes_ * 1e3]), shared * 1e3


class Step:
    def __init__(self, name, path, batch, checks):
        self.name, self.path, self.checks = name, path, checks
        self.keeps_rows = batch > 32  # so two workers wait for each other twice
        self.seconds = {}
        self.phases = {}  # of one worker and of two, whose calls differ
        for threads in (1, 2):
            text = run("topology", "numa:1 core:2 pu:1", "--threads", str(threads), "--model", path)
            self.phases[threads] = list(map(amounts_of, filter(None, map(PHASE.match,
                                                                         text.splitlines()))))
        self.shared_out = "2 of 2 workers have tiles" in text

    def measure(self):
        for threads in (1, 2) if self.shared_out else (1,):
            result = json.loads(run("bench", "train", self.path, "--quick", "--json",
                                    "--threads", str(threads)))["benchmarks"][0]
            unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[result["time_unit"]]
            seconds = result["real_time"] * unit
            self.seconds[threads] = min(seconds, self.seconds.get(threads, seconds))

    def alone(self):
        return sum(amounts for _, amounts, _ in self.phases[1])

    def together(self, rates):
        """Seconds on two workers without what they share, and the bytes that they do."""
        own = sum(math.ceil(tiles / 2) / tiles * (amounts @ rates)
                  for tiles, amounts, _ in self.phases[2])
        shared = sum(math.ceil(tiles / 2) / tiles / 2 * s for tiles, _, s in self.phases[2])
        barriers = 2 if self.keeps_rows else len(self.phases[2])
        return own + BARRIER * barriers, shared


def fit(rows, seconds):
    """Non-negative rates for which each row @ rates is near its seconds, relatively."""
    relative = np.array([row / s for row, s in zip(rows, seconds)])
    scale = 1 / relative.max(axis=0)
    return nnls(relative * scale, np.ones(len(seconds)))[0] * scale


def main():
    with tempfile.TemporaryDirectory() as folder:
        steps = []
        for net, (features, units, activation, optimizer, batches) in NETS.items():
            for batch in batches:
                name = f"{net}_{batch}"
                path = f"{folder}/{name}.yaml"
                with open(path, "w", encoding="utf-8") as file:
                    file.write(configuration(features, units, activation, optimizer, batch))
                steps.append(Step(name, path, batch, batch == batches[1]))
        for _ in range(ROUNDS):
            for step in steps:
                step.measure()

    known = [s for s in steps if not s.checks]
    rates = fit([s.alone() for s in known], [s.seconds[1] for s in known])
    pairs = [s for s in known if s.shared_out]
    left = [s.seconds[2] - s.together(rates)[0] for s in pairs]
    relative = np.array([s.together(rates)[1] / s.seconds[2] for s in pairs])
    target = np.array([l / s.seconds[2] for l, s in zip(left, pairs)])
    shared = max(float(relative @ target / (relative @ relative)), 0)

    print(f"flops {1 / rates[0] / 1e9:.1f} GFLOP/s, call {rates[1] * 1e6:.2f} us, "
          f"bytes {1 / rates[2] / 1e9:.1f} GB/s, "
          f"shared bytes {1 / shared / 1e9 if shared else math.inf:.1f} GB/s")
    print(f"{'step':16} {'1 worker':>12} {'model':>8} {'2 workers':>12} {'model':>8}")
    for s in steps:
        one = s.alone() @ rates
        line = f"{s.name:16} {s.seconds[1] * 1e6:9.1f} us {one / s.seconds[1] - 1:+8.0%}"
        if s.shared_out:
            own, bytes_ = s.together(rates)
            two = own + bytes_ * shared
            line += f" {s.seconds[2] * 1e6:9.1f} us {two / s.seconds[2] - 1:+8.0%}"
        print(line + ("   (check)" if s.checks else ""))


main()
