"""Networks of nnet1: components by their sizes, frames clamped at the ends of each splice, recurrences."""

import numpy as np
import pytest

from mo_core.errors import ModelError, Unsupported
from tests.adapters.kaldi import files
from tests.adapters.kaldi.files import Part, Writer
from tests.adapters.kaldi.reference import affine, bands, sigmoid, softmax
from tests.adapters.kaldi.running import assert_close, emitted, streamed, whole

RANDOM = np.random.default_rng(5)
RATES = [("LearnRateCoef", 1.0), ("BiasLearnRateCoef", 1.0), ("MaxNorm", 0.0)]


def normal(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def sized(kind, gives, takes, *tokens):
    return Part(kind, [("", gives), ("", takes), *tokens])


W, B = normal(5, 6), normal(5)
COUNTS = np.abs(normal(4, 6)) + np.float32(0.1)
FRAME_WEIGHTS = normal(2), normal(1)
KERNEL, KERNEL_BIAS = normal(3, 4), normal(3)
MAPS, MAPS_BIAS = normal(2, 2 * 2 * 3), normal(2)


def maps(x, connected):
    """A convolution over 3 x 4 places with 3 maps, windows of 2 x 2, steps 1 and 2."""
    planes = x.reshape(3, 4, 3) if connected else x.reshape(3, 3, 4).transpose(0, 2, 1)
    patches = [planes[a : a + 2, b : b + 2].reshape(-1) for a in (0, 1) for b in (0, 2)]
    return np.concatenate([affine(MAPS, MAPS_BIAS, p) for p in patches])


def pooled(x, how):
    planes = x.reshape(3, 4, 3)
    return np.concatenate([how(planes[a : a + 2, b : b + 2].reshape(-1, 3), 0) for a in (0, 1) for b in (0, 2)])


SIZES = [(f"Fmap{a}Len", n) for a, n in zip("XY", (3, 4))]
MAP_FILTERS = [
    *SIZES,
    *((f"Filt{a}Len", 2) for a in "XY"),
    ("FiltXStep", 1),
    ("FiltYStep", 2),
]
MAP_POOLS = [*SIZES, *((f"Pool{a}Len", 2) for a in "XY"), ("PoolXStep", 1), ("PoolYStep", 2)]
PLACES = [("PoolSize", 2), ("PoolStep", 1), ("PoolStride", 2)]


def places(x, how):
    rows = x.reshape(-1, 2)
    return np.concatenate([how(rows[p : p + 2], 0) for p in range(len(rows) - 1)])


CASES = {
    "AffineTransform": (5, 6, [*RATES, ("", W), ("", B)], lambda x: affine(W, B, x)),
    "LinearTransform": (5, 6, [("LearnRateCoef", 1.0), ("", W)], lambda x: affine(W, None, x)),
    "AddShift": (6, 6, [("LearnRateCoef", 0.0), ("", W[0])], lambda x: x + W[0]),
    "Rescale": (6, 6, [("LearnRateCoef", 0.0), ("", W[0])], lambda x: x * W[0]),
    "Copy": (4, 6, [("", [6, 1, 1, 3])], lambda x: x[[5, 0, 0, 2]]),
    "Sigmoid": (6, 6, [], sigmoid),
    "Tanh": (6, 6, [], np.tanh),
    "Softmax": (6, 6, [], softmax),
    "HiddenSoftmax": (6, 6, [], softmax),
    "RectifiedLinear": (6, 6, [], lambda x: np.maximum(x, 0)),
    "ReLU": (6, 6, [], lambda x: np.maximum(x, 0)),
    "ParametricRelu": (
        6,
        6,
        [("AlphaLearnRateCoef", 0.0), ("BetaLearnRateCoef", 0.0), ("", W[0]), ("", W[1])],
        lambda x: np.maximum(x, 0) * W[0] + np.minimum(x, 0) * W[1],
    ),
    "Dropout": (6, 6, [("DropoutRate", 0.5)], lambda x: x),
    "LengthNormComponent": (6, 6, [], lambda x: x / np.linalg.norm(x)),
    "BlockSoftmax": (6, 6, [("", [2, 4])], lambda x: np.concatenate([softmax(x[:2]), softmax(x[2:])])),
    "Rbm": (5, 6, [("", "gauss"), ("", "bern"), ("", W), ("", W[0]), ("", B)], lambda x: sigmoid(affine(W, B, x))),
    "KlHmm": (
        4,
        6,
        [("", COUNTS)],
        lambda x: np.array([-(x * np.log(x / (q / q.sum()))).sum() for q in np.float64(COUNTS)]),
    ),
    "FramePoolingComponent": (
        4,
        6,
        [
            ("FeatureDim", 2),
            ("LearnRateCoef", 0.01),
            ("Normalize", False),
            ("FrameOffset", [0, 2]),
            ("FrameWeight", FRAME_WEIGHTS[0]),
            ("", FRAME_WEIGHTS[1]),
        ],
        lambda x: np.concatenate([FRAME_WEIGHTS[0] @ x[:4].reshape(2, 2), FRAME_WEIGHTS[1] @ x[4:].reshape(1, 2)]),
    ),
    "ConvolutionalComponent": (
        9,
        12,
        [("PatchDim", 2), ("PatchStep", 2), ("PatchStride", 6), *RATES, ("Filters", KERNEL), ("Bias", KERNEL_BIAS)],
        lambda x: bands(2, 2, 6, KERNEL, KERNEL_BIAS, x),
    ),
    "Convolutional2DComponent": (
        8,
        36,
        [*RATES[:2], *MAP_FILTERS, ("ConnectFmap", 1), ("Filters", MAPS), ("Bias", MAPS_BIAS)],
        lambda x: maps(x, True),
    ),
    "MaxPoolingComponent": (6, 8, PLACES, lambda x: places(x, np.max)),
    "AveragePoolingComponent": (6, 8, PLACES, lambda x: places(x, np.mean)),
    "MaxPooling2DComponent": (12, 36, MAP_POOLS, lambda x: pooled(x, np.max)),
    "AveragePooling2DComponent": (12, 36, MAP_POOLS, lambda x: pooled(x, np.mean)),
}
KINDS = {*CASES, "LstmProjectedStep", "RecurrentStep"}


def frames(count, width, kind=""):
    x = np.random.default_rng(3).normal(size=(count, width)).astype(np.float32)
    return np.exp(x) / np.exp(x).sum(1, keepdims=True) if kind == "KlHmm" else x


@pytest.mark.parametrize("marks", [True, False], ids=["marks", "no-marks"])
@pytest.mark.parametrize("binary", [True, False], ids=["binary", "text"])
@pytest.mark.parametrize("kind", CASES)
def test_a_component_computes_what_kaldi_documents(kind, binary, marks, tmp_path):
    gives, takes, tokens, function = CASES[kind]
    data = files.nnet1([sized(kind, gives, takes, *tokens)], binary, marks)
    x = frames(5, takes, kind)
    assert_close(whole(tmp_path, data, x, suffix="nnet"), np.stack([function(np.float64(row)) for row in x]))


def test_maps_that_are_not_connected_lie_one_after_the_other(tmp_path):
    tokens = [*RATES[:2], *MAP_FILTERS, ("ConnectFmap", 0), ("Filters", MAPS), ("Bias", MAPS_BIAS)]
    x = frames(4, 36)
    data = files.nnet1([sized("Convolutional2DComponent", 8, 36, *tokens)])
    assert_close(whole(tmp_path, data, x, suffix="nnet"), np.stack([maps(np.float64(r), False) for r in x]))


def splice(x, offsets):
    return np.stack([np.concatenate([x[min(max(t + o, 0), len(x) - 1)] for o in offsets]) for t in range(len(x))])


def test_each_splice_repeats_the_ends_of_what_it_reads(tmp_path):
    offsets, more = [-2, 0, 1], [-1, 2]
    chain = [
        sized("Splice", 18, 6, ("", offsets)),
        sized("AffineTransform", 5, 18, *RATES, ("", weights := normal(5, 18)), ("", B)),
        sized("Sigmoid", 5, 5),
        sized("Splice", 10, 5, ("", more)),
    ]
    x = frames(7, 6)
    want = splice(sigmoid(splice(np.float64(x), offsets) @ weights.T + B), more)
    assert_close(whole(tmp_path, files.nnet1(chain), x, suffix="nnet"), want)


def test_a_stream_of_one_splice_gives_the_same_late(tmp_path):
    data = files.nnet1([sized("Splice", 18, 6, ("", [-2, 0, 3]))])
    x = frames(8, 6)
    for chunk in (1, 3):
        assert_close(streamed(tmp_path, data, x, chunk=chunk, suffix="nnet"), splice(x, [-2, 0, 3]))


LSTM = [normal(16, 6), normal(16, 3), normal(16), normal(4), normal(4), normal(4), normal(3, 4)]
LSTM_TOKENS = [("CellDim", 4), *RATES[:2], ("CellClip", 0.8), ("DiffClip", 1.0)]


def lstm(x, parts, clip=0.8):
    wx, wr, bias, pi, pf, po, projection = (np.float64(p) for p in parts)
    r, c, rows = np.zeros(3), np.zeros(4), []
    for frame in x:
        g, i, f, o = np.split(wx @ frame + wr @ r + bias, 4)
        c = np.clip(sigmoid(i + pi * c) * np.tanh(g) + sigmoid(f + pf * c) * c, -clip, clip)
        r = projection @ (sigmoid(o + po * c) * np.tanh(c))
        rows.append(r)
    return np.stack(rows)


@pytest.mark.parametrize("kind", ["LstmProjected", "LstmProjectedStreams"])
def test_an_lstm_starts_from_zeros_and_goes_on(kind, tmp_path):
    data = files.nnet1([sized(kind, 3, 6, *LSTM_TOKENS, *(("", p) for p in LSTM))])
    x = frames(9, 6)
    want = lstm(x, LSTM)
    assert_close(whole(tmp_path, data, x, suffix="nnet"), want)
    assert_close(streamed(tmp_path, data, x, suffix="nnet"), want)
    assert_close(streamed(tmp_path, data, x, chunk=4, suffix="nnet"), want)


def test_a_bidirectional_lstm_reads_both_ways_and_refuses_streams(tmp_path):
    other = [normal(*p.shape) for p in LSTM]
    data = files.nnet1([sized("BlstmProjected", 6, 6, *LSTM_TOKENS, *(("", p) for p in (*LSTM, *other)))])
    x = frames(9, 6)
    want = np.concatenate([lstm(x, LSTM), lstm(x[::-1], other)[::-1]], 1)
    assert_close(whole(tmp_path, data, x, suffix="nnet"), want)
    with pytest.raises(Unsupported, match="--utterance"):
        emitted(tmp_path, data, suffix="nnet")


def test_a_recurrent_component_is_a_plain_loop(tmp_path):
    forward, back, bias = normal(4, 6), normal(4, 4), normal(4)
    tokens = [("GradClip", 1.0), ("DiffClip", 1.0), *RATES[:2], ("", forward), ("", back), ("", bias)]
    data = files.nnet1([sized("RecurrentComponent", 4, 6, *tokens)])
    x, y, want = frames(6, 6), np.zeros(4), []
    for row in np.float64(x):
        y = np.tanh(forward @ row + bias + back @ y)
        want.append(y)
    assert_close(whole(tmp_path, data, x, suffix="nnet"), np.stack(want))
    assert_close(streamed(tmp_path, data, x, suffix="nnet"), np.stack(want))


def nested(chains, gives, takes, binary=True):
    w = Writer(binary).token("<Nnet>").token("<ParallelComponent>").value(gives).value(takes)
    w.token("<NestedNnetCount>").value(len(chains))
    for i, chain in enumerate(chains, 1):
        w.token("<NestedNnet>").value(i).token("<Nnet>")
        for part in chain:
            w.part(part, "<!EndOfComponent>")
        w.token("</Nnet>")
    return bytes(w.token("</ParallelComponent>").token("<!EndOfComponent>").token("</Nnet>").data)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "text"])
def test_parallel_networks_take_columns_of_their_own(binary, tmp_path):
    chains = [
        [sized("Sigmoid", 2, 2)],
        [sized("Rescale", 4, 4, ("LearnRateCoef", 0.0), ("", W[0, :4])), sized("Tanh", 4, 4)],
    ]
    x = frames(5, 6)
    want = np.concatenate([sigmoid(x[:, :2]), np.tanh(x[:, 2:] * W[0, :4])], 1)
    assert_close(whole(tmp_path, nested(chains, 6, 6, binary), x, suffix="nnet"), want)


def test_the_mean_of_a_sentence_stands_beside_each_frame(tmp_path):
    w = Writer(True).token("<Nnet>").token("<SentenceAveragingComponent>").value(11).value(6).token("<Nnet>")
    w.part(sized("AffineTransform", 5, 6, *RATES, ("", W), ("", B)), "<!EndOfComponent>").token("</Nnet>")
    data = bytes(w.token("<!EndOfComponent>").token("</Nnet>").data)
    x = frames(7, 6)
    mean = np.stack([affine(W, B, np.float64(r)) for r in x]).mean(0)
    want = np.concatenate([np.tile(mean, (7, 1)), x], 1)
    assert_close(whole(tmp_path, data, x, suffix="nnet"), want)
    with pytest.raises(Unsupported, match="whole utterance"):
        emitted(tmp_path, data, suffix="nnet")


@pytest.mark.parametrize(
    ("tokens", "function"),
    [
        ([("GradientBoost", 100.0)], lambda x: x.mean(0)),
        ([("GradientBoost", 100.0), ("Shrinkage", 2.0), ("OnlySumming", False)], lambda x: x.sum(0) / (len(x) + 2)),
        ([("GradientBoost", 100.0), ("Shrinkage", 2.0), ("OnlySumming", True)], lambda x: x.sum(0)),
    ],
)
def test_a_simple_mean_of_a_sentence(tokens, function, tmp_path):
    data = files.nnet1([sized("SimpleSentenceAveragingComponent", 6, 6, *tokens)])
    x = frames(7, 6)
    assert_close(whole(tmp_path, data, x, suffix="nnet"), np.tile(function(np.float64(x)), (7, 1)))


def test_a_feature_transform_goes_in_front(tmp_path):
    transform = tmp_path / "transform.nnet"
    transform.write_bytes(
        files.nnet1([sized("Splice", 18, 6, ("", [-1, 0, 1])), sized("Rescale", 18, 18, ("", s := normal(18)))])
    )
    data = files.nnet1([sized("AffineTransform", 5, 18, *RATES, ("", w := normal(5, 18)), ("", B))])
    x = frames(6, 6)
    want = splice(np.float64(x), [-1, 0, 1]) * s @ w.T + B
    assert_close(whole(tmp_path, data, x, suffix="nnet", feature_transform=str(transform)), want)


def test_an_unknown_component_is_named_with_its_place(tmp_path):
    data = files.nnet1([sized("Sigmoid", 6, 6), sized("Warp", 6, 6)])
    with pytest.raises(Unsupported, match=f"<Warp> at byte {data.index(b'<Warp>')}"):
        emitted(tmp_path, data, suffix="nnet")


def test_sizes_that_do_not_fit_are_the_model_s_fault(tmp_path):
    data = files.nnet1([sized("AffineTransform", 5, 7, *RATES, ("", W), ("", B))])
    with pytest.raises(ModelError, match="takes 6 columns, and gets 7"):
        emitted(tmp_path, data, suffix="nnet")
