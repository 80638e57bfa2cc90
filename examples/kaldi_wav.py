"""From a sound file to posteriors with a Kaldi network, as a whole and as a stream.

    pip install mo-kaldi openvino numpy kaldi-native-fbank
    python examples/kaldi_wav.py final.mdl speech.wav

The sound has one channel of 16-bit samples; the features are MFCCs as high as the network's input is wide.
"""

from __future__ import annotations

import sys
import tempfile
import wave
from pathlib import Path

import kaldi_native_fbank
import numpy as np
import openvino

import mo_core


def features(path: str, columns: int) -> np.ndarray:
    """High-resolution MFCCs, one row each 10 ms. f32 `[frames, columns]`."""
    with wave.open(path) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32)
        rate = sound.getframerate()
    options = kaldi_native_fbank.MfccOptions()
    options.frame_opts.samp_freq = rate
    options.frame_opts.dither = 0
    options.use_energy = False
    options.num_ceps = options.mel_opts.num_bins = columns
    computer = kaldi_native_fbank.OnlineMfcc(options)
    computer.accept_waveform(rate, samples.tolist())
    computer.input_finished()
    return np.stack([computer.get_frame(i) for i in range(computer.num_frames_ready)]).astype(np.float32)


def compiled(model: str, **options: object) -> tuple[openvino.CompiledModel, int]:
    """The network on the CPU, and by how many frames its results come late."""
    with tempfile.TemporaryDirectory() as folder:
        path = mo_core.convert(model, framework="kaldi", **options).save(Path(folder) / "network.xml")
        read = openvino.Core().read_model(str(path))
    late = ["framework", "delay_frames"]
    delay = int(read.get_rt_info(late).astype(str)) if read.has_rt_info(late) else 0
    return openvino.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}), delay


def stream(
    network: openvino.CompiledModel, delay: int, frames: np.ndarray, others: dict[str, np.ndarray]
) -> np.ndarray:
    """Feed one frame after the other; the last one is repeated until its own result comes."""
    request = network.create_infer_request()
    fed = np.concatenate([frames, np.repeat(frames[-1:], delay, 0)])
    rows = [request.infer({"input": frame[None], **others})[0].copy() for frame in fed]
    return np.concatenate(rows)[delay:]


def main() -> None:
    """Compare both forms."""
    model, sound = sys.argv[1:3]
    whole, _ = compiled(model, utterance=True)
    columns = whole.input("input").get_partial_shape()[1].get_length()
    others = {
        i.any_name: np.zeros(list(i.get_shape()), np.float32) for i in whole.inputs if i.any_name != "input"
    }  # an i-vector of zeros where the network wants one
    frames = features(sound, columns)
    at_once = whole({"input": frames, **others})[0]
    one_by_one = stream(*compiled(model), frames, others)
    print(f"{len(frames)} frames of {columns} columns, {at_once.shape[1]} classes")
    print(f"best classes of the first frames: {at_once[:8].argmax(1).tolist()}")
    print(f"largest difference between the forms: {np.abs(at_once - one_by_one).max():.1e}")


if __name__ == "__main__":
    main()
