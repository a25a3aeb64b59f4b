#!/usr/bin/env python3
"""Makes resize.json: images resized by keras.ops.image.resize, bilinear, without antialiasing.

    KERAS_BACKEND=jax python3 make_golden_resize.py

Made with the versions that the file names.  The test that reads it needs neither Python nor Keras.
"""
import json
import os

os.environ.setdefault("KERAS_BACKEND", "jax")
import jax

jax.config.update("jax_enable_x64", True)
import keras
import numpy as np

rng = np.random.default_rng(20260707)
made = []
for height, width, channels, to in [(4, 5, 1, (7, 3)), (6, 6, 3, (4, 9)), (5, 3, 1, (1, 1)),
                                    (1, 2, 3, (3, 5)), (8, 8, 1, (4, 4)), (7, 9, 1, (7, 18))]:
    images = rng.integers(0, 256, size=(2, height, width, channels)).astype(np.float64)
    resized = np.asarray(keras.ops.image.resize(images, to, interpolation="bilinear", antialias=False,
                                                data_format="channels_last"))
    made.append({"from": [height, width, channels], "to": list(to), "images": images.ravel().tolist(),
                 "resized": resized.ravel().tolist()})
with open("resize.json", "w") as file:
    json.dump({"versions": {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__},
               "cases": made}, file, indent=1)
    file.write("\n")
