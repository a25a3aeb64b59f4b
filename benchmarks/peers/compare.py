#!/usr/bin/env python3
"""Runnel beside PyTorch, JAX, Keras on JAX and onnxruntime: the same works, threads and cores, in turns.

    compare.py [--runnel build/runnel] [--python PYTHON]... [--threads N] [--rounds R] [--seconds S]
               [--do train,inference] [--case TEXT]... [--json FILE] [--report PAGE]

A peer runs where one of the Pythons has it (default: the one that runs this).  Every peer begins with the
same weights, rows and order, and first shows that it computes what the others do: its loss after an epoch,
or its outputs; one that does not is named and left out.  Then come rounds: all cases in random order, in each all variants of all sides in random
order.  A variant that is a quarter slower than the best of its side after two rounds sits out the others.
Printed is each side's best variant by the median of its rounds; the ratio to Runnel is the median of the
ratios within a round, with their range; `best` is that of each one's best round: others on the machine only
take time away.

--report writes a page with `runnel report`, from the file of --json, or PAGE.json.

Each side is a process of its own, with the same processors allowed, and an environment without what binds
or limits threads (OMP_*, KMP_*, MKL_*, XLA_FLAGS ...) but for what its line in PEERS says.
"""
import argparse
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
from works import CASES, CLASSES, INFERENCES, RATE, write_idx  # noqa: E402

# Modules, script, environment.  onnxruntime's threads would inherit a binding of the first one.
PEERS = [
    (["torch"], "pytorch_peer.py", {"OMP_PROC_BIND": "true"}),
    (["jax"], "jax_peer.py", {"JAX_PLATFORMS": "cpu"}),
    (["keras", "jax"], "keras_peer.py", {"JAX_PLATFORMS": "cpu", "KERAS_BACKEND": "jax"}),
    (["onnxruntime", "onnx"], "onnxruntime_peer.py", {}),
]
FOREIGN = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "XLA_", "JAX_", "KERAS_", "DNNL_", "ONEDNN_",
           "LD_PRELOAD", "ORT_", "TORCH", "PYTORCH_")
SLOWER, TOLERANCE = 1.25, {"float32": 2e-3, "bfloat16": 3e-2}
ROUNDS_OF_ALL = 2


def physical_cores(count):
    """The first hardware thread of each core that this process may use."""
    cores, seen = [], set()
    for cpu in sorted(os.sched_getaffinity(0)):
        try:
            siblings = open("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list" % cpu).read()
        except OSError:
            siblings = str(cpu)
        if siblings not in seen:
            seen.add(siblings)
            cores.append(cpu)
    if len(cores) < count:
        sys.exit("compare.py: --threads expects at most %d, the physical cores that may be used" % len(cores))
    return cores[:count]


def start(command, cores, extra, **pipes):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    kept.update(extra, OMP_NUM_THREADS=str(len(cores)))
    return subprocess.Popen(command, env=kept, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cores),
                            stdout=subprocess.PIPE, **pipes)


class Peer:
    def __init__(self, python, script, extra, cores, folder):
        self.process = start([python, os.path.join(here, script), str(len(cores)), folder], cores, extra,
                             stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        about = self.read()
        self.library, self.variants = about["library"], about["variants"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the process ended with code %s" % self.process.wait())
        return json.loads(line)

    def ask(self, case, variant, **what):
        self.process.stdin.write(json.dumps({"case": case, "variant": variant, **what}) + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Runnel:
    """`runnel bench` on a configuration for each case."""

    def __init__(self, program, cores, folder):
        self.program, self.cores, self.folder = program, cores, folder
        self.library = "Runnel " + subprocess.run([program, "--version"], check=True, capture_output=True,
                                                  text=True).stdout.split()[-1]
        has_bfloat16 = subprocess.run([program, "help", "config", "training.precision"], capture_output=True).returncode == 0
        self.variants = {
            "train": [{"how": "", "precision": p} for p in ("float32", "bfloat16")[: 1 + has_bfloat16]],
            "inference": [{"how": "", "precision": "float32"}],
        }

    def ask(self, case, variant, do, seconds=0):
        work = [*CASES, *INFERENCES][case]
        what = "train" if work in CASES else "latency"
        if do == "check":
            return {}
        command = [self.program, "bench", what, write_config(work, self.folder), "--threads", str(len(self.cores)),
                   "--seconds", str(seconds), "--json"]
        if variant["precision"] == "bfloat16":
            command += ["--set", "training.precision=mixed_bfloat16"]
        if what == "latency":
            command += ["--batch", str(work.batch)]
        process = start(command, self.cores, {}, stderr=subprocess.PIPE)
        text, complaint = process.communicate()
        if process.returncode != 0:
            return {"error": complaint.strip()}
        ending = "/batch:%d/threads:%d_median" % (work.batch, len(self.cores))
        entry = next(e for e in json.loads(text)["benchmarks"]
                     if e["name"].endswith(ending) and ("/train" + ending in e["name"]) <= (what == "train"))
        return {"seconds": 1e-9 * entry["real_time"], "best": 1e-9 * entry["best"],
                "share_of_peak": entry.get("share_of_peak"), "p99": 1e-9 * entry.get("p99", 0)}

    def close(self):
        pass


def write_data(works, folder):
    bits = random.Random(1)
    for rows, features in {(w.rows, w.features) for w in works if w in CASES}:
        path = os.path.join(folder, "%d-%d-" % (rows, features))
        write_idx(path + "inputs", (rows, features), bits.randbytes(rows * features))
        write_idx(path + "labels", (rows,), bytes(bits.randrange(CLASSES) for _ in range(rows)))
    for features in {w.features for w in works if w in INFERENCES}:
        path, rows = os.path.join(folder, "floats-%d-" % features), 4096
        write_idx(path + "inputs", (rows, features), struct.pack(">%df" % (rows * features), *(
            bits.random() for _ in range(rows * features))), kind=13)
        write_idx(path + "labels", (rows,), bytes(bits.randrange(CLASSES) for _ in range(rows)))


def write_config(work, folder):
    training = work in CASES
    data = os.path.join(folder, "%d-%d-" % (work.rows, work.features) if training else "floats-%d-" % work.features)
    path = os.path.join(folder, work.name.replace("/", "-") + ".yaml")
    with open(path, "w") as out:
        print("data: {train: {idx: {inputs: %sinputs, targets: %slabels}}%s}" % (
            data, data, ", scaling: range" if training else ""), file=out)
        print("model:", file=out)
        for units in work.hidden:
            print("  - dense: {units: %d, activation: %s, kernel_initializer: he_normal}" % (units, work.activation), file=out)
        print("  - dense: {units: %d, activation: softmax}" % CLASSES, file=out)
        print("training:\n  loss: sparse_categorical_crossentropy\n  batch_size: %d\n  optimizer: {%s: {learning_rate: %g}}" % (
            work.batch, work.optimizer if training else "sgd", RATE), file=out)
    return path


def start_peers(pythons, cores, folder):
    peers = []
    for modules, script, extra in PEERS:
        probe = "import importlib.util as u, sys; sys.exit(not all(u.find_spec(m) for m in %r))" % modules
        python = next((p for p in pythons if subprocess.run([p, "-c", probe]).returncode == 0), None)
        if not python:
            print("compare.py: no Python here has %s" % " and ".join(modules), file=sys.stderr)
            continue
        try:
            peers.append(Peer(python, script, extra, cores, folder))
        except RuntimeError as error:
            print("compare.py: %s: %s" % (script, error), file=sys.stderr)
    return peers


class Entry:
    """A variant of a side in one case."""

    def __init__(self, side, case, variant):
        self.side, self.case, self.variant, self.rounds, self.sits_out = side, case, variant, {}, False

    def median(self):
        return statistics.median(answer["seconds"] for answer in self.rounds.values())

    def best(self):
        return min(answer["best"] for answer in self.rounds.values())

    def name(self):
        return " ".join(filter(None, [self.side.library, self.variant["how"], self.variant["precision"]]))

    def ask(self, **what):
        answer = self.side.ask(self.case, self.variant, **what)
        if "error" in answer:
            print("compare.py: %s: %s" % (self.name(), answer["error"]), file=sys.stderr)
            self.sits_out = not isinstance(self.side, Runnel)
        return answer


def check(entries):
    """Leaves out a variant that does not compute what the first one does."""
    reference = None
    for entry in entries:
        if isinstance(entry.side, Runnel):
            continue
        answer = entry.ask(do="check")
        if "error" in answer:
            continue
        reference = reference if reference is not None else answer["result"]
        if abs(answer["result"] - reference) > TOLERANCE[entry.variant["precision"]] * abs(reference):
            print("compare.py: left out: %s computes %.7g where the others compute %.7g"
                  % (entry.name(), answer["result"], reference), file=sys.stderr)
            entry.sits_out = True


def drop_slow(entries):
    for entry in entries:
        rivals = [e.median() for e in entries if e.rounds and not e.sits_out and e.side is entry.side
                  and e.variant["precision"] == entry.variant["precision"]]
        if entry.rounds and rivals and entry.median() > SLOWER * min(rivals):
            entry.sits_out = True


def processor_ticks():
    fields = [int(n) for n in open("/proc/stat").readline().split()[1:9]]
    return sum(fields), fields[7]


def condition():
    lines = open("/proc/cpuinfo").read().splitlines()
    model = next((l.split(":")[1].strip() for l in lines if l.startswith("model name")), "an unknown processor")
    return "%s, %d processors, load %s, Linux %s" % (
        model, os.cpu_count(), open("/proc/loadavg").read().split()[0], os.uname().release)


def best_of_sides(entries):
    """(side, precision): its best variant."""
    found = {}
    for entry in entries:
        key = entry.side, entry.variant["precision"]
        if entry.rounds and not entry.sits_out and (key not in found or entry.median() < found[key].median()):
            found[key] = entry
    return found


def ratios(entry, own):
    return sorted(entry.rounds[r]["seconds"] / own.rounds[r]["seconds"] for r in entry.rounds if r in own.rounds)


def report(work, entries, kind):
    found = best_of_sides(entries)
    runnel = {precision: e for (side, precision), e in found.items() if isinstance(side, Runnel)}
    print("\n%s %s" % ({"train": "training step", "inference": "inference"}[kind], work.name))
    rows = []
    for (side, precision), entry in found.items():
        own = runnel.get(precision, runnel.get("float32"))
        line = "  %-44s %10.1f us  best %10.1f us" % (entry.name(), 1e6 * entry.median(), 1e6 * entry.best())
        row = {"case": work.name, "kind": kind, "side": side.library, **entry.variant, "seconds": entry.median(), "best": entry.best()}
        shares = [a["share_of_peak"] for a in entry.rounds.values() if a.get("share_of_peak")]
        if shares and precision == "float32":
            line += "  %4.1f %% of the FMA peak" % (100 * statistics.median(shares))
        if own and entry is not own:
            all_ratios = ratios(entry, own)
            row.update(ratio=statistics.median(all_ratios), ratios=all_ratios)
            line += "  %5.2f x Runnel's%s (%.2f to %.2f), best %.2f" % (
                row["ratio"], "" if own.variant["precision"] == precision else " float32", all_ratios[0], all_ratios[-1],
                entry.best() / own.best())
        print(line, flush=True)
        rows.append(row)
    return rows


def bench_entries(work, entry):
    """The rounds, and their median, in the schema of Google Benchmark, for `runnel report` and `bench diff`."""
    kind = "train" if work in CASES else "inference"
    name = "%s/%s/%s" % (kind, work.name.replace("/", " "), entry.name())
    seconds = sorted(answer["seconds"] for answer in entry.rounds.values())
    common = {"run_name": name, "threads": 1, "iterations": 1, "time_unit": "ns"}
    rounds = [{**common, "name": name, "run_type": "iteration", "repetition_index": number, "real_time": 1e9 * s, "cpu_time": 1e9 * s}
              for number, s in enumerate(seconds)]
    middle = 1e9 * statistics.median(seconds)
    return rounds + [{**common, "name": name + "_median", "run_type": "aggregate", "aggregate_name": "median", "real_time": middle,
                      "cpu_time": middle, "best": 1e9 * entry.best(), "interval_low": 1e9 * seconds[0], "interval_high": 1e9 * seconds[-1]}]


def write_json(path, works, entries, table, sides, cores):
    context = {"date": time.strftime("%FT%T%z"), "processor": condition(), "threads": len(cores), "sides": [s.library for s in sides]}
    best = [e for case in entries for e in best_of_sides(entries[case]).values()]
    with open(path, "w") as out:
        json.dump({"context": context, "benchmarks": [b for e in best for b in bench_entries(works[e.case], e)], "table": table,
                   "rounds": [{"case": works[c].name, "side": e.side.library, **e.variant, "rounds": list(e.rounds.values())}
                              for c in entries for e in entries[c]]}, out, indent=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runnel", default="build/runnel")
    parser.add_argument("--python", action="append", help="one that has a peer; may be repeated")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one measurement")
    parser.add_argument("--do", default="train,inference")
    parser.add_argument("--case", action="append", help="a part of its name, as in batch:32; may be repeated")
    parser.add_argument("--json", help="write what was printed, and every round")
    parser.add_argument("--report", help="write a page of HTML with `runnel report`")
    arguments = parser.parse_args()
    kinds = arguments.do.split(",")
    if not set(kinds) <= {"train", "inference"}:
        parser.error("--do expects train, inference or both, got '%s'" % arguments.do)
    works = [*CASES, *INFERENCES]
    chosen = [i for i, w in enumerate(works) if ("train" if w in CASES else "inference") in kinds
              and any(part in w.name for part in arguments.case or [""])]
    if not chosen:
        parser.error("--case: no work has such a name; there are " + ", ".join(w.name for w in works))
    cores = physical_cores(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        write_data([works[i] for i in chosen], folder)
        sides = [Runnel(arguments.runnel, cores, folder), *start_peers(arguments.python or [sys.executable], cores, folder)]
        print("%s; %d threads on processors %s, %d rounds\n%s" % (
            ", ".join(s.library for s in sides), len(cores), ",".join(map(str, cores)), arguments.rounds, condition()), flush=True)
        entries = {i: [Entry(s, i, v) for s in sides for v in s.variants["train" if works[i] in CASES else "inference"]]
                   for i in chosen}
        ticks = processor_ticks()
        for case in chosen:
            check(entries[case])
        for number in range(arguments.rounds):
            for case in random.sample(chosen, len(chosen)):
                for entry in random.sample(entries[case], len(entries[case])):
                    if not entry.sits_out:
                        answer = entry.ask(do="time", seconds=arguments.seconds)
                        if "error" not in answer:
                            entry.rounds[number] = answer
                if number + 1 == ROUNDS_OF_ALL:
                    drop_slow(entries[case])
        table = []
        for case in chosen:
            table += report(works[case], entries[case], "train" if works[case] in CASES else "inference")
        passed, stolen = (after - before for after, before in zip(processor_ticks(), ticks))
        print("\n%s; %.1f %% of the processors' time was stolen" % (condition(), 100 * stolen / max(passed, 1)))
        for side in sides:
            side.close()
    path = arguments.json or (arguments.report and arguments.report + ".json")
    if path:
        write_json(path, works, entries, table, sides, cores)
    if arguments.report:
        subprocess.run([arguments.runnel, "report", path, "-o", arguments.report], check=True)


if __name__ == "__main__":
    main()
