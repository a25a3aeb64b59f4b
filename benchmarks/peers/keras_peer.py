"""Keras on JAX: model.fit, one step at a time and many in one execution; in float32 and mixed_bfloat16."""
import sys

import keras

from works import CLASSES, RATE, batches, initial, load, serve

folder = sys.argv[2]


class Training:
    def __init__(self, case, variant):
        pixels, labels, order = load(case, folder)
        self.rows = {"x": pixels[order], "y": labels[order].astype("int32")}
        self.case, self.batch, self.first = case, case.batch, True
        self.probe = pixels[:256], labels[:256].astype("int32")
        policy = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[variant["precision"]]
        layers = [keras.Input((case.features,)), keras.layers.Rescaling(1 / 255, dtype=policy)]
        layers += [keras.layers.Dense(u, activation=case.activation, dtype=policy) for u in case.hidden]
        self.model = keras.Sequential([*layers, keras.layers.Dense(CLASSES, dtype=policy)])
        for layer, parameters in zip([l for l in self.model.layers if l.weights], initial(case)):
            layer.set_weights(parameters)
        self.model.compile(
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            optimizer=keras.optimizers.SGD(RATE, momentum=0.9)
            if case.optimizer == "momentum"
            else keras.optimizers.Adam(RATE),
            steps_per_execution=case.steps if variant["how"] == "fit, many steps" else 1,
        )

    @property
    def steps(self):
        return self.case.steps if self.first else self.case.rows // self.batch

    def call(self):
        """The first call makes the steps of a check, in the order that all have in common."""
        count = self.steps * self.batch
        rows = {name: values[:count] for name, values in self.rows.items()}
        self.model.fit(**rows, batch_size=self.batch, epochs=1, verbose=0, shuffle=not self.first)
        self.first = False

    def result(self):
        return self.model.evaluate(*self.probe, batch_size=256, verbose=0)


serve(
    {"library": "Keras %s on %s" % (keras.__version__, keras.backend.backend())},
    {"train": [{"how": how, "precision": p} for p in ("float32", "bfloat16") for how in ("fit", "fit, many steps")],
     "inference": []},
    Training,
)
