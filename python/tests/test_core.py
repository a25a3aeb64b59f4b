"""The library's own objects: configuration, data, model, training, prediction."""

import copy
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import runnel

NET = {
    "data": {"scaling": "standardize"},
    "model": [{"dense": {"units": 16, "activation": "elu"}},
              {"dense": {"units": 3, "activation": "softmax"}}],
    "training": {"loss": "sparse_categorical_crossentropy", "optimizer": "adam",
                 "metrics": ["accuracy"], "epochs": 3},
}


def rows(count=60, features=5, dtype=np.float32):
    generator = np.random.default_rng(3)
    return generator.normal(size=(count, features)).astype(dtype), np.arange(count) % 3


def trained(x=None, config=NET, **options):
    x = rows()[0] if x is None else x
    data = runnel.Data(x, rows()[1])
    model = runnel.Model(config, data)
    return model, runnel.train(model, data, **options), data


def test_trains_and_predicts():
    model, history, data = trained()
    assert [h["epoch"] for h in history] == [1, 2, 3] and history[2]["loss"] < history[0]["loss"]
    p = model.predict(rows()[0])
    assert p.values.shape == (60, 3) and p.classes.shape == (60,)
    np.testing.assert_allclose(p.values.sum(axis=1), 1, rtol=1e-5)
    e = runnel.evaluate(model, data, runnel.TRAIN)
    assert e.figures["accuracy"] == (p.classes == rows()[1]).mean()
    assert e.confusion.sum() == 60 and e.confusion.trace() == (p.classes == rows()[1]).sum()


def test_forward_pass_is_numpy_s():
    """An independent forward pass in double, of the parameters and the scaling."""
    model, _, _ = trained()
    x = rows()[0].astype(np.float64)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    w = model.parameters
    h = z @ w["dense_1.kernel"] + w["dense_1.bias"]
    h = np.where(h > 0, h, np.expm1(h)) @ w["dense_2.kernel"] + w["dense_2.bias"]
    e = np.exp(h - h.max(axis=1, keepdims=True))
    np.testing.assert_allclose(model.predict(rows()[0]).values, e / e.sum(axis=1, keepdims=True),
                               atol=2e-6)


def test_parameters_are_read_and_set():
    model, _, _ = trained()
    kernel = model.parameters["dense_1.kernel"]
    model.parameters["dense_1.kernel"] = kernel * 2
    assert (model.parameters["dense_1.kernel"] == kernel * 2).all()
    with pytest.raises(KeyError, match="dense_1.kernel"):
        model.parameters["dense_1.kernl"]
    with pytest.raises(runnel.DataError, match="shape"):
        model.parameters["dense_1.kernel"] = kernel.T


def test_messages_are_the_library_s():
    with pytest.raises(runnel.ConfigError, match="unknown layer 'dens'; did you mean 'dense'"):
        runnel.Config({"model": [{"dens": 4}]})
    with pytest.raises(ValueError):
        runnel.Config({"model": [{"dens": 4}]})
    model, _, data = trained()
    with pytest.raises(runnel.DataError, match="there are no test rows to evaluate on"):
        runnel.evaluate(model, data)
    with pytest.raises(runnel.DataError, match="there are no validation rows to predict for"):
        runnel.predict(model, data, runnel.VALIDATION)
    x = rows()[0].copy()
    x[7, 2] = np.nan
    with pytest.raises(runnel.DataError, match="row 7, column 2"):
        runnel.Data(x)


def test_configurations_hold_numpy_s_numbers_and_paths():
    net = {"data": {"train": {"csv": {"path": pathlib.Path("t.csv"), "target": "y"}}},
           "model": ({"dense": {"units": np.int64(3), "use_bias": np.bool_(False)}},),
           "training": {"loss": "mse", "optimizer": {"adam": {"learning_rate": np.float32(0.5)}},
                        "class_weight": {np.int64(0): np.float64(2)}}}
    text = str(runnel.Config(net))
    for words in ("units: 3", "use_bias: false", "learning_rate: 0.5", 'path: "t.csv"'):
        assert words in text
    net["training"]["optimizer"] = {"adam": {"learning_rate": np.longdouble(0.25)}}
    net["model"] = np.array([{"dense": {"units": np.int64(4)}}], object)
    text = str(runnel.Config(net))
    assert "units: 4" in text and "learning_rate: 0.25" in text


def test_configurations_are_read_from_paths(tmp_path):
    (tmp_path / "c.yaml").write_text(str(runnel.Config(NET)))
    read = runnel.Config(tmp_path / "c.yaml")
    assert str(read) == str(runnel.Config.load(str(tmp_path / "c.yaml")))
    trained(config=tmp_path / "c.yaml")
    for text in ("c.yaml", "/tmp/c.yaml", "c:3", ""):
        with pytest.raises(runnel.ConfigError, match=f"got '{text}'; a file is read by runnel.Con"):
            runnel.Config(text)
    with pytest.raises(runnel.ConfigError, match="none.yaml: cannot be opened"):
        runnel.Config(tmp_path / "none.yaml")


class _BytesPath:
    def __fspath__(self):
        return b"t.csv"


def test_paths_of_bytes_are_paths():
    net = {"data": {"train": {"csv": {"path": _BytesPath(), "target": "y"}}},
           "model": [{"dense": {"units": 1}}],
           "training": {"loss": "mse", "optimizer": "sgd"}}
    assert 'path: "t.csv"' in str(runnel.Config(net))


@pytest.mark.parametrize("value", [
    object(), np.array([object()]), np.datetime64("2020-01-01"), np.bytes_(b"x"), b"x", 1j,
    np.complex64(1), np.clongdouble(1), {1}, np.array([b"x"])])
def test_configurations_hold_nothing_else(value):
    with pytest.raises(runnel.ConfigError, match="^training.seed: a configuration has"):
        runnel.Config({"model": [], "training": {"seed": value}})


@pytest.mark.parametrize("key", [(1, 2), b"x", 1j, np.datetime64("2020-01-01")])
def test_keys_of_configurations_are_plain(key):
    with pytest.raises(runnel.ConfigError, match="^training"):
        runnel.Config({"training": {key: 1}})


def _regression(y, loss="mse", validation=None, scaled=True):
    scaling = "standardize" if scaled else "none"
    config = runnel.Config({"data": {"target_scaling": scaling}, "model": [{"dense": 1}],
                            "training": {"loss": loss, "optimizer": "sgd", "epochs": 2}})
    options = {"config": config} if scaled else {}
    data = runnel.Data(rows()[0], y, validation=validation, **options)
    model = runnel.Model(config, data)
    runnel.train(model, data)
    return model.to_bytes()


@pytest.mark.parametrize("first", [0, -20, 2**40])
def test_integers_are_values_as_floats_are(first):
    whole = np.arange(60) + first
    for y in (whole, whole.tolist(), whole.reshape(-1, 1)):
        assert _regression(y) == _regression(whole.astype(float))
    held_out = (rows()[0], np.arange(60) + 1)
    for loss in ("mse", "mae", "huber"):
        assert _regression(whole, loss, held_out, scaled=False) == \
            _regression(whole.astype(float), loss, held_out, scaled=False)


def test_integers_below_0_are_no_classes():
    net = NET | {"training": NET["training"] | {"epochs": 1}}
    data = runnel.Data(rows()[0], rows()[1] - 1)
    with pytest.raises(runnel.DataError, match="class numbers from 0 .*, row 0 has -1"):
        runnel.Model(net, data)
    truth = runnel.Data(rows()[0], rows()[1] > 0, validation=(rows()[0], np.ones(60, int)))
    runnel.train(runnel.Model(net, truth), truth)


def test_pickle_copy_and_file_are_the_same_model(tmp_path):
    model, _, _ = trained()
    model.save(tmp_path / "m.safetensors")
    expected = model.predict(rows()[0]).values
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model),
                  runnel.Model.load(tmp_path / "m.safetensors")):
        assert (other.predict(rows()[0]).values == expected).all()
    assert (tmp_path / "m.safetensors").read_bytes() == model.to_bytes()


def test_one_result_on_any_number_of_threads():
    assert len({trained(threads=n)[0].to_bytes() for n in (1, 2, 3)}) == 1


def test_callbacks_stop_and_raise():
    with pytest.raises(runnel.Stopped):
        trained(on_epoch=lambda p: p.epoch < 2)
    with pytest.raises(ZeroDivisionError):
        trained(on_step=lambda p: 1 / 0)
    steps = []
    trained(on_step=lambda p: steps.append(p.step))
    assert steps == [1, 2, 3, 4, 5, 6]


def test_warnings_are_told_unless_on_log_takes_them():
    """Of rows that nothing scales, and that were made without the configuration that splits them."""
    config = {**NET, "data": {"validation_split": 0.2}}
    with pytest.warns(UserWarning) as told:
        trained(100 * rows()[0], config)
    assert [str(w.message).split(":")[0] for w in told] == [
        "nothing scales the inputs", "data.validation_split is not done"]
    assert all(w.filename == __file__ for w in told)
    heard = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained(100 * rows()[0], config, on_log=lambda level, text: heard.append(level))
        trained()
    assert heard.count("warning") == 2


def test_warnings_are_told_where_training_fails():
    """And are not raised in place of what ended it, where a filter makes errors of them."""
    bare = {**NET, "data": {}}
    diverging = {**bare, "training": {**NET["training"],
                                      "optimizer": {"sgd": {"learning_rate": 1e6}}}}
    x = 1000 * rows()[0]
    for error, config, calls in ((runnel.NotFiniteError, diverging, {}),
                                 (runnel.Stopped, bare, {"on_step": lambda p: False}),
                                 (ZeroDivisionError, bare, {"on_step": lambda p: 1 / 0})):
        with pytest.warns(UserWarning, match="nothing scales the inputs"), pytest.raises(error):
            trained(x, config, **calls)
        with warnings.catch_warnings(), pytest.raises(error):
            warnings.simplefilter("error")
            trained(x, config, **calls)


def test_monitors_of_rows_that_were_not_split_off_are_answered():
    config = {**NET, "data": {"validation_split": 0.2},
              "training": {**NET["training"], "early_stopping": {"patience": 2}}}
    with pytest.raises(runnel.ConfigError, match="made without the configuration that splits them"):
        trained(config=config)


def test_schedules_are_functions():
    by_function = trained(schedule=lambda p: 0.01 / (1 + p.step))[0]
    config = dict(NET, training=dict(
        NET["training"], optimizer={"adam": {"learning_rate": 0.01}},
        schedule={"power": {"steps": 1, "power": 1}}))
    np.testing.assert_allclose(by_function.parameters["dense_1.kernel"],
                               trained(config=config)[0].parameters["dense_1.kernel"], atol=1e-6)
    with pytest.raises(ZeroDivisionError):
        trained(schedule=lambda p: 1 / 0)


def test_training_goes_on_after_a_stop():
    data = runnel.Data(*rows())
    model = runnel.Model(NET, data)
    with pytest.raises(runnel.Stopped):
        runnel.train(model, data, on_step=lambda p: p.step < 3)
    assert model.step == 3
    runnel.train(pickle.loads(pickle.dumps(model)), data)
    runnel.train(model, data)
    assert model.to_bytes() == trained()[0].to_bytes()


def test_ctrl_c_stops_the_run_and_leaves_a_checkpoint(tmp_path):
    script = """
import runnel, numpy as np, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores it
sys.path.insert(0, sys.argv[1])
from test_core import NET, rows
config = dict(NET, training=dict(NET["training"], epochs=10000000))
data = runnel.Data(*rows())
model = runnel.Model(config, data)
try:
    runnel.train(model, data, checkpoint=sys.argv[2],
                 on_step=lambda p: p.step == 100 and print("begun", flush=True) or True)
except KeyboardInterrupt:
    print("interrupted", model.step >= 100)
"""
    path = tmp_path / "c.safetensors"
    here = str(pathlib.Path(__file__).parent)
    with subprocess.Popen([sys.executable, "-c", script, here, str(path)], stdout=subprocess.PIPE,
                          text=True) as run:
        assert run.stdout.readline() == "begun\n"
        run.send_signal(signal.SIGINT)
        assert run.stdout.read() == "interrupted True\n"
    assert run.returncode == 0
    assert runnel.Model.load(path).step >= 100


def test_ctrl_c_is_not_lost_while_the_run_begins():
    """Wherever the main thread stands, starting the other one or about to wait for it."""
    config = dict(NET, training=dict(NET["training"], epochs=10000000))
    data = runnel.Data(*rows())
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for _ in range(20):
            model = runnel.Model(config, data)
            with pytest.raises(KeyboardInterrupt):
                runnel.train(model, data, on_begin=lambda: os.kill(os.getpid(), signal.SIGINT))
            assert model.step > 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_predictor_reads_rows_of_a_table(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("town,a,y\nBern,1,2\nBasel,3,4\nBern,5,6\n")
    config = {"data": {"train": {"csv": {"path": str(table), "target": "y",
                                         "categorical": ["town"]}}},
              "model": [{"dense": {"units": 1}}],
              "training": {"loss": "mean_squared_error", "optimizer": "sgd"}}
    config = runnel.Config(config)
    predictor = runnel.Predictor(runnel.Model(config, runnel.Data.load(config)))
    assert predictor.columns == ["town", "a"]
    row = predictor.row({"a": "0.5", "other": "x", "town": "Bern"})
    assert row.tolist() == [0, 1, 0.5]
    assert predictor(row).shape == (1, 1)
    with pytest.raises(runnel.DataError, match="perhaps 'Bern'"):
        predictor.row({"town": "Berm", "a": "1"})
    with pytest.raises(runnel.DataError, match="expected a value"):
        predictor.row({"town": "Bern", "a": None})


def test_predictor_answers_from_many_threads():
    model, _, _ = trained()
    expected = model.predict(rows()[0]).values
    predictor = runnel.Predictor(model)
    wrong = []

    def ask(first):
        for i in range(first, 60, 4):
            if not (predictor(rows()[0][i])[0] == expected[i]).all():
                wrong.append(i)

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert (predictor.predict_classes(rows()[0]) == expected.argmax(axis=1)).all()


def test_predictor_s_own_threads_give_the_same_numbers():
    model, _, _ = trained()
    x = rows(1000)[0]
    alone = runnel.Predictor(model)(x)
    for threads in (0, 2, 3):
        assert (runnel.Predictor(model, threads=threads)(x) == alone).all()


def test_arrays_are_no_data():
    x, y = rows()
    model = runnel.Model(NET, runnel.Data(x, y))
    for call in (lambda: runnel.Model(NET, x), lambda: runnel.train(model, x),
                 lambda: runnel.evaluate(model, x)):
        with pytest.raises(TypeError, match=r"expected a runnel.Data, got ndarray; .*Data\(x, y\)"):
            call()


def test_rates_and_inspections():
    data = runnel.Data(*rows())
    found = runnel.find_learning_rate(runnel.Model(NET, data), data, steps=50)
    assert found.points.shape[1] == 3 and len(found.points) <= 50
    config = dict(NET, training=dict(NET["training"], inspect=True))
    looks = runnel.inspect(runnel.Model(config, data), data)
    assert len(looks) == 4 and looks[0][0]["layer"] == "dense_1" and looks[1][0]["weight_norm"] > 0
    with pytest.raises(runnel.ConfigError, match="training.inspect"):
        runnel.inspect(runnel.Model(NET, data), data)


def test_after_fork(tmp_path):
    """A child of a process that has trained trains the same bytes."""
    expected = trained()[0].to_bytes()
    child = os.fork()
    if child == 0:
        os._exit(0 if trained()[0].to_bytes() == expected else 1)
    deadline = time.monotonic() + 300
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_module_lists_its_names_once():
    names = dir(runnel)
    assert len(names) == len(set(names)) and "Any" not in names and "Config" in names


def test_help_names_every_key():
    assert "units" in runnel.help("dense") and "worker" in runnel.topology()
    with pytest.raises(runnel.ConfigError, match="did you mean"):
        runnel.help("dens")
