#!/usr/bin/env python3
"""The training steps of `runnel bench train` in PyTorch, as JSON in the schema of Google Benchmark.

    pytorch_step.py [--threads N] [--seconds S] [--case NAME]... [--compile]

Each step does what Runnel's does: rows of bytes are gathered in random order and scaled, then forward,
loss, backward, update.  Variants: eager; the optimizer's fused form where there is one; with
--compile also torch.compile.  The best variant's median counts.
"""
import argparse
import json
import os
import statistics
import time

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=2.0)
parser.add_argument("--case", action="append")
parser.add_argument("--compile", action="store_true")
arguments = parser.parse_args()
os.environ.setdefault("OMP_NUM_THREADS", str(arguments.threads))

import torch  # noqa: E402

torch.set_num_threads(arguments.threads)

NETS = {
    "mlp_small": (784, [300, 100]),
    "mlp_deep": (784, [100] * 20),
    "mlp_wide": (1024, [1024] * 3),
}
CASES = [
    ("mlp_small", "relu", "momentum", 32),
    ("mlp_small", "elu", "adam", 32),
    ("mlp_small", "relu", "momentum", 512),
    ("mlp_deep", "elu", "momentum", 32),
    ("mlp_wide", "elu", "momentum", 1024),
]
CLASSES = 10
ACTIVATIONS = {"relu": torch.nn.ReLU, "elu": torch.nn.ELU}


def build(features, hidden, activation):
    layers, width = [], features
    for units in hidden:
        layers += [torch.nn.Linear(width, units), ACTIVATIONS[activation]()]
        width = units
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, CLASSES))


def build_optimizer(name, parameters, fused):
    if name == "momentum":
        return torch.optim.SGD(parameters, lr=0.001, momentum=0.9, fused=fused)
    return torch.optim.Adam(parameters, lr=0.001, eps=1e-7, fused=fused)


def measure(case, fused, compiled):
    net, activation, optimizer_name, batch = case
    features, hidden = NETS[net]
    torch.manual_seed(0)
    model = build(features, hidden, activation)
    optimizer = build_optimizer(optimizer_name, model.parameters(), fused)
    loss_function = torch.nn.CrossEntropyLoss()
    rows = max(4 * batch, 4096)
    pixels = torch.randint(0, 256, (rows, features), dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (rows,))

    def forward_backward(x, y):
        loss = loss_function(model(x), y)
        loss.backward()

    if compiled:
        forward_backward = torch.compile(forward_backward)
    order = torch.randperm(rows)
    times, begin = [], time.perf_counter()
    position = 0
    while time.perf_counter() - begin < arguments.seconds or len(times) < 10:
        start = time.perf_counter()
        indices = order[position : position + batch]
        position = (position + batch) % (rows - batch + 1)
        x = pixels[indices].to(torch.float32).mul_(1 / 255)
        y = labels[indices]
        optimizer.zero_grad(set_to_none=True)
        forward_backward(x, y)
        optimizer.step()
        times.append(time.perf_counter() - start)
    times = times[len(times) // 5 :]  # the first ones warm up
    return statistics.median(times), min(times), len(times)


def main():
    results = []
    for case in CASES:
        name = "train/%s/%s/%s/batch:%d/threads:%d" % (*case, arguments.threads)
        if arguments.case and name not in arguments.case:
            continue
        variants = {"eager": (False, False), "fused": (True, False)}
        if arguments.compile:
            variants["compiled"] = (False, True)
        measured = {}
        for variant, (fused, compiled) in variants.items():
            try:
                measured[variant] = measure(case, fused, compiled)
            except (RuntimeError, TypeError) as error:
                print("%s %s: %s" % (name, variant, error), file=__import__("sys").stderr)
        best = min(measured, key=lambda v: measured[v][0])
        median, least, count = measured[best]
        results.append(
            {
                "name": name,
                "run_name": name,
                "run_type": "iteration",
                "repetitions": count,
                "threads": arguments.threads,
                "iterations": count,
                "real_time": 1e6 * median,
                "cpu_time": 1e6 * median * arguments.threads,
                "time_unit": "us",
                "best": 1e6 * least,
                "variant": best,
                **{v + "_us": 1e6 * m[0] for v, m in measured.items()},
            }
        )
    blas = [line.strip() for line in torch.__config__.show().splitlines() if "BLAS" in line]
    context = {"library": "PyTorch " + torch.__version__, "build": blas}
    print(json.dumps({"context": context, "benchmarks": results}, indent=2))


main()
