"""JAX: one jitted step a call, and a lax.scan of many; in float32, and with products in bfloat16."""
import functools
import sys

import jax
import jax.numpy as jnp

from works import RATE, batches, initial, load, serve

folder = sys.argv[2]
ACTIVATIONS = {"relu": jax.nn.relu, "elu": jax.nn.elu}


def loss_of(case, kind):
    activation = ACTIVATIONS[case.activation]

    def dense(x, w, b):
        return (x.astype(kind) @ w.astype(kind)).astype(jnp.float32) + b

    def loss(parameters, x, y):
        for w, b in parameters[:-1]:
            x = activation(dense(x, w, b))
        logits = dense(x, *parameters[-1])
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1))

    return loss


def momentum(parameters, state, slope):
    state = jax.tree.map(lambda v, g: 0.9 * v - RATE * g, state, slope)
    return jax.tree.map(jnp.add, parameters, state), state


def adam(parameters, state, slope):
    m, v, t = state
    t = t + 1
    m = jax.tree.map(lambda m, g: m + 0.1 * (g - m), m, slope)
    v = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), v, slope)
    rate = RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), parameters, m, v), (m, v, t)


class Training:
    def __init__(self, case, variant):
        pixels, labels, order = load(case, folder)
        self.pixels, self.labels = jnp.asarray(pixels), jnp.asarray(labels.astype("int32"))
        self.loss = loss_of(case, variant["precision"])
        self.parameters = [tuple(map(jnp.asarray, layer)) for layer in initial(case)]
        zeros = jax.tree.map(jnp.zeros_like, self.parameters)
        update = momentum if case.optimizer == "momentum" else adam
        self.state = zeros if case.optimizer == "momentum" else (zeros, jax.tree.map(jnp.copy, zeros), jnp.zeros(()))
        indices = [jnp.asarray(b) for b in batches(case, order)]
        many = variant["how"] == "scan"
        self.steps = case.steps if many else 1
        self.indices = [jnp.stack(indices[: case.steps])] if many else indices
        self.at = 0

        def step(carry, rows):
            parameters, state = carry
            x = self.pixels[rows].astype(jnp.float32) * (1 / 255)
            return update(parameters, state, jax.grad(self.loss)(parameters, x, self.labels[rows]))

        @functools.partial(jax.jit, donate_argnums=(0, 1))
        def run(parameters, state, rows):
            if not many:
                return step((parameters, state), rows)
            return jax.lax.scan(lambda carry, r: (step(carry, r), None), (parameters, state), rows)[0]

        self.run = run

    def call(self):
        self.parameters, self.state = self.run(self.parameters, self.state, self.indices[self.at])
        self.at = (self.at + 1) % len(self.indices)
        jax.block_until_ready(self.parameters)

    def result(self):
        return self.loss(self.parameters, self.pixels[:256].astype(jnp.float32) * (1 / 255), self.labels[:256])


serve(
    {"library": "JAX " + jax.__version__},
    {"train": [{"how": how, "precision": p} for p in ("float32", "bfloat16") for how in ("jit", "scan")], "inference": []},
    Training,
)
