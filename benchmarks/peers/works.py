"""The works that all sides do, and the loop in which a peer waits for them.

A peer is a process of its own.  It says once what it is, then answers each line of JSON on its standard
input, {"case", "variant", "do", "seconds"}, with one line: the seconds of a step (do: "time"), or the loss
after a number of steps from weights that all peers begin with (do: "check").  Between questions it sleeps,
so the sides can take turns in any order.
"""
import json
import os
import statistics
import struct
import sys
import time

NETS = {"mlp_small": (784, [300, 100]), "mlp_deep": (784, [100] * 20), "mlp_wide": (1024, [1024] * 3)}
CLASSES = 10
RATE = 0.001


class Case:
    """A training step: rows of bytes are gathered in random order and scaled, then forward, loss, backward, update."""

    def __init__(self, net, activation, optimizer, batch, rows):
        self.net, self.activation, self.optimizer, self.batch, self.rows = net, activation, optimizer, batch, rows
        self.features, self.hidden = NETS[net]
        self.widths = [self.features, *self.hidden, CLASSES]
        self.steps = min(rows // batch, 32)  # of one call that makes many; a check looks after as many
        self.name = "%s/%s/%s/batch:%d" % (net, activation, optimizer, batch)


CASES = [
    Case("mlp_small", "relu", "momentum", 32, 4096),
    Case("mlp_small", "elu", "adam", 32, 4096),
    Case("mlp_small", "relu", "momentum", 512, 16384),
    Case("mlp_deep", "elu", "momentum", 32, 4096),
    Case("mlp_wide", "elu", "momentum", 1024, 4096),
]


class Inference:
    """Probabilities of rows of float32, with what comes before the call left out."""

    def __init__(self, net, activation, batch):
        self.net, self.activation, self.batch = net, activation, batch
        self.features, self.hidden = NETS[net]
        self.widths = [self.features, *self.hidden, CLASSES]
        self.steps = 1
        self.name = "%s/%s/batch:%d" % (net, activation, batch)


INFERENCES = [Inference("mlp_small", a, b) for b in (1, 32, 512) for a in ("relu", "elu")]


def write_idx(path, dimensions, content, kind=8):
    with open(path, "wb") as out:
        out.write(struct.pack(">HBB%dI" % len(dimensions), 0, kind, len(dimensions), *dimensions) + content)


def read_idx(path):
    import numpy

    content = open(path, "rb").read()
    rank = content[3]
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * rank).reshape(
        struct.unpack(">%dI" % rank, content[4 : 4 + 4 * rank]))


def load(case, folder):
    """The case's bytes, labels, and an order of the rows."""
    import numpy

    path = os.path.join(folder, "%d-%d-" % (case.rows, case.features))
    return read_idx(path + "inputs"), read_idx(path + "labels"), numpy.random.default_rng(1).permutation(case.rows)


def batches(case, order):
    return [order[i : i + case.batch] for i in range(0, case.rows - case.batch + 1, case.batch)]


def initial(case):
    """(kernel (inputs, units), bias) of each layer, by He."""
    import numpy

    random = numpy.random.default_rng(2)
    return [
        (random.normal(0, (2 / a) ** 0.5, (a, b)).astype(numpy.float32), numpy.zeros(b, numpy.float32))
        for a, b in zip(case.widths, case.widths[1:])
    ]


def inference_rows(case):
    import numpy

    return numpy.random.default_rng(3).random((case.batch, case.features), dtype=numpy.float32)


def timed(call, steps, seconds):
    """Calls make `steps` steps each.  The first ones warm up."""
    warm_until = time.perf_counter() + seconds / 4
    call()
    while time.perf_counter() < warm_until:
        call()
    taken, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until or len(taken) < 5:
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) / steps)
    taken.sort()
    answer = {"seconds": statistics.median(taken), "best": taken[0], "count": len(taken)}
    if len(taken) >= 1000:
        answer["p99"] = taken[int(0.99 * (len(taken) - 1))]
    return answer


def serve(about, variants, make):
    """make(case, variant): an object with call(), which makes .steps steps, and result(), a number."""
    print(json.dumps({**about, "variants": variants}), flush=True)
    made = {}
    for line in sys.stdin:
        question = json.loads(line)
        work = [*CASES, *INFERENCES][question["case"]]
        key = question["case"], *question["variant"].values()
        try:
            if key not in made:
                made[key] = make(work, question["variant"])
                if question["do"] == "check":
                    for _ in range(work.steps // made[key].steps):
                        made[key].call()
                    answer = {"result": float(made[key].result())}
            if question["do"] == "time":
                answer = timed(made[key].call, made[key].steps, question["seconds"])
        except Exception as error:  # a variant that a peer cannot do is left out, and named
            answer = {"error": "%s: %s" % (type(error).__name__, (str(error).strip() or "no message").splitlines()[0])}
        print(json.dumps(answer), flush=True)
