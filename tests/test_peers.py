#!/usr/bin/env python3
"""benchmarks/peers: what keeps the sides apart, and what is made of their answers.  No peer is needed."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

peers = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "benchmarks", "peers")
sys.path.insert(0, peers)
sys.dont_write_bytecode = True
import compare  # noqa: E402
import works  # noqa: E402


class Side:
    def __init__(self, library, answer=None):
        self.library, self.answer = library, answer

    def ask(self, case, variant, **what):
        return self.answer


def entry(side, seconds, how="eager", precision="float32"):
    made = compare.Entry(side, 0, {"how": how, "precision": precision})
    made.rounds = {number: {"seconds": s, "best": s / 2} for number, s in enumerate(seconds)}
    return made


class Apart(unittest.TestCase):
    def test_a_binding_reaches_no_other_side(self):
        os.environ.update(OMP_PROC_BIND="true", OMP_PLACES="cores", KMP_AFFINITY="compact", MKL_NUM_THREADS="7",
                          XLA_FLAGS="--x", OPENBLAS_NUM_THREADS="3", GOMP_CPU_AFFINITY="0")
        core = min(os.sched_getaffinity(0))
        show = "import json, os; print(json.dumps([dict(os.environ), sorted(os.sched_getaffinity(0))]))"
        process = compare.start([sys.executable, "-c", show], [core], {"OMP_WAIT_POLICY": "passive"})
        environment, affinity = json.loads(process.communicate()[0])
        self.assertEqual(affinity, [core])
        found = {name: value for name, value in environment.items() if name.startswith(compare.FOREIGN)}
        self.assertEqual(found, {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"})

    def test_cores_are_physical_and_counted(self):
        self.assertEqual(len(compare.physical_cores(1)), 1)
        with self.assertRaises(SystemExit):
            compare.physical_cores(100000)


class Judged(unittest.TestCase):
    def test_best_variant_by_the_median_and_ratios_within_rounds(self):
        runnel, peer = Side("Runnel"), Side("Peer")
        own, eager, fused = entry(runnel, [1, 2, 4]), entry(peer, [3, 9, 9]), entry(peer, [4, 4, 6], "fused")
        found = compare.best_of_sides([own, eager, fused])
        self.assertEqual(found, {(runnel, "float32"): own, (peer, "float32"): fused})
        self.assertEqual(compare.ratios(fused, own), [1.5, 2, 4])

    def test_a_slow_variant_sits_out(self):
        peer = Side("Peer")
        quick, near, slow = entry(peer, [4, 4]), entry(peer, [4.9, 4.9], "near"), entry(peer, [5.1, 5.1], "slow")
        other = entry(peer, [9, 9], "eager", "bfloat16")
        compare.drop_slow([quick, near, slow, other])
        self.assertEqual([e.sits_out for e in (quick, near, slow, other)], [False, False, True, False])

    def test_a_peer_that_computes_something_else_is_left_out(self):
        right, wrong = Side("A", {"result": 2.0}), Side("B", {"result": 2.01})
        compare.check([entry(right, []), entry(right, [])])
        near, far, said = entry(wrong, [], precision="bfloat16"), entry(wrong, []), io.StringIO()
        with contextlib.redirect_stderr(said):
            compare.check([entry(right, []), near, far])
        self.assertEqual([near.sits_out, far.sits_out], [False, True])
        self.assertIn("B eager float32 computes 2.01 where the others compute 2", said.getvalue())


class Works(unittest.TestCase):
    def test_idx(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x")
            works.write_idx(path, (2, 3), b"abcdef")
            self.assertEqual(open(path, "rb").read(), b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03abcdef")

    def test_a_measurement_counts_the_steps_of_a_call(self):
        now = [100.0]

        def call():
            now[0] += 0.5

        with unittest.mock.patch.object(works.time, "perf_counter", lambda: now[0]):
            self.assertEqual(works.timed(call, 4, 3), {"seconds": 0.125, "best": 0.125, "count": 6})
            self.assertEqual(works.timed(call, 4, 0.01)["count"], 5)

    def test_the_program_runs_without_a_peer(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out.json")
            command = [sys.executable, os.path.join(peers, "compare.py"), "--runnel", os.environ["RUNNEL_PROGRAM"], "--python",
                       "false", "--threads", "1", "--rounds", "1", "--seconds", "0.01", "--case", "relu/momentum/batch:32",
                       "--json", out]
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("training step mlp_small/relu/momentum/batch:32\n  Runnel ", done.stdout)
            with open(out) as made:
                table = json.load(made)["table"]
            self.assertEqual([(row["kind"], row["precision"]) for row in table], [("train", "float32"), ("train", "bfloat16")])
            command[command.index("relu/momentum/batch:32")] = "no such case"
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn("mlp_deep/elu/momentum/batch:32", done.stderr)


if __name__ == "__main__":
    unittest.main()
