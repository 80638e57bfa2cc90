"""What the options of Kaldi models do."""

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, UsageError
from tests.adapters.kaldi import files
from tests.adapters.kaldi.files import Part
from tests.adapters.kaldi.running import assert_close, command, emitted, streamed, whole
from tests.adapters.kaldi.test_time import affine, frames, lstm

RNG = np.random.default_rng(8)
LOGITS = affine(RNG, 5, 4)
CONFIG = [
    "input-node name=input dim=4",
    "component-node name=hidden component=hidden input=Append(Offset(input, -1), Offset(input, 2))",
    "component-node name=affine component=affine input=hidden",
    "component-node name=softmax component=softmax input=affine",
    "output-node name=output input=softmax objective=linear",
]
PARTS = {"hidden": affine(RNG, 4, 8), "affine": LOGITS, "softmax": Part("LogSoftmaxComponent", [("Dim", 5)])}
PRIORS = np.array([0.1, 0.2, 0.3, 0.4, 0.0], np.float32)
X = frames(6, 4)


def row(x):
    e = x - x.max(1, keepdims=True)
    return e - np.log(np.exp(e).sum(1, keepdims=True))


def logits(x):
    near = np.concatenate([x[:1], x, np.repeat(x[-1:], 2, 0)])
    both = np.concatenate([near[: len(x)], near[3 : 3 + len(x)]], 1)
    hidden = both @ PARTS["hidden"]["LinearParams"].T + PARTS["hidden"]["BiasParams"]
    return hidden, hidden @ LOGITS["LinearParams"].T + LOGITS["BiasParams"]


def test_the_softmax_at_the_end_may_be_left_out(tmp_path):
    data = files.nnet3(CONFIG, PARTS)
    assert_close(whole(tmp_path, data, X, remove_output_softmax=True), logits(X)[1])
    assert_close(whole(tmp_path, data, X), row(logits(X)[1]))


def test_leaving_out_a_softmax_that_is_not_there_is_noted(tmp_path):
    config = [*CONFIG[:-2], "output-node name=output input=affine objective=linear"]
    (tmp_path / "net.raw").write_bytes(files.nnet3(config, {k: PARTS[k] for k in ("hidden", "affine")}))
    model = mo_core.convert(str(tmp_path / "net.raw"), remove_output_softmax=True)
    assert any("no output ends with a softmax" in note for note in model.report.notes)


@pytest.mark.parametrize("binary", [True, False])
def test_counts_are_subtracted_as_logarithms(binary, tmp_path):
    counts = np.array([10, 20, 30, 40, 100], np.float32)
    file = files.Writer(binary)
    (tmp_path / "counts").write_bytes(bytes(file.value(counts).data))
    data, log = files.nnet3(CONFIG, PARTS), np.log(counts / counts.sum())
    plain = whole(tmp_path, data, X, counts=str(tmp_path / "counts"), remove_output_softmax=True)
    assert_close(plain, logits(X)[1] - log)
    assert_close(whole(tmp_path, data, X, counts=str(tmp_path / "counts")), row(logits(X)[1] - log))


def test_empty_counts_are_the_priors_of_the_model(tmp_path):
    priors = PRIORS + np.float32(0.05)
    data = files.nnet3(CONFIG, PARTS, priors=priors, transitions=True)
    got = whole(tmp_path, data, X, counts="", remove_output_softmax=True)
    assert_close(got, logits(X)[1] - np.log(priors / priors.sum()))
    with pytest.raises(UsageError, match="the model has no priors"):
        whole(tmp_path, files.nnet3(CONFIG, PARTS), X, counts="")


def test_classes_that_never_occurred_never_win(tmp_path):
    (tmp_path / "counts").write_bytes(bytes(files.Writer(False).value(PRIORS).data))
    got = whole(tmp_path, files.nnet3(CONFIG, PARTS), X, counts=str(tmp_path / "counts"), remove_output_softmax=True)
    assert (got.argmax(1) != 4).all() and (got[:, 4] < -1e37).all()


@pytest.mark.parametrize("text", ["[ 1 2 -3 ]", "[ ]", "<Nnet3> ", "", "[ 1 2"])
def test_counts_that_are_none_are_refused(text, tmp_path):
    (tmp_path / "counts").write_text(text)
    with pytest.raises(ModelError, match="counts"):
        whole(tmp_path, files.nnet3(CONFIG, PARTS), X, counts=str(tmp_path / "counts"))


def test_any_node_may_be_an_output(tmp_path):
    data = files.nnet3(CONFIG, PARTS)
    assert_close(whole(tmp_path, data, X, output="hidden"), logits(X)[0])
    assert_close(streamed(tmp_path, data, X, output="hidden"), logits(X)[0])
    compiled, _ = emitted(tmp_path, data, utterance=True, output="affine,hidden")
    assert [sorted(o.get_names()) for o in compiled.outputs] == [["affine"], ["hidden"]]


def test_a_name_that_does_not_exist_gets_the_nearest_ones(tmp_path):
    with pytest.raises(UsageError, match='no node "hiden"') as e:
        emitted(tmp_path, files.nnet3(CONFIG, PARTS), output="hiden")
    assert "hidden" in e.value.remedy


def test_only_what_is_asked_for_is_computed(tmp_path):
    config = [*CONFIG, "output-node name=side input=Offset(hidden, 40) objective=linear"]
    _, model = emitted(tmp_path, files.nnet3(config, PARTS), output="output")
    assert model.get_rt_info(["framework", "delay_frames"]).astype(str) == "2"


@pytest.mark.parametrize("chunk", [3, 6])
def test_every_third_row(chunk, tmp_path):
    data, want = files.nnet3(CONFIG, PARTS), row(logits(X)[1])[::3]
    assert_close(whole(tmp_path, data, X, frame_subsampling_factor=3), want)
    compiled, model = emitted(tmp_path, data, chunk=chunk, frame_subsampling_factor=3)
    delay = int(model.get_rt_info(["framework", "delay_frames"]).astype(str))
    assert not delay % 3
    fed, rows = np.concatenate([X, np.repeat(X[-1:], delay + chunk, 0)]), []
    request = compiled.create_infer_request()
    for start in range(0, len(X) + delay, chunk):
        rows.append(np.array(request.infer({"input": fed[start : start + chunk]})[0]))
    assert_close(np.concatenate(rows)[delay // 3 :][: len(want)], want)


def test_a_factor_that_does_not_divide_the_frames_of_a_call_is_refused(tmp_path):
    with pytest.raises(UsageError, match="--chunk 3"):
        emitted(tmp_path, files.nnet3(CONFIG, PARTS), frame_subsampling_factor=3)


@pytest.mark.parametrize("option", ["chunk", "frame_subsampling_factor"])
@pytest.mark.parametrize("number", [0, -2])
def test_numbers_of_frames_are_positive(option, number, tmp_path):
    with pytest.raises(UsageError, match=f"--{option}"):
        emitted(tmp_path, files.nnet3(CONFIG, PARTS), **{option: number})


def test_states_may_be_inputs_and_outputs(tmp_path):
    config, components = lstm(np.random.default_rng(2), 2)
    data, x = files.nnet3(config, components), frames(9, 4)
    compiled, model = emitted(tmp_path, data, remove_memory=True)
    assert not [op for op in model.get_ops() if op.get_type_name() in ("ReadValue", "Assign")]
    names = {i.get_any_name() for i in compiled.inputs} - {"input"}
    assert names and {f"{n}/next" for n in names} <= {n for o in compiled.outputs for n in o.get_names()}
    state = {n: np.zeros(list(compiled.input(n).shape), np.float32) for n in names}
    delay, rows = int(model.get_rt_info(["framework", "delay_frames"]).astype(str)), []
    for frame in np.concatenate([x, np.repeat(x[-1:], delay, 0)]):
        result = compiled({"input": frame[None], **state})
        state = {n: result[f"{n}/next"] for n in names}
        rows.append(result["output"])
    assert_close(np.concatenate(rows)[delay:], streamed(tmp_path, data, x))


def test_the_command_says_how_late_the_results_come(tmp_path):
    (tmp_path / "net.raw").write_bytes(files.nnet3(CONFIG, PARTS))
    done = command(tmp_path / "net.raw", "--output_dir", tmp_path)
    assert not done.returncode and "2 frames late" in done.stdout + done.stderr


def test_nothing_heavy_is_imported(tmp_path):
    import subprocess
    import sys

    (tmp_path / "net.raw").write_bytes(files.nnet3(CONFIG, PARTS))
    code = (
        f"import sys; from mo_core.app.cli import main; arguments = [{str(tmp_path / 'net.raw')!r}, '--silent', "
        f"'--output_dir', {str(tmp_path)!r}]; assert not main(arguments, 'kaldi')\n"
        "print(sorted({'openvino', 'rich', 'google.protobuf', 'kaldiio', 'scipy', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr


@pytest.mark.parametrize("shape", ["[?]", "[?,?]", "[1,?,4]"])
def test_a_shape_without_the_columns_of_the_network_is_refused(shape, tmp_path):
    (tmp_path / "m.raw").write_bytes(
        files.nnet3(
            ["input-node name=input dim=4", *CONFIG[2:3], "output-node name=output input=affine"], PARTS
        ).replace(b"input=hidden", b"input=input")
    )
    with pytest.raises(UsageError, match=r"a component takes \[frames, columns\]"):
        mo_core.convert(tmp_path / "m.raw", utterance=True, input_shape=shape)


def test_other_columns_than_those_of_the_network_are_told(tmp_path):
    (tmp_path / "m.raw").write_bytes(files.nnet3(CONFIG, PARTS))
    with pytest.raises(mo_core.MoError, match=r'The file has \[\?,4\] for "input", and \[\?,5\] was given'):
        mo_core.convert(tmp_path / "m.raw", utterance=True, input_shape="[?,5]")
