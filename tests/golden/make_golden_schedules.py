#!/usr/bin/env python3
"""Makes schedules.json: learning rates by the schedules of Keras 3 in float64, step by step or epoch by epoch.

    KERAS_BACKEND=jax python3 make_golden_schedules.py

Made with the versions that the file names.  The test that reads it needs neither Python nor Keras.
"""
import json
import os

os.environ.setdefault("KERAS_BACKEND", "jax")
import jax

jax.config.update("jax_enable_x64", True)
import keras

keras.config.set_floatx("float64")
S = keras.optimizers.schedules
STEPS = 60
RATE = 0.05
made = []


def add(yaml, schedule):
    made.append({"schedule": yaml, "rates": [float(schedule(t)) for t in range(STEPS)]})


add("power: {steps: 20}", S.InverseTimeDecay(RATE, decay_steps=20, decay_rate=1))
add("exponential: {steps: 7, rate: 0.5, per: step}", S.ExponentialDecay(RATE, 7, 0.5))
add("exponential: {steps: 7, rate: 0.5, staircase: true, per: step}", S.ExponentialDecay(RATE, 7, 0.5, staircase=True))
add("piecewise: {boundaries: [10, 35], values: [0.1, 0.02, 0.003], per: step}",
    S.PiecewiseConstantDecay([10, 35], [0.1, 0.02, 0.003]))
add("cosine", S.CosineDecay(RATE, decay_steps=STEPS))
add("cosine: {warmup: 12, last_rate: 0.005}",
    S.CosineDecay(0.0, decay_steps=STEPS - 12, alpha=0.1, warmup_target=RATE, warmup_steps=12))

# The figure of each epoch, and the rate of the next.
LOSSES = [1.0, 0.9, 0.89995, 0.95, 0.8, 0.85, 0.85, 0.85, 0.85, 0.7, 0.72, 0.71, 0.73, float("nan"), 0.75, 0.5, 0.5, 0.5, 0.5, 0.5]


def plateau(yaml, **parameters):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(RATE), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau(**parameters)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(LOSSES):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        rates.append(float(model.optimizer.learning_rate))
    made.append({"schedule": yaml, "after": rates})


plateau("performance: {patience: 2, factor: 0.5}", patience=2, factor=0.5, min_delta=1e-4)
plateau("performance: {patience: 1, factor: 0.1, cooldown: 2, min_lr: 0.001, min_delta: 0.01}",
        patience=1, factor=0.1, cooldown=2, min_lr=0.001, min_delta=0.01)

stops = []


def stop(yaml, **parameters):
    """Epochs from 1: the one after which training ended (0: it did not) and the best one."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    callback = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", **parameters)
    callback.set_model(model)
    callback.on_train_begin()
    model.stop_training = False
    for epoch, loss in enumerate(LOSSES):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    stops.append({"early_stopping": yaml, "stopped": callback.stopped_epoch + 1 if model.stop_training else 0,
                  "best": callback.best_epoch + 1})


stop("{patience: 2}", patience=2, restore_best_weights=True)
stop("{patience: 4}", patience=4, restore_best_weights=True)
stop("{patience: 5}", patience=5, restore_best_weights=True)
stop("{patience: 3, min_delta: 0.1}", patience=3, min_delta=0.1, restore_best_weights=True)
stop("{patience: 2, start_from_epoch: 5}", patience=2, start_from_epoch=5, restore_best_weights=True)
stop("{patience: 100}", patience=100, restore_best_weights=True)

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "schedules.json"), "w") as out:
    json.dump({"versions": {"keras": keras.__version__, "jax": jax.__version__}, "learning_rate": RATE, "steps": STEPS,
               "losses": [None if loss != loss else loss for loss in LOSSES], "schedules": made, "stops": stops}, out, indent=1)
    out.write("\n")
