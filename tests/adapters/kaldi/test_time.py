"""Descriptors, contexts and recurrences: utterances, streams and chunks against the plain reference."""

import numpy as np
import pytest

from mo_core.errors import ModelError, Unsupported, UsageError
from tests.adapters.kaldi import files, reference
from tests.adapters.kaldi.files import Part
from tests.adapters.kaldi.running import assert_close, emitted, streamed, whole
from tests.adapters.kaldi.test_components import ATTENTION, dims, time_height


def affine(rng, outputs, inputs, kind="AffineComponent"):
    weights = rng.normal(size=(outputs, inputs), scale=inputs**-0.5).astype(np.float32)
    return Part(kind, [("LinearParams", weights), ("BiasParams", rng.normal(size=outputs).astype(np.float32))])


def frames(count, width, seed=11):
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


IVECTOR = {"ivector": np.linspace(-1, 1, 3)}
DESCRIPTORS = {
    "offsets": ("Append(Offset(input, -2), input, Offset(input, 3))", False),
    "sum": ("Sum(input, Sum(Offset(input, -1), Offset(input, 1)))", False),
    "scale": ("Scale(-0.5, Offset(input, 1))", False),
    "const": ("Append(input, Const(0.25, 2))", False),
    "ivector": ("Append(input, ReplaceIndex(ivector, t, 0))", True),
    "if-defined-past": ("Append(input, IfDefined(Offset(input, -3)))", False),
    "failover-past": ("Failover(Offset(input, -3), Scale(2, input))", False),
    "round": ("Round(input, 3)", False),
    "round-of-offset": ("Append(input, Round(Offset(input, -1), 4))", False),
    "switch": ("Switch(input, Offset(input, -1), Scale(2, input))", False),
    "one-frame-of-ivector": ("ReplaceIndex(ivector, t, 0)", True),
}


def lines(descriptor, ivector, width=4):
    return [
        *(["input-node name=ivector dim=3"] if ivector else []),
        f"input-node name=input dim={width}",
        f"output-node name=output input={descriptor} objective=linear",
    ]


def check(tmp_path, config, components, x, fixed=None, widths=None, forms=(0, 1, 5), skip=0, tolerance=2e-5):
    """All forms against the reference; `skip`: rows at the end that depend on where the utterance ends."""
    want = reference.Network(config, components, widths).run(x, fixed)
    data = files.nnet3(config, components)
    for chunk in forms:
        got = whole(tmp_path, data, x, fixed) if not chunk else streamed(tmp_path, data, x, fixed, chunk)
        rows = len(x) - skip if chunk else len(x)
        assert_close(got[:rows], want[:rows], tolerance)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_a_descriptor_means_the_same_in_all_forms(name, tmp_path):
    descriptor, ivector = DESCRIPTORS[name]
    check(tmp_path, lines(descriptor, ivector), {}, frames(11, 4), IVECTOR if ivector else None)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_utterances_may_be_shorter_than_the_context(count, tmp_path):
    config = lines("Append(Offset(input, -4), input, Offset(input, 5))", False)
    check(tmp_path, config, {}, frames(count, 4))


def test_what_is_not_there_at_the_end_is_zero_and_a_stream_says_that_it_cannot_know(tmp_path):
    config = lines("Append(input, IfDefined(Offset(input, 2)))", False)
    check(tmp_path, config, {}, frames(8, 4), forms=(0,))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("offset", [-5, -2, 2, 5])
def test_an_utterance_may_be_shorter_than_what_is_not_there(count, offset, tmp_path):
    config = [
        "input-node name=input dim=4",
        "component-node name=layer component=layer input=Append(Offset(input, -1), input)",
        "component-node name=last component=last input=layer",
        f"output-node name=output input=Append(last, IfDefined(Offset(layer, {offset}))) objective=linear",
    ]
    rng = np.random.default_rng(2)
    check(
        tmp_path,
        config,
        {"layer": affine(rng, 3, 8), "last": affine(rng, 2, 3)},
        frames(count, 4),
        None,
        {"layer": 3},
        forms=(0,),
    )


def test_the_space_after_the_tag_may_be_gone(tmp_path):
    config = lines("Sum(input, Offset(input, -1))", False)
    data = files.nnet3(config, {}, binary=False)
    assert data.startswith(b"<Nnet3> \n")
    x = frames(4, 4)
    assert_close(whole(tmp_path, data.replace(b"<Nnet3> \n", b"<Nnet3>\n"), x), whole(tmp_path, data, x))


def tdnn(rng):
    config = [
        "input-node name=ivector dim=3",
        "input-node name=input dim=4",
        "component-node name=lda component=lda input=Append(Offset(input, -1), input, Offset(input, 1), "
        "ReplaceIndex(ivector, t, 0))",
        "component-node name=relu component=relu input=lda",
        "component-node name=second component=second input=relu",
        "dim-range-node name=half input-node=second dim-offset=1 dim=3",
        "component-node name=third component=third input=Append(Offset(half, -3), Offset(half, 3), relu)",
        "output-node name=output input=third objective=linear",
    ]
    second = Part("TdnnComponent", [("TimeOffsets", [-2, 0, 2]), *affine(rng, 5, 18).tokens])
    return config, {
        "lda": affine(rng, 6, 15),
        "relu": Part("RectifiedLinearComponent", dims(6)),
        "second": second,
        "third": affine(rng, 3, 12),
    }


def test_layers_that_look_around_add_up(tmp_path):
    config, components = tdnn(np.random.default_rng(1))
    check(tmp_path, config, components, frames(12, 4), IVECTOR)


def lstm(rng, delay, backwards=False):
    sign = delay if backwards else -delay
    config = [
        "input-node name=input dim=4",
        f"component-node name=gates component=gates input=Append(Offset(input, -1), input, IfDefined(Offset(m, {sign})))",
        f"component-node name=lstm component=lstm input=Append(gates, IfDefined(Offset(Scale(0.5, c), {sign})))",
        "dim-range-node name=c input-node=lstm dim-offset=0 dim=3",
        "dim-range-node name=m input-node=lstm dim-offset=3 dim=3",
        "component-node name=final component=final input=Append(Offset(m, -2), m)",
        "output-node name=output input=Offset(final, 2) objective=linear",
    ]
    params = rng.normal(size=(3, 3)).astype(np.float32)
    return config, {
        "gates": affine(rng, 12, 11),
        "lstm": Part("LstmNonlinearityComponent", [("Params", params), ("UseDropout", False)]),
        "final": affine(rng, 2, 6),
    }


@pytest.mark.parametrize("delay", [1, 3])
def test_a_recurrence_starts_where_it_can_be_computed(delay, tmp_path):
    config, components = lstm(np.random.default_rng(2), delay)
    check(tmp_path, config, components, frames(13, 4), widths={"m": 3, "c": 3})


def test_a_recurrence_backwards_takes_whole_utterances_only(tmp_path):
    config, components = lstm(np.random.default_rng(2), 2, backwards=True)
    check(tmp_path, config, components, frames(13, 4), widths={"m": 3, "c": 3}, forms=(0,))
    with pytest.raises(Unsupported, match="--utterance"):
        emitted(tmp_path, files.nnet3(config, components))


def test_a_recurrence_may_fall_back_on_a_constant_and_on_a_component_of_the_past(tmp_path):
    rng = np.random.default_rng(3)
    config = [
        "input-node name=input dim=4",
        "component-node name=start component=start input=start",
        "component-node name=back component=back input=Offset(state, -1)",
        "component-node name=state component=tanh input=Sum(input, Sum(IfDefined(back), Failover(Offset(state, -2), start)))",
        "output-node name=output input=state objective=linear",
    ]
    components = {
        "start": Part("ConstantComponent", [("Output", rng.normal(size=4).astype(np.float32))]),
        "back": affine(rng, 4, 4),
        "tanh": Part("TanhComponent", dims(4)),
    }
    check(tmp_path, config, components, frames(10, 4), widths={"back": 4})


@pytest.mark.parametrize("kind", ["GruNonlinearityComponent", "OutputGruNonlinearityComponent"])
def test_a_gru_carries_its_cell(kind, tmp_path):
    rng = np.random.default_rng(4)
    plain = kind == "GruNonlinearityComponent"
    config = [
        "input-node name=input dim=4",
        "component-node name=gates component=gates input=Append(input, IfDefined(Offset(c, -1)))",
        "component-node name=z component=z input=gates",
        "component-node name=gru component=gru input=Append(z, IfDefined(Offset(c, -1)))",
        "dim-range-node name=c input-node=gru dim-offset=3 dim=3",
        "output-node name=output input=gru objective=linear",
    ]
    width = 9 if plain else 6
    w = rng.normal(size=(3, 3) if plain else 3).astype(np.float32)
    components = {
        "gates": affine(rng, width, 7),
        "z": Part("SigmoidComponent", dims(width)),
        "gru": Part(kind, [("CellDim", 3), *([("RecurrentDim", 3)] if plain else []), ("w_h", w)]),
    }
    check(tmp_path, config, components, frames(10, 4), widths={"c": 3})


def statistics(extract, pool, context, deviations):
    config = [
        "input-node name=input dim=4",
        "component-node name=extraction component=extraction input=input",
        "component-node name=pooling component=pooling input=extraction",
        f"output-node name=output input=Append(input, Round(pooling, {pool})) objective=linear",
    ]
    extraction = [("InputDim", 4), ("InputPeriod", extract), ("OutputPeriod", pool), ("IncludeVarinance", deviations)]
    pooling = [
        ("InputDim", 9 if deviations else 5),
        ("InputPeriod", pool),
        ("LeftContext", context[0]),
        ("RightContext", context[1]),
        ("NumLogCountFeatures", 2),
        ("OutputStddevs", deviations),
        ("VarianceFloor", 1e-10),
    ]
    return config, {
        "extraction": Part("StatisticsExtractionComponent", extraction),
        "pooling": Part("StatisticsPoolingComponent", pooling),
    }


@pytest.mark.parametrize("deviations", [True, False])
@pytest.mark.parametrize(("extract", "pool", "left", "right"), [(1, 1, 3, 0), (1, 1, 2, 2), (1, 3, 6, 3), (2, 4, 8, 0)])
def test_statistics_of_the_frames_that_are_there(extract, pool, left, right, deviations, tmp_path):
    config, components = statistics(extract, pool, (left, right), deviations)
    forms = (0, 1, pool * 2)
    check(tmp_path, config, components, frames(17, 4), forms=forms, skip=right + pool - 1, tolerance=2e-4)


def test_attention_at_the_start_of_a_stream_sees_zeros_before_it(tmp_path):
    config = [
        "input-node name=input dim=24",
        "component-node name=first component=first input=input",
        "output-node name=output input=first objective=linear",
    ]
    check(tmp_path, config, {"first": Part("RestrictedAttentionComponent", ATTENTION)}, frames(9, 24), skip=2)


def test_convolutions_over_time_pad_with_zeros_where_frames_are_not_needed(tmp_path):
    config = [
        "input-node name=input dim=12",
        "component-node name=first component=first input=input",
        "output-node name=output input=first objective=linear",
    ]
    part = Part("TimeHeightConvolutionComponent", time_height([(-2, 0), (0, -1), (0, 1), (1, 0)], [0]))
    check(tmp_path, config, {"first": part}, frames(9, 12), skip=1)


def test_copies_along_another_axis_than_time(tmp_path):
    rng = np.random.default_rng(6)
    config = [
        "input-node name=input dim=6",
        "component-node name=parts component=parts input=input",
        "component-node name=affine component=affine input=parts",
        "output-node name=output input=Sum(ReplaceIndex(affine, x, 0), ReplaceIndex(affine, x, 2)) objective=linear",
    ]
    components = {
        "parts": Part("DistributeComponent", [("InputDim", 6), ("OutputDim", 2)]),
        "affine": affine(rng, 3, 2),
    }
    check(tmp_path, config, components, frames(7, 6))


def test_untrained_statistics_are_those_that_kaldi_makes_up(tmp_path):
    tokens = [("Dim", 4), ("BlockDim", 4), ("Epsilon", 1e-3), ("TargetRms", 1.0), ("TestMode", False), ("Count", 0.0)]
    norm = Part(
        "BatchNormComponent", [*tokens, ("StatsMean", np.zeros(4, np.float32)), ("StatsVar", np.zeros(4, np.float32))]
    )
    config = [
        "input-node name=input dim=4",
        "component-node name=norm component=norm input=input",
        "output-node name=output input=norm objective=linear",
    ]
    x = frames(3, 4)
    y = whole(tmp_path, files.nnet3(config, {"norm": norm}), x)
    # the first numbers of the C library's generator, whose seed is 1: 1804289383, 846930886
    mean, total = gaussians(4, 1804289383), gaussians(4, 846930886)
    variance = np.maximum(total + mean**2 - mean**2, 0)
    assert_close(y, (x - mean) / np.sqrt(variance + 1e-3), 1e-4)


def gaussians(count, seed):
    """Box and Muller's way with the C library's `rand_r`, one uniform number after the other."""
    state, found = (seed + 27437) % 2**32, []
    for _ in range(count):
        result = 0
        for bits in (11, 10, 10):
            state = (state * 1103515245 + 12345) % 2**32
            result = (result << 10) ^ ((state // 65536) % 2**bits)
        found.append((result + 1.0) / (2147483647 + 2.0))
    pairs = zip(found[::2], found[1::2])
    return np.array(
        [
            f
            for u, v in pairs
            for f in np.sqrt(-2 * np.log(u)) * np.array([np.cos(2 * np.pi * v), np.sin(2 * np.pi * v)])
        ]
    )


@pytest.mark.parametrize("seed", [*range(20), 24, 76, 90, 124, 355])
def test_random_networks(seed, tmp_path):
    config, components, skip, widths = random_network(np.random.default_rng(seed))
    check(
        tmp_path, config, components, frames(14, 4, seed), IVECTOR, widths, forms=(0, 1, 3), skip=skip, tolerance=1e-4
    )


def random_network(rng):
    """A chain of layers of random kinds on random descriptors; returns how many rows at the end may differ, too."""
    config, components, widths = ["input-node name=ivector dim=3", "input-node name=input dim=4"], {}, {}
    last, width = "input", 4
    for i in range(int(rng.integers(2, 5))):
        name, outputs = f"n{i}", int(rng.integers(2, 6))
        offsets = sorted(rng.choice(np.arange(-3, 3), size=int(rng.integers(1, 4)), replace=False).tolist())
        parts = [last if not o else f"Offset({last}, {o})" for o in offsets]
        inputs = width * len(parts)
        if rng.random() < 0.3:
            parts.append("ReplaceIndex(ivector, t, 0)")
            inputs += 3
        if rng.random() < 0.4:
            delay = int(rng.integers(1, 3))
            parts.append(f"IfDefined(Offset({name}.tanh, -{delay}))")
            inputs += outputs
            widths[f"{name}.tanh"] = outputs
        joined = f"Append({', '.join(parts)})" if len(parts) > 1 else parts[0]
        config.append(f"component-node name={name} component={name} input={joined}")
        config.append(f"component-node name={name}.tanh component={name}.tanh input={name}")
        components[name] = affine(rng, outputs, inputs)
        components[f"{name}.tanh"] = Part("TanhComponent", dims(outputs))
        last, width = f"{name}.tanh", outputs
        if rng.random() < 0.2:
            period = int(rng.integers(2, 4))
            config.append(f"component-node name={name}.same component={name}.same input=Round({last}, {period})")
            components[f"{name}.same"] = Part("NoOpComponent", dims(width))
            last = f"{name}.same"
    config.append(f"output-node name=output input={last} objective=linear")
    return config, components, 0, widths


# -- what cannot be


def test_a_node_that_waits_for_itself_is_an_error(tmp_path):
    config = [
        "input-node name=input dim=4",
        "component-node name=a component=a input=Sum(input, Offset(a, -1))",
        "output-node name=output input=a objective=linear",
    ]
    with pytest.raises(ModelError, match='"output" cannot be computed|waits for itself'):
        emitted(tmp_path, files.nnet3(config, {"a": Part("TanhComponent", dims(4))}), utterance=True)


def test_a_circle_at_one_frame_is_an_error(tmp_path):
    config = [
        "input-node name=input dim=4",
        "component-node name=a component=a input=Sum(input, IfDefined(a))",
        "output-node name=output input=a objective=linear",
    ]
    with pytest.raises((ModelError, Unsupported), match="itself at the same frame|both the past and the future"):
        emitted(tmp_path, files.nnet3(config, {"a": Part("TanhComponent", dims(4))}), utterance=True)


def test_utterance_and_chunk_exclude_each_other(tmp_path):
    with pytest.raises(UsageError, match="exclude each other"):
        emitted(tmp_path, files.nnet3(lines("input", False), {}), utterance=True, chunk=4)
