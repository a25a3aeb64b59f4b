"""Models of Keras and PyTorch, where they are installed: predictions agree to 1e-5."""

import os

import numpy as np
import pytest

import runnel


def keras_models():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    layers, r = keras.layers, keras.regularizers
    return keras, [
        ("before", [layers.Input((7, 4)), layers.Flatten(), layers.BatchNormalization(),
                    layers.Dense(30, activation="elu"), layers.BatchNormalization(),
                    layers.Dense(5, activation="softmax")],
         "sparse_categorical_crossentropy", "sgd"),
        ("after", [layers.Input((20,)), layers.Dense(30, use_bias=False),
                   layers.BatchNormalization(), layers.Activation("elu"),
                   layers.Dense(5, activation="softmax")],
         "sparse_categorical_crossentropy", "adam"),
        ("l2", [layers.Input((20,)), layers.Dropout(0.2),
                layers.Dense(30, activation="relu", kernel_regularizer=r.L2(0.01),
                             kernel_constraint=keras.constraints.MaxNorm(1.0)), layers.Dropout(0.2),
                layers.Dense(3, activation="softmax")],
         "sparse_categorical_crossentropy", "rmsprop"),
        ("selu", [layers.Input((20,)), layers.Dense(30, activation="selu"),
                  layers.AlphaDropout(0.1), layers.Dense(1)], "mean_squared_error", "nadam"),
        ("slopes", [layers.Input((20,)), layers.Dense(30), layers.PReLU(), layers.Dense(20),
                    layers.LeakyReLU(negative_slope=0.1), layers.Dense(9, activation="gelu"),
                    layers.GaussianNoise(0.1), layers.Dense(9, activation="silu"),
                    layers.Dense(9, activation="mish"),
                    layers.Dense(1, activation="sigmoid")], "binary_crossentropy",
         keras.optimizers.SGD(0.02, momentum=0.9))]


def rows(model, loss):
    generator = np.random.default_rng(5)
    x = generator.normal(size=(64, *model.input_shape[1:])).astype(np.float32)
    if "sparse" in loss:
        return x, generator.integers(0, model.output_shape[-1], 64)
    return x, generator.integers(0, 2, (64, 1)).astype(np.float32)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", range(5))
def test_keras_there_and_back(number, tmp_path):
    keras, models = keras_models()
    name, layers, loss, optimizer = models[number]
    model = keras.Sequential(layers)
    model.compile(loss=loss, optimizer=optimizer)
    x, y = rows(model, loss)
    model.fit(x, y, epochs=2, verbose=0)
    expected = model.predict(x, verbose=0)
    for source in (model, str(tmp_path / "m.h5"), str(tmp_path / "m.keras")):
        if source is not model:
            model.save(source)
        ours = runnel.from_keras(source)
        np.testing.assert_allclose(ours.predict(x).values, expected, atol=1e-5)
    named = ours.settings()["training"]["loss"]
    assert loss in ([named] if isinstance(named, str) else named)
    runnel.train(ours, runnel.Data(x, y))
    back = runnel.to_keras(ours)
    np.testing.assert_allclose(back.predict(x, verbose=0), ours.predict(x).values, atol=1e-5)
    back.fit(x, y, epochs=1, verbose=0)


@pytest.mark.filterwarnings("ignore")
def test_keras_with_a_new_head():
    keras, models = keras_models()
    model = keras.Sequential(models[0][1])
    model.compile(loss=models[0][2], optimizer="sgd")
    x, _ = rows(model, models[0][2])
    earlier = runnel.from_keras(model)
    layers = earlier.settings()["model"][:-1] + [{"dense": {"units": 2, "activation": "softmax",
                                                            "name": "head"}}]
    data = runnel.Data(x, np.arange(64) % 2)
    fresh = runnel.Model({"model": layers, "training": earlier.settings()["training"]}, data)
    told = fresh.start_from(earlier)
    assert "fresh: head" in told and "taken: " in told
    runnel.train(fresh, data)
    assert runnel.to_keras(fresh).predict(x, verbose=0).shape == (64, 2)


def test_scalings_become_layers():
    keras, _ = keras_models()
    generator = np.random.default_rng(0)
    x, y = generator.normal(5, 3, (80, 4)), generator.normal(1000, 50, 80)
    model = runnel.RunnelRegressor((9,), max_iter=3, random_state=0, n_iter_no_change=9).fit(x, y)
    np.testing.assert_allclose(runnel.to_keras(model.model_).predict(x, verbose=0)[:, 0],
                               model.predict(x), rtol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_onnx_by_way_of_keras(tmp_path):
    keras, _ = keras_models()
    onnxruntime = pytest.importorskip("onnxruntime")
    if keras.backend.backend() != "torch":
        pytest.skip("the export of this backend needs TensorFlow")
    generator = np.random.default_rng(0)
    x = generator.normal(5, 3, (60, 4)).astype(np.float32)
    model = runnel.RunnelRegressor((9,), "selu", batch_normalization=True, dropout=0.1, max_iter=3,
                                   random_state=0).fit(x, x[:, :2] * 100)
    path = str(tmp_path / "net.onnx")
    runnel.to_keras(model.model_).export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path)
    answer, = session.run(None, {session.get_inputs()[0].name: x[:7]})
    np.testing.assert_allclose(answer, model.predict(x[:7]), rtol=1e-4, atol=1e-3)


def trained_alike(keras_model, model, layers):
    """Trains both on the same rows in the same order, and compares what layers then hold."""
    generator = np.random.default_rng(3)
    x = generator.normal(size=(48, 6)).astype(np.float32)
    y = generator.normal(size=(48, 2)).astype(np.float32)
    keras_model.fit(x, y, epochs=3, batch_size=16, shuffle=False, verbose=0)
    data = runnel.Data(x, y)
    runnel.train(model, data)
    for name, its in layers.items():
        for ours, theirs in zip(("kernel", "bias"), keras_model.get_layer(its).get_weights(),
                                strict=True):
            np.testing.assert_allclose(model.parameters[f"{name}.{ours}"], theirs, atol=2e-5)
    assert runnel.evaluate(model, data, runnel.TRAIN).figures["loss"] == pytest.approx(
        keras_model.evaluate(x, y, batch_size=48, verbose=0), rel=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_settings_of_keras_come_along():
    keras, _ = keras_models()
    layers, o = keras.layers, keras.optimizers
    for optimizer in (o.SGD(0.05, momentum=0.9, clipnorm=0.1), o.RMSprop(0.01, clipvalue=0.01),
                      o.Adagrad(0.1, initial_accumulator_value=0.5, epsilon=0.01,
                                global_clipnorm=0.2)):
        model = keras.Sequential([
            layers.Input((6,)), layers.Dense(7, activity_regularizer="l2"),
            layers.Activation("tanh", activity_regularizer=keras.regularizers.L1(0.1)),
            layers.PReLU(alpha_initializer="ones", trainable=False), layers.Dense(2)])
        model.compile(optimizer, keras.losses.Huber(0.3))
        ours = runnel.from_keras(model, batch_size=16, epochs=3, shuffle=False)
        names = [name.split(".")[0] for name in ours.parameters if name.endswith("kernel")]
        trained_alike(model, ours, {name: name for name in names})
        np.testing.assert_array_equal(next(v for k, v in ours.parameters.items()
                                           if k.endswith("alpha")), 1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", {"adagrad": {
    "initial_accumulator_value": 0.5, "epsilon": 0.01}}])
def test_settings_of_runnel_come_along(optimizer):
    keras_models()
    config = runnel.Config({
        "model": [{"dense": {"units": 7, "activity_regularizer": {"l2": 0.1}, "name": "a"}},
                  {"prelu": {"initial_slope": 0.5, "trainable": False}},
                  {"dense": {"units": 2, "name": "b"}}],
        "training": {"loss": {"huber": 0.3}, "optimizer": optimizer, "batch_size": 16,
                     "clipping": {"global_clipnorm": 0.1}, "epochs": 3, "shuffle": False}})
    model = runnel.Model(config, runnel.Data(np.zeros((1, 6), np.float32),
                                             np.zeros((1, 2), np.float32)))
    trained_alike(runnel.to_keras(model), model, {"a": "a", "b": "b"})


@pytest.mark.filterwarnings("ignore")
def test_what_runnel_lacks_is_refused():
    keras, _ = keras_models()
    layers, o, losses = keras.layers, keras.optimizers, keras.losses
    for layer, words in [(layers.Conv1D(3, 2), "no Conv1D"),
                         (layers.Dense(3, activation="log_sigmoid"), "log_sigmoid"),
                         (layers.BatchNormalization(gamma_regularizer="l2"), "gamma_regularizer"),
                         (layers.PReLU(alpha_constraint="non_neg"), "alpha_constraint"),
                         (layers.Dropout(0.5, noise_shape=(None, 1, 1)), "noise_shape"),
                         (layers.Softmax(axis=1), "axis 1"), (layers.Softmax(axis=0), "axis 0"),
                         (layers.BatchNormalization(axis=1), "axis 1"),
                         (layers.Flatten(data_format="channels_first"), "data_format"),
                         (layers.ReLU(dtype="float64"), "policy float64")]:
        with pytest.raises(runnel.ConfigError, match=words):
            runnel.from_keras(keras.Sequential([layers.Input((5, 2)), layer]))
    for optimizer, loss, words in [
            (o.Adam(amsgrad=True), "mse", "amsgrad"), (o.SGD(weight_decay=0.1), "mse", "decay"),
            (o.Adam(o.schedules.ExponentialDecay(0.1, 10, 0.5)), "mse", "ExponentialDecay"),
            (o.RMSprop(use_ema=True), "mse", "use_ema"), (o.Lion(), "mse", "Lion"),
            ("sgd", losses.MeanSquaredError(reduction="sum"), "reduction"),
            ("sgd", losses.SparseCategoricalCrossentropy(ignore_class=0), "ignore_class")]:
        model = keras.Sequential([layers.Input((5,)), layers.Dense(1, activation="sigmoid")])
        model.compile(optimizer, loss)
        with pytest.raises(runnel.ConfigError, match=words):
            runnel.from_keras(model)
        runnel.from_keras(model, optimizer="sgd", loss="mean_squared_error")


def compiled(keras, *settings, policy=None, **more):
    model = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(1, dtype=policy)])
    model.compile(*settings, **more)
    return model


def training(model, **replaced):
    return runnel.from_keras(model, **replaced).settings()["training"]


@pytest.mark.filterwarnings("ignore")
def test_nothing_of_compile_is_lost():
    keras, _ = keras_models()
    for loss in (["mae"], {"out": "mae"}, keras.losses.MeanAbsoluteError()):
        assert training(compiled(keras, "sgd", loss))["loss"] == "mean_absolute_error"
    clipped = compiled(keras, keras.optimizers.SGD(0.1, clipnorm=0.5), "mse", loss_weights=[1])
    assert training(clipped, optimizer="adam")["clipping"] == {"clipnorm": 0.5}
    assert training(clipped, clipping={"clipvalue": 2.0})["clipping"] == {"clipvalue": 2.0}
    assert training(compiled(keras, "sgd", "mse", loss_weights=2.0), loss="mean_squared_error")
    with pytest.raises(runnel.ConfigError, match="loss_weights 2"):
        runnel.from_keras(compiled(keras, "sgd", "mse", loss_weights=[2]))
    several = compiled(keras, "sgd")
    several.loss = ["mse", "mae"]
    with pytest.raises(runnel.ConfigError, match="loss: expected one"):
        runnel.from_keras(several)
    decaying = keras.optimizers.AdamW(weight_decay=0.1)
    decaying.exclude_from_weight_decay(var_names=["bias"])
    with pytest.raises(runnel.ConfigError, match="exclude_from_weight_decay"):
        runnel.from_keras(compiled(keras, decaying, "mse"))


@pytest.mark.filterwarnings("ignore")
def test_label_smoothing_comes_along():
    keras, _ = keras_models()
    layers = keras.layers
    for units, activation, loss in [
            (1, "sigmoid", keras.losses.BinaryCrossentropy(label_smoothing=0.25)),
            (3, "softmax", keras.losses.CategoricalCrossentropy(label_smoothing=0.25))]:
        model = keras.Sequential([layers.Input((5,)), layers.Dense(units, activation=activation)])
        model.compile("sgd", loss)
        ours = runnel.from_keras(model)
        assert list(ours.settings()["training"]["loss"].values()) == \
            [{"label_smoothing": 0.25}]
        again = runnel.to_keras(ours).loss
        assert type(again) is type(loss)
        assert again.get_config()["label_smoothing"] == 0.25
        sparse = runnel.from_keras(model, loss={"sparse_categorical_crossentropy": {
            "label_smoothing": 0.1}}) if units > 1 else None
        if sparse:
            with pytest.raises(runnel.ConfigError, match="label_smoothing"):
                runnel.to_keras(sparse)


@pytest.mark.filterwarnings("ignore")
def test_losses_of_counts_and_quantiles():
    keras, _ = keras_models()
    layers = keras.layers
    model = keras.Sequential([layers.Input((5,)), layers.Dense(1, activation="exponential")])
    model.compile("sgd", keras.losses.Poisson())
    ours = runnel.from_keras(model)
    assert ours.settings()["training"]["loss"] == "poisson"
    assert runnel.to_keras(ours).loss == "poisson"
    for loss in ("pinball", {"pinball_loss": {"quantiles": [0.2, 0.5, 0.8]}}, "quantile"):
        three = runnel.from_keras(keras.Sequential([layers.Input((5,)), layers.Dense(3)]),
                                  loss=loss)
        assert "quantile" in three.settings()["training"]["loss"]
    with pytest.raises(runnel.ConfigError, match="loss quantile: Keras has none"):
        runnel.to_keras(three)


@pytest.mark.filterwarnings("ignore")
def test_policies_of_keras():
    keras, _ = keras_models()
    model = compiled(keras, "sgd", "mse", policy="mixed_bfloat16")
    assert training(model)["precision"] == "mixed_bfloat16"
    with pytest.raises(runnel.ConfigError, match="precision mixed_bfloat16"):
        runnel.to_keras(runnel.from_keras(model))
    model.add(keras.layers.ReLU(dtype="float32"))
    with pytest.raises(runnel.ConfigError, match="float32, mixed_bfloat16"):
        runnel.from_keras(model)
    assert training(model, precision="float32")["precision"] == "float32"


@pytest.mark.parametrize("layers, optimizer, words", [
    ([{"dense": {"units": 6, "name": "a"}}, {"dense": {"units": 6, "tied_to": "a"}}], "sgd",
     "tied_to a"),
    ([{"batch_normalization": {"statistics": "shard"}}], "sgd", "statistics shard"),
    ([{"batch_normalization": {"moving_statistics": "final_pass"}}], "sgd", "final_pass"),
    ([{"dense": {"units": 3, "activation": {"formula": "max(0.1*z, z)"}}}], "sgd", "formula"),
    ([{"activation": "max(0.1*z, z)"}], "sgd", "formula"),
    ([{"concatenate": [[], [{"dense": {"units": 3}}]]}], "sgd", "a Sequential of Keras has no"),
    ([], {"adam": {"learning_rate": "auto"}}, "learning_rate auto")])
def test_what_keras_lacks_is_refused(layers, optimizer, words):
    keras_models()
    model = runnel.Model(
        runnel.Config({"model": [*layers, {"dense": {"units": 2}}],
                       "training": {"loss": "mean_squared_error", "optimizer": optimizer}}),
        runnel.Data(np.zeros((1, 6), np.float32), np.zeros((1, 2), np.float32)))
    with pytest.raises(runnel.ConfigError, match=words):
        runnel.to_keras(model)


def test_torch():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 30), nn.BatchNorm1d(30), nn.ELU(),
                          nn.Dropout(0.1), nn.Sequential(nn.Linear(30, 20, bias=False),
                                                         nn.PReLU(20), nn.GELU(), nn.Mish()),
                          nn.Linear(20, 9), nn.LeakyReLU(), nn.Linear(9, 4))
    x = torch.randn(64, 3, 4)
    model(x), model(x)
    model.eval()
    ours = runnel.from_torch(model, (3, 4), logits=True)
    np.testing.assert_allclose(ours.predict(x).values,
                               torch.softmax(model(x), 1).detach().numpy(), atol=1e-5)
    assert runnel.Data(x)._held[0].inputs.ctypes.data == x.data_ptr()
    with pytest.raises(runnel.ConfigError, match="no Conv1d"):
        runnel.from_torch(nn.Sequential(nn.Conv1d(1, 1, 1)))


def test_modules_of_torch_that_stand_twice():
    nn = pytest.importorskip("torch").nn
    relu, linear = nn.ReLU(), nn.Linear(5, 5)
    model = nn.Sequential(nn.Linear(5, 5), relu, nn.Sequential(nn.Linear(5, 5), relu),
                          nn.Linear(5, 5), relu)
    x = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    expected = model(pytest.importorskip("torch").from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(runnel.from_torch(model).predict(x).values, expected, atol=1e-5)
    for twice in (nn.Sequential(linear, relu, linear),
                  nn.Sequential(linear, nn.Sequential(relu, linear))):
        with pytest.raises(runnel.ConfigError, match="shared weights"):
            runnel.from_torch(twice)


def test_frozen_layers_of_torch_stay_frozen():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    model = nn.Sequential(nn.Linear(5, 4), nn.PReLU(4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    for layer in model[:3]:
        layer.requires_grad_(False)
    ours = runnel.from_torch(model, epochs=2)
    before = {name: ours.parameters[name] for name in ours.parameters}
    generator = np.random.default_rng(2)
    runnel.train(ours, runnel.Data(generator.normal(size=(40, 5)).astype(np.float32),
                                   generator.normal(size=(40, 1)).astype(np.float32)))
    changed = {name for name in before if not np.array_equal(before[name], ours.parameters[name])}
    assert changed == {"linear_3.kernel", "linear_3.bias"}
    model[3].bias.requires_grad_(False)
    for wrong, words in [
            (model, "requires_grad"),
            (nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=0)), "dim 0"),
            (nn.Sequential(nn.Linear(2, 2), nn.PReLU()), "num_parameters 1"),
            (nn.Sequential(nn.Flatten(0), nn.Linear(2, 2)), "start_dim 0")]:
        with pytest.raises(runnel.ConfigError, match=words):
            runnel.from_torch(wrong)
    shared = nn.Sequential(nn.Linear(2, 2), nn.PReLU().requires_grad_(False))
    assert runnel.from_torch(shared).parameters["prelu_1.alpha"].tolist() == [0.25, 0.25]
