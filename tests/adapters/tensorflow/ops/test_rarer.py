"""Operations that few models have."""

import numpy as np
import pytest

import mo_core
from mo_core.errors import Unsupported
from tests.adapters.tensorflow.ops.cases import Fixed, build, case, check
from tests.adapters.tensorflow.running import Frozen, compare, random, run, tf

F = np.float32
X, ROWS, IMAGE = random(2, 3, 4), random(5, 3), random(2, 6, 7, 3)
IDS = np.array([2, 0, 0, 3, 2], np.int32)
ORDERED = np.sort(random(2, 6), 1)
FILTERS = random(3, 2, 3, 4, seed=3)

PROJECTIONS = [[0.9, 0.2, -1.3, -0.15, 1.1, 0.6, 0, 0], [1.3, -0.4, 2.2, 0.3, 0.7, -2.6, 0.02, -0.015]]

CASES = [
    # special functions
    case("Erfinv", x=np.array([-1, -0.99, -0.2, 0, 0.5, 1], F)),
    case("Ndtri", x=np.array([1e-5, 0.1, 0.5, 0.8, 0.999], F), rtol=1e-4, atol=1e-4),
    case("Lgamma", x=np.array([-2.5, -0.3, 0.2, 1, 3.5, 40], F), rtol=1e-4),
    case("Digamma", x=np.array([-2.5, -0.3, 0.2, 1, 3.5, 40], F), rtol=1e-4, atol=1e-4),
    # moving and copying
    case("Bitcast", input=np.array([1, -2], np.int32), attributes={"type": "int32"}),
    case("GuaranteeConst", input=X),
    case("DeepCopy", x=X),
    case("ParallelConcat", values=[X[:1], X[1:]], attributes={"shape": [2, 3, 4]}),
    case("Empty", shape=np.array([2, 3], np.int32), attributes={"dtype": "float32", "init": True}),
    case("DataFormatDimMap", x=np.array([0, 1, 3, -1, -4], np.int32)),
    case(
        "DataFormatDimMap",
        x=np.array(2, np.int32),
        attributes={"src_format": "NCHW", "dst_format": "NHWC"},
        name="back",
    ),
    case("DataFormatVecPermute", x=np.array([7, 4, 9, 3], np.int32)),
    case(
        "DataFormatVecPermute",
        x=np.arange(8, dtype=np.int64).reshape(4, 2),
        attributes={"src_format": "NCHW", "dst_format": "NHWC"},
        name="pairs",
    ),
    case("ScatterNdNonAliasingAdd", input=ROWS, indices=np.array([[1], [1], [4]], np.int32), updates=ROWS[:3]),
    # counting and searching
    case("LowerBound", sorted_inputs=ORDERED, values=np.concatenate([ORDERED[:, :2], random(2, 3, seed=4)], 1)),
    case(
        "UpperBound",
        sorted_inputs=ORDERED,
        values=np.concatenate([ORDERED[:, :2], random(2, 3, seed=4)], 1),
        attributes={"out_type": "int64"},
    ),
    case("HistogramFixedWidth", values=ROWS, value_range=Fixed([-1.0, 1.0]), nbins=Fixed(4)),
    case("ApproxTopK", input=ROWS, attributes={"k": 2}),
    case("InTopK", predictions=ROWS, targets=np.array([0, 2, 1, 5, -1], np.int32), attributes={"k": 2}),
    case(
        "InTopKV2",
        predictions=np.array([[1, 2, np.nan], [1, 1, 0], [3, 3, 3]], F),
        targets=np.array([1, 0, 2], np.int32),
        k=Fixed(1),
    ),
    case("Cumprod", x=X, axis=Fixed(1)),
    case("Cumprod", x=X, axis=Fixed(-1), attributes={"exclusive": True}, name="exclusive"),
    case("Cumprod", x=X, axis=Fixed(0), attributes={"reverse": True}, name="reverse"),
    case("Cumprod", x=X, axis=Fixed(2), attributes={"exclusive": True, "reverse": True}, name="both"),
    case("MatrixSolve", matrix=random(2, 3, 3) + 3 * np.eye(3, dtype=F), rhs=random(2, 3, 2), rtol=1e-4, atol=1e-4),
    case(
        "MatrixSolve",
        matrix=random(2, 3, 3) + 3 * np.eye(3, dtype=F),
        rhs=random(2, 3, 2),
        attributes={"adjoint": True},
        rtol=1e-4,
        atol=1e-4,
        name="adjoint",
    ),
    # images
    *[
        case(
            "ScaleAndTranslate",
            images=IMAGE,
            size=Fixed(size),
            scale=Fixed(scale),
            translation=Fixed(shift),
            attributes={"kernel_type": kernel, "antialias": antialias},
            name=f"{kernel}-{size}-{antialias}",
            rtol=1e-4,
            atol=1e-4,
        )
        for kernel in ("lanczos1", "lanczos3", "lanczos5", "gaussian", "box", "triangle", "keyscubic", "mitchellcubic")
        for size, scale, shift in (([3, 4], [0.5, 0.6], [0.0, 0.0]), ([9, 12], [1.5, 1.7], [0.4, -1.2]))
        for antialias in (True, False)
    ],
    *[
        case(
            "ImageProjectiveTransformV3",
            images=(IMAGE * 50).astype(kind),
            transforms=np.array(PROJECTIONS[: 2 if rows else 1], F),
            output_shape=Fixed(size),
            fill_value=Fixed(fill, F),
            attributes={"interpolation": how, "fill_mode": mode},
            rtol=1e-4,
            atol=2e-3,
            name=f"{how}-{mode}-{rows}-{np.dtype(kind).name}",
        )
        for how in ("BILINEAR", "NEAREST")
        for mode, fill in (("CONSTANT", 2.5), ("NEAREST", 0.0), ("REFLECT", 0.0), ("WRAP", 0.0))
        for rows, size, kind in ((0, [6, 7], F), (1, [4, 9], F), (1, [8, 8], np.int32))
        if (how, kind) != ("BILINEAR", np.int32)
    ],
    case(
        "ImageProjectiveTransformV2",
        images=IMAGE,
        transforms=np.array(PROJECTIONS, F),
        output_shape=np.array([5, 4], np.int32),
        attributes={"interpolation": "BILINEAR"},
        atol=1e-4,
    ),
    # windows
    *[
        case(
            "Dilation2D",
            input=IMAGE,
            filter=filters,
            attributes={"strides": [1, *strides, 1], "rates": [1, *rates, 1], "padding": padding},
            name=f"{padding}-{strides}-{rates}",
        )
        for padding in ("SAME", "VALID")
        for strides, rates, filters in (
            ([1, 1], [1, 1], Fixed(random(3, 2, 3))),
            ([2, 1], [1, 2], Fixed(random(2, 3, 3))),
            ([1, 2], [2, 1], Fixed(-4 + random(3, 3, 3))),
        )
    ],
    *[
        case(
            "ExtractVolumePatches",
            input=random(2, 5, 6, 4, 3),
            attributes={"ksizes": [1, *sizes, 1], "strides": [1, *strides, 1], "padding": padding},
            name=f"{padding}-{sizes}-{strides}",
        )
        for padding in ("SAME", "VALID")
        for sizes, strides in (([2, 3, 2], [1, 1, 1]), ([3, 1, 2], [2, 1, 1]))
    ],
    # convolutions
    case(
        "Conv",
        input=IMAGE,
        filter=Fixed(FILTERS),
        attributes={"strides": [1, 2, 1, 1], "padding": "SAME"},
        rtol=1e-4,
        atol=1e-4,
    ),
    case(
        "FusedPadConv2D",  # of one image: TensorFlow's own kernel computes the others wrongly
        input=IMAGE[:1],
        paddings=Fixed([[0, 0], [1, 2], [2, 1], [0, 0]]),
        filter=Fixed(FILTERS),
        attributes={"mode": "REFLECT", "strides": [1, 1, 2, 1], "padding": "VALID"},
        rtol=1e-4,
        atol=1e-4,
    ),
    case(
        "FusedResizeAndPadConv2D",
        input=IMAGE[:1],
        size=Fixed([9, 5]),
        paddings=Fixed([[0, 0], [1, 1], [1, 1], [0, 0]]),
        filter=Fixed(FILTERS),
        attributes={"mode": "SYMMETRIC", "strides": [1, 1, 1, 1], "padding": "SAME"},
        rtol=1e-4,
        atol=1e-4,
    ),
]


@pytest.mark.parametrize("one", CASES, ids=str)
def test_an_op_gives_what_tensorflow_gives(one):
    check(one)


@pytest.mark.parametrize("mode", ["CONSTANT", "NEAREST", "REFLECT", "WRAP"])
def test_between_whole_numbers_a_projection_is_one_step_off_in_few_places(mode):
    """A value next to a whole number becomes that or the one below, by the last bit of the place it is read at."""
    make, fed = build(
        case(
            "ImageProjectiveTransformV3",
            images=(IMAGE * 50).astype(np.int32),
            transforms=np.array(PROJECTIONS, F),
            output_shape=Fixed([8, 8]),
            fill_value=Fixed(2.5, F),
            attributes={"interpolation": "BILINEAR", "fill_mode": mode},
        )
    )
    model = Frozen(make, fed, None)
    (got,) = run(model.graph, model.feeds, output=model.outputs).values()
    (want,) = model.wants.values()
    assert got.dtype == want.dtype == np.int32
    off = np.abs(got.astype(int) - want)
    assert off.max() <= 1 and np.count_nonzero(off) <= 0.01 * off.size


def test_windows_with_gaps_between_them_are_refused():
    patches = case(
        "ExtractVolumePatches",
        input=random(1, 5, 6, 4, 3),
        attributes={"ksizes": [1, 3, 1, 2, 1], "strides": [1, 1, 3, 1, 1], "padding": "SAME"},
    )
    with pytest.raises(Unsupported, match="gaps between windows"):
        check(patches)


NEEDS_SIZES = {
    "ApproxTopK": "TensorFlow itself has to know the size",
    "ScaleAndTranslate": "weights are computed for sizes that are known",
    "Empty": "the rank of the result is the size of the shape",
    "Dilation2D": "the number of channels has to be known",
    "ExtractVolumePatches": "the number of channels has to be known",
}
"""Operations that fail where no size is known, with the reason."""


@pytest.mark.parametrize("one", [c for c in CASES if c.op not in NEEDS_SIZES], ids=str)
def test_an_op_gives_the_same_for_sizes_that_are_not_known(one):
    check(one, dynamic=True)


@pytest.mark.parametrize("one", [c for c in CASES if c.op in NEEDS_SIZES], ids=str)
@pytest.mark.xfail(strict=True, reason="see NEEDS_SIZES")
def test_sizes_that_are_needed(one):
    check(one, dynamic=True)


def test_the_bits_of_what_is_known():
    def make(x):
        bits = tf().bitcast(tf().constant([1065353216, -1082130432], tf().int32), tf().float32)
        return [tf().identity(x + bits, name="result0")]

    model = Frozen(make, {"x": ROWS[:1, :2]}, None)
    compare(list(run(model.graph, model.feeds, output=model.outputs).values()), list(model.wants.values()))


def test_the_bits_of_what_the_model_computes():
    graph = tf().Graph()
    with graph.as_default():
        data = tf().compat.v1.placeholder(tf().float32, [2], "data")
        tf().bitcast(data * 2, tf().int32, name="y")
    with pytest.raises(mo_core.Unsupported, match="Bitcast"):
        mo_core.convert(graph.as_graph_def(), output="y")


@pytest.mark.parametrize("op", ["InplaceUpdate", "InplaceAdd", "InplaceSub"])
def test_rows_in_place(op):
    def make(x, v):  # on a copy: TensorFlow changes what it is given
        return [tf().identity(getattr(tf().raw_ops, op)(x=x + 0.0, i=[0, 3], v=v), name="result0")]

    model = Frozen(make, {"x": ROWS, "v": ROWS[:2] + F(1)}, None)
    compare(list(run(model.graph, model.feeds, output=model.outputs).values()), list(model.wants.values()))


@pytest.mark.parametrize("kind", ["Sum", "Prod", "Max", "Min"])
def test_segments_of_a_given_number(kind):
    """TensorFlow computes them on other devices only: they are those whose numbers need no order."""
    graph = tf().Graph()
    with graph.as_default():
        data = tf().compat.v1.placeholder(tf().float32, [5, 3], "data")
        getattr(tf().raw_ops, f"Segment{kind}V2")(data=data, segment_ids=np.sort(IDS), num_segments=5, name="y")
    found = run(graph.as_graph_def(), {"data": ROWS}, output="y")
    wanted = getattr(tf().math, f"unsorted_segment_{kind.lower()}")(ROWS, np.sort(IDS), 5).numpy()
    compare(list(found.values()), [wanted])


@pytest.mark.parametrize(("axis", "greatest"), [(0, True), (0, False), (-1, False)])
def test_the_best_along_any_axis(axis, greatest):
    """TensorFlow computes the last axis only."""
    graph = tf().Graph()
    with graph.as_default():
        data = tf().compat.v1.placeholder(tf().float32, [5, 3], "data")
        tf().raw_ops.ApproxTopK(input=data, k=2, reduction_dimension=axis, is_max_k=greatest, name="y")
    values, places = run(graph.as_graph_def(), {"data": ROWS}, output="y:0,y:1").values()
    order = np.argsort(-ROWS if greatest else ROWS, axis)
    wanted = np.take(order, [0, 1], axis)
    np.testing.assert_array_equal(places, wanted)
    np.testing.assert_array_equal(values, np.take_along_axis(ROWS, wanted, axis))


def drawn(op, count=20_000, **more):
    """Numbers of the emitted model, and its notes."""
    seeds = {"seed": [3, 4]} if not op.endswith("V2") else {"key": [5], "counter": [6, 7], "alg": 1}

    def make(shape):
        given = {} if op == "TruncatedNormal" else seeds
        return [tf().identity(getattr(tf().raw_ops, op)(shape=shape, **given, **more), name="result0")]

    model = Frozen(make, {"shape": np.array([count], np.int32)}, None)
    notes = mo_core.convert(model.graph, output=model.outputs).report.notes
    return next(iter(run(model.graph, model.feeds, output=model.outputs).values())), notes


@pytest.mark.parametrize(
    ("op", "more", "mean", "deviation", "least", "most"),
    [
        ("StatelessRandomUniform", {}, 0.5, 12**-0.5, 0, 1),
        ("StatelessRandomUniformV2", {}, 0.5, 12**-0.5, 0, 1),
        ("StatelessRandomNormal", {}, 0, 1, -7, 7),
        ("StatelessRandomNormalV2", {}, 0, 1, -7, 7),
        ("StatelessTruncatedNormal", {}, 0, 0.8796, -2, 2),
        ("StatelessTruncatedNormalV2", {}, 0, 0.8796, -2, 2),
        ("TruncatedNormal", {"dtype": "float32"}, 0, 0.8796, -2, 2),
        ("StatelessRandomUniformInt", {"minval": 3, "maxval": 8}, 5, 2**0.5, 3, 7),
        ("StatelessRandomUniformIntV2", {"minval": 3, "maxval": 8}, 5, 2**0.5, 3, 7),
    ],
)
def test_random_numbers_are_of_the_distribution(op, more, mean, deviation, least, most):
    found, notes = drawn(op, **more)
    assert abs(found.mean() - mean) < 0.05 and abs(found.std() - deviation) < 0.05
    assert least <= found.min() and found.max() <= most
    assert op == "TruncatedNormal" or any("drawn anew" in str(note) for note in notes)
