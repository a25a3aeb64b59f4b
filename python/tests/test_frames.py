"""Frames of pandas, polars and pyarrow, by their Arrow streams: one table, one model."""

import pickle
import warnings

import numpy as np
import pytest

import runnel
from runnel import RunnelClassifier, RunnelRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
OneHotEncoder = pytest.importorskip("sklearn.preprocessing").OneHotEncoder
pyarrow = pytest.importorskip("pyarrow")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

ROWS = 200
DRAW = np.random.default_rng(0)
SIZE = DRAW.normal(100, 20, ROWS)
ROOMS = DRAW.integers(1, 7, ROWS)
NEW = DRAW.integers(0, 2, ROWS).astype(bool)
TOWN = DRAW.choice(["Bern", "Chur", "a town with a long name"], ROWS)
PRICE = SIZE * 3 + ROOMS + np.where(TOWN == "Chur", 200, 0) + 10 * NEW
COLUMNS = {"size": SIZE, "rooms": ROOMS, "new": NEW, "town": TOWN.tolist()}


def regressor(**parameters):
    return RunnelRegressor((8,), max_iter=3, batch_size=50, random_state=0, **parameters)


def frames(columns=COLUMNS):
    table = pyarrow.table(columns)
    town = table.schema.get_field_index("town")
    yield table
    yield table.set_column(town, "town", table["town"].dictionary_encode())
    yield pyarrow.concat_tables([table.slice(0, 7), table.slice(7, 0), table.slice(7)])
    yield polars.DataFrame(columns)
    yield polars.DataFrame(columns, schema_overrides={"town": polars.Categorical})
    towns = [t for t in sorted(set(columns["town"]) - {None})]
    yield polars.DataFrame(columns, schema_overrides={"town": polars.Enum(towns)})
    frame = pandas.DataFrame({**columns, "size": pandas.array(columns["size"], dtype="Float64")})
    yield frame
    yield frame.astype({"town": "category"})
    yield frame.astype({"town": object})
    yield frame.set_index(pandas.Index(np.arange(ROWS) * 3))


def test_one_table_one_model():
    bytes_of = {regressor().fit(frame, PRICE).model_.to_bytes() for frame in frames()}
    assert len(bytes_of) == 1


def test_a_batch_size_is_told_of_beside_rows_that_are_dropped():
    rare = pandas.DataFrame({"size": [None if i < 30 else SIZE[i] for i in range(60)]})
    for size, split, expected in [
            (61, False, ["batch_size: 61 is more than there are training rows: "
                         "a mini-batch has all 30"]),
            (61, True, ["batch_size: 61 is more than there are training rows: "
                        "a mini-batch has all 27"]),
            (30, False, []), ("auto", False, [])]:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            RunnelRegressor((8,), max_iter=2, batch_size=size, early_stopping=split,
                            missing="drop").fit(rare, PRICE[:60])
        assert [text for text in (str(w.message) for w in told) if "batch" in text] == expected


def test_missing_values_follow_the_rule():
    columns = {name: list(values) for name, values in COLUMNS.items()}
    columns["size"][3] = None
    columns["town"][5] = None
    for frame in frames(columns):
        with pytest.raises(runnel.DataError, match="row 3: column 'size': expected a value"):
            regressor().fit(frame, PRICE)
    filled = [regressor(missing="fill").fit(frame, PRICE) for frame in frames(columns)]
    assert len({model.model_.to_bytes() for model in filled}) == 1
    assert np.isfinite(filled[0].predict(next(frames(columns)))).all()
    dropped = [regressor(missing="drop").fit(frame, PRICE) for frame in frames(columns)]
    assert len({model.model_.to_bytes() for model in dropped}) == 1
    rare = {**columns, "size": [None if i > 40 else SIZE[i] for i in range(ROWS)]}
    for frame in frames(rare):
        with pytest.warns(UserWarning, match="training rows: missing: drop leaves out 160 of 200"):
            regressor(missing="drop").fit(frame, PRICE)
    kept = np.ones(ROWS, bool)
    kept[[3, 5]] = False
    frame = pandas.DataFrame(COLUMNS)[kept]
    assert regressor().fit(frame, PRICE[kept]).model_.to_bytes() == dropped[0].model_.to_bytes()
    with pytest.raises(runnel.DataError, match="expected a value"):
        dropped[0].predict(next(frames(columns)))
    with pytest.raises(ValueError, match="missing: expected one of error, drop, fill"):
        regressor(missing="mean").fit(frame, PRICE[kept])
    with pytest.raises(runnel.ConfigError, match="missing: expected one of error, drop, fill"):
        regressor(missing="mean").fit(ROOMS[:, None], PRICE)
    with pytest.raises(runnel.ConfigError, match="missing: expected one of"):
        regressor(missing=["drop"]).fit(frame, PRICE[kept])


def test_numbers_alone_are_those_of_an_array():
    names = ["size", "rooms", "new"]
    array = np.column_stack([COLUMNS[name] for name in names])
    plain = regressor().fit(array, PRICE)
    for frame in (pandas.DataFrame(COLUMNS)[names], polars.DataFrame(COLUMNS)[names],
                  pyarrow.table(COLUMNS).select(names)):
        model = regressor().fit(frame, PRICE)
        assert all((a == b).all() for a, b in zip(model.coefs_, plain.coefs_))
        assert (model.predict(frame) == plain.predict(array)).all()


def test_later_rows_are_encoded_as_the_first():
    frame = polars.DataFrame(COLUMNS)
    model = regressor().fit(frame, PRICE)
    some = frame.filter(polars.col("town") == "Chur")
    assert (model.predict(some) == model.predict(frame)[TOWN == "Chur"]).all()
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(frame) == model.predict(frame)).all()
    model.partial_fit(some, PRICE[TOWN == "Chur"])
    with pytest.raises(ValueError, match=r"row 0: column 'town': .*perhaps 'Chur'; .*, got 'Chor'"):
        model.partial_fit(some.with_columns(polars.lit("Chor").alias("town")),
                          PRICE[TOWN == "Chur"])
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename({"rooms": "room"}))


def test_columns_of_nulls_are_missing():
    model = regressor(missing="fill").fit(polars.DataFrame(COLUMNS), PRICE)
    expected = model.predict(pandas.DataFrame({**COLUMNS, "size": [float("nan")] * ROWS}))
    for given in frames({**COLUMNS, "size": [None] * ROWS}):
        assert (model.predict(given) == expected).all()


def test_unseen_categories_are_none():
    frame = pandas.DataFrame(COLUMNS)
    model = regressor(unseen="missing").fit(frame, PRICE)
    strange = frame.assign(town=["Basel"] + ["Chur"] * (ROWS - 1))
    for given in (strange, strange.astype({"town": "category"}), polars.DataFrame(strange)):
        assert (model.predict(given) == model.predict(strange)).all()
    numbers = runnel.Predictor(model.model_).row({"size": "100", "rooms": "2", "new": "True",
                                            "town": "Basel"})
    assert (numbers == [100, 2, 1, 0, 0, 0]).all()
    with pytest.raises(ValueError, match="'Basel'"):
        regressor().fit(frame, PRICE).predict(strange)
    with pytest.raises(ValueError, match="unknown rule for unseen categories 'ignore'"):
        regressor(unseen="ignore").fit(frame, PRICE)


def test_rare_categories_are_those_of_scikit_learn():
    town = DRAW.choice(["Bern", "Chur", "Genf", "Ulm", "Worms"], ROWS, p=[.5, .4, .04, .03, .03])
    for unseen, unknown in [("missing", "ignore"), ("rare", "infrequent_if_exist")]:
        encoder = OneHotEncoder(min_frequency=20, handle_unknown=unknown, sparse_output=False)
        encoder.fit(town[:, None])
        for make in (pandas.DataFrame, polars.DataFrame):
            frame = make({"town": town.tolist()})
            model = regressor(rare=20, unseen=unseen).fit(frame, PRICE)
            predictor = runnel.Predictor(model.model_)
            for cell in [*set(town), "Oslo"]:
                assert (predictor.row({"town": str(cell)}) == encoder.transform([[cell]])).all()
            assert np.isfinite(model.predict(make({"town": ["Oslo", "Ulm"]}))).all()
    with pytest.raises(ValueError, match="rare: expected a whole number from 0, got 0.5"):
        regressor(rare=0.5).fit(frame, PRICE)
    with pytest.raises(ValueError, match="data.rare: expected rows of a table"):
        regressor(rare=2).fit(SIZE[:, None], PRICE)


def test_categories_that_are_found():
    columns = {**COLUMNS, "kind": ["flat" if new else "house" for new in NEW]}
    models = [regressor(categorical="auto").fit(frame, PRICE) for frame in frames(columns)]
    assert len({model.model_.to_bytes() for model in models}) == 1
    predictor = runnel.Predictor(models[0].model_)
    for town, kind, inputs in [("Chur", "flat", [0, 1, 0, -1]), ("Bern", "house", [1, 0, 0, 1])]:
        row = predictor.row({"size": "1", "rooms": "2", "new": "False", "town": town, "kind": kind})
        assert (row == [1, 2, 0, *inputs]).all()
    frame = pandas.DataFrame({**COLUMNS, "id": [f"n{i}" for i in range(ROWS)]})
    with pytest.raises(ValueError, match="training rows: column 'id': 200 categories in 200 cells"):
        regressor(categorical="auto").fit(frame, PRICE)
    for parameters, inputs in [({"one_hot_max": 200}, 206), ({"rare": 2}, 7)]:
        model = regressor(categorical="auto", **parameters).fit(frame, PRICE).model_
        assert model.input_shape == (inputs,)
    with pytest.raises(ValueError, match="categorical: expected None or 'auto', got"):
        regressor(categorical=["town"]).fit(frame, PRICE)


def test_categories_of_pandas_are_those_of_the_type():
    frame = pandas.DataFrame({**COLUMNS, "town": pandas.Categorical(TOWN)})
    model = regressor().fit(frame[TOWN != "Chur"], PRICE[TOWN != "Chur"])
    assert np.isfinite(model.predict(frame)).all()
    with pytest.raises(ValueError, match="'Basel'"):
        model.predict(frame.assign(town="Basel"))


def test_classes_weights_and_validation_rows():
    frame, labels = pandas.DataFrame(COLUMNS), TOWN
    model = RunnelClassifier((20,), max_iter=60, learning_rate_init=0.02, random_state=0)
    model.fit(frame, labels, sample_weight=np.ones(ROWS), X_val=frame, y_val=labels)
    assert model.score(frame, labels) == 1 and len(model.history_["val_loss"]) == model.n_iter_


def test_truth_values_among_numbers_are_refused():
    mixed = [1.5, True, *ROOMS[2:].tolist()]
    frame = pandas.DataFrame({"size": SIZE, "odd": mixed})
    assert frame["odd"].dtype == object
    told = "column {}: row 1 has True, where row 0 has the number 1.5"
    with pytest.raises(runnel.DataError, match="training rows: " + told.format("'odd'")):
        regressor().fit(frame, PRICE)
    with pytest.raises(runnel.DataError, match="^" + told.format(1)):
        regressor().fit(frame.to_numpy(object), PRICE)
    truths = pandas.DataFrame({"size": SIZE, "new": [np.nan, *NEW[1:].tolist()]}, dtype=object)
    regressor(missing="fill").fit(truths, PRICE)
    regressor().fit(truths.fillna(1).to_numpy(object), PRICE)


@pytest.mark.parametrize("make", [pandas.DataFrame, polars.DataFrame, pyarrow.table])
def test_columns_that_have_the_answer_are_warned_of(make):
    leaks = make({**COLUMNS, "id": np.arange(ROWS), "leak": PRICE})
    with pytest.warns(UserWarning, match="input 'leak' says in every row what the target says"
                      ) as warned:
        regressor().fit(leaks, PRICE)
    assert warned[0].filename == __file__ and "leak" in str(warned[0].message)
    told = []
    with pytest.warns(UserWarning, match="input 'town' has one value for each class of the"):
        RunnelClassifier((2,), max_iter=1).fit(make(COLUMNS), TOWN)
    config = runnel.Config("model: [dense: {units: 1}]\n"
                           "training: {loss: mean_squared_error, optimizer: adam, epochs: 1}\n")
    data = runnel.Data(leaks, PRICE)
    runnel.train(runnel.Model(config, data), data, on_log=lambda *line: told.append(line))
    assert ("info", "training rows: input 'id' numbers the rows from 0 on; if it means nothing "
                    "more, leave it out") in told


def test_other_columns_are_refused():
    for frame, words in [
            (pandas.DataFrame({"when": pandas.to_datetime(["2026-01-01"] * 4)}), "'when'.*'ts"),
            (polars.DataFrame({"list": [[1], [2], [3], [4]]}), "'list'"),
            (pandas.DataFrame({"mixed": [1, "a", None, 2.5]}), "expected columns of numbers"),
            (pyarrow.table({"x": [float("nan")] * 4}), "row 0: column 'x': expected a number")]:
        with pytest.raises(ValueError, match=words):
            regressor().fit(frame, [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match="0 sample"):
        regressor().fit(pandas.DataFrame({"x": []}), [])


def test_data_of_frames():
    config = runnel.Config({
        "model": [{"dense": {"units": 1}}],
        "training": {"loss": "mean_squared_error", "optimizer": "sgd"}})
    data = runnel.Data(polars.DataFrame(COLUMNS), PRICE, test=(polars.DataFrame(COLUMNS)[:5],))
    assert data.rows() == ROWS and data.rows(runnel.TEST) == 5
    model = runnel.Model(config, data)
    assert model.input_shape == (6,)
    assert model.predict(polars.DataFrame(COLUMNS)).values.shape == (ROWS, 1)
