#!/usr/bin/env python3
"""Runnel's training step against PyTorch's: the same work, the same threads, in turns.

    compare.py [--runnel build/runnel] [--python PYTHON] [--threads N] [--rounds R] [--json FILE]

Both are bound to the same cores.  In each round first one measures all cases, then the other; the
ratio of a case is the median over the rounds, and its range is printed beside it.  On a machine that
others use, too, look at `best`, the ratio of each one's best round: others only take time away.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--runnel", default="build/runnel")
parser.add_argument("--python", default=sys.executable, help="one that has torch")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--json")
arguments = parser.parse_args()
here = os.path.dirname(os.path.abspath(__file__))
cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[: arguments.threads])
environment = dict(os.environ, OMP_NUM_THREADS=str(arguments.threads), OMP_PROC_BIND="true")


def run(*command):
    return json.loads(
        subprocess.run(["taskset", "-c", cores, *command], check=True, capture_output=True, env=environment).stdout
    )


threads = str(arguments.threads)
rounds = []
for _ in range(arguments.rounds):
    own = run(arguments.runnel, "bench", "train", "--threads", threads, "--quick", "--json")
    peer = run(arguments.python, os.path.join(here, "pytorch_step.py"), "--threads", threads, "--seconds", "0.7")
    rounds.append((own, peer))

print("%s against %s, %s threads, %d rounds" % (
    "Runnel " + rounds[0][0]["context"]["library_version"], rounds[0][1]["context"]["library"], threads, len(rounds)))
print("%-52s %10s %10s %7s %16s %7s %7s" % (
    "training step", "runnel us", "peer us", "ratio", "range", "best", "peak"))
table = []
for index, own in enumerate(rounds[0][0]["benchmarks"]):
    pairs = [(o["benchmarks"][index], p["benchmarks"][index]) for o, p in rounds]
    ratios = sorted(p["real_time"] / o["real_time"] for o, p in pairs)
    row = {
        "name": own["name"],
        "runnel_us": statistics.median(o["real_time"] for o, _ in pairs),
        "peer_us": statistics.median(p["real_time"] for _, p in pairs),
        "peer_variant": pairs[0][1]["variant"],
        "ratio": statistics.median(ratios),
        "best": min(p["real_time"] for _, p in pairs) / min(o["real_time"] for o, _ in pairs),
        "share_of_peak": statistics.median(o.get("share_of_peak", 0) for o, _ in pairs),
    }
    table.append(row)
    print("%-52s %10.1f %10.1f %7.2f %7.2f .. %5.2f %7.2f %6.1f%%" % (
        row["name"], row["runnel_us"], row["peer_us"], row["ratio"], ratios[0], ratios[-1], row["best"],
        100 * row["share_of_peak"]))
if arguments.json:
    with open(arguments.json, "w") as out:
        json.dump({"context": [rounds[0][0]["context"], rounds[0][1]["context"]], "table": table}, out, indent=2)
