"""Networks of every age as one list of present-day layers, all as plain data (see `schema`).

Caffe has had three forms of a layer: V0 (`layers { layer { type: "conv" } }`), V1 (`layers { type: CONVOLUTION }`) and
the present one (`layer { type: "Convolution" }`); and inputs used to be fields of the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mo_caffe.schema import Plain
from mo_core.errors import ModelError

_V1_TYPES = {
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "CONVOLUTION3D": "Convolution3D",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POOLING3D": "Pooling3D",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}
_V1_FORKS = {
    name.upper(): name
    for name in (
        "BatchNorm",
        "Bias",
        "Correlation",
        "Interp",
        "Normalize",
        "Permute",
        "PReLU",
        "Reduction",
        "Resample",
        "Reshape",
        "ROIPooling",
        "Scale",
        "SPP",
        "Tile",
        "Unpooling",
        "Upsample",
    )
}
"""Types that forks had in the same form; some with underscores."""
_V0_TYPES = {
    "accuracy": "Accuracy",
    "bnll": "BNLL",
    "concat": "Concat",
    "conv": "Convolution",
    "data": "Data",
    "dropout": "Dropout",
    "euclidean_loss": "EuclideanLoss",
    "flatten": "Flatten",
    "hdf5_data": "HDF5Data",
    "hdf5_output": "HDF5Output",
    "hinge_loss": "HingeLoss",
    "im2col": "Im2col",
    "images": "ImageData",
    "infogain_loss": "InfogainLoss",
    "innerproduct": "InnerProduct",
    "lrn": "LRN",
    "multinomial_logistic_loss": "MultinomialLogisticLoss",
    "pool": "Pooling",
    "relu": "ReLU",
    "sigmoid": "Sigmoid",
    "softmax": "Softmax",
    "softmax_loss": "SoftmaxWithLoss",
    "split": "Split",
    "tanh": "TanH",
    "window_data": "WindowData",
}

# V0 held the parameters of all layers in one message: for each type its block now, and V0's names that changed.
_V0_BLOCKS: dict[str, tuple[str, dict[str, str]]] = {
    "concat": ("concat_param", {}),
    "conv": ("convolution_param", {"biasterm": "bias_term", "kernelsize": "kernel_size"}),
    "data": ("data_param", {"batchsize": "batch_size"}),
    "dropout": ("dropout_param", {}),
    "hdf5_data": ("hdf5_data_param", {"batchsize": "batch_size"}),
    "images": ("image_data_param", {"batchsize": "batch_size", "shuffle_images": "shuffle"}),
    "innerproduct": ("inner_product_param", {"biasterm": "bias_term"}),
    "infogain_loss": ("infogain_loss_param", {}),
    "lrn": ("lrn_param", {}),
    "pool": ("pooling_param", {"kernelsize": "kernel_size"}),
    "window_data": ("window_data_param", {"batchsize": "batch_size"}),
}
_V0_LISTS = {(kind, name) for kind in ("conv", "pool") for name in ("pad", "kernel_size", "stride")}
_V0_KEPT = ("name", "blobs", "hdf5_output_param")
_V0_TRANSFORM = {"scale": "scale", "meanfile": "mean_file", "cropsize": "crop_size", "mirror": "mirror"}
_TRAINING = ("blobs_lr", "weight_decay")
_DATA_BLOCKS = ("data_param", "image_data_param", "window_data_param")


def upgrade(net: Plain) -> list[Plain]:
    """The layers of a network of any age, as present-day LayerParameters; inputs of the network come first.

    Raises:
        ModelError: layers of two ages are mixed, or the description contradicts itself.
    """
    old, new = net.get("layers", []), net.get("layer", [])
    if old and new:
        raise ModelError(
            'the network has both "layers" and "layer"',
            'Write all of them as "layer" with types in quotes, or all as "layers" without.',
        )
    layers = new or [_upgrade_v1(layer) for layer in _without_padding(old)]
    return [*_inputs(net), *map(_upgrade_data, layers)]


def _inputs(net: Plain) -> Iterator[Plain]:
    """The inputs that are fields of the network, one Input layer each."""
    names, shapes, dims = net.get("input", []), net.get("input_shape", []), net.get("input_dim", [])
    if shapes and len(shapes) not in (1, len(names)):
        raise ModelError(f"the network has {len(names)} inputs and {len(shapes)} input_shape")
    if not shapes and dims and len(names) != 1 and len(dims) != 4 * len(names):
        raise ModelError(
            f"the network has {len(names)} inputs and {len(dims)} input_dim, which belong to them four by four",
            "Give each input an input_shape instead.",
        )
    for index, name in enumerate(names):
        layer: Plain = {"name": name, "type": "Input", "top": [name]}
        if shapes:
            layer["input_param"] = {"shape": [shapes[index if len(shapes) > 1 else 0]]}
        elif dims:
            own = dims if len(names) == 1 else dims[4 * index : 4 * index + 4]
            layer["input_param"] = {"shape": [{"dim": own}]}
        yield layer


# V1 and V0 ---------------------------------------------------------------------------------------------------------


def _upgrade_v1(layer: Plain) -> Plain:
    if "layer" in layer:
        return _upgrade_v0(layer)
    result = {key: value for key, value in layer.items() if key not in (*_TRAINING, "param", "blob_share_mode")}
    kind = str(layer.get("type", ""))
    result["type"] = _V1_TYPES.get(kind) or _V1_FORKS.get(kind.replace("_", ""), kind)
    modes = layer.get("blob_share_mode", [])
    if "param" in layer:
        result["param"] = [
            {"name": name, **({"share_mode": modes[index]} if index < len(modes) else {})}
            for index, name in enumerate(layer["param"])
        ]
    return result


def _upgrade_v0(outer: Plain) -> Plain:
    inner = outer["layer"]
    kind = inner.get("type", "")
    block, renamed = _V0_BLOCKS.get(kind, ("", {}))
    result = {key: value for key, value in outer.items() if key != "layer"}
    result["type"] = _V0_TYPES.get(kind, kind)
    for key, value in inner.items():
        name = renamed.get(key, key)
        if key in _V0_KEPT:
            result[key] = value
        elif block in _DATA_BLOCKS and key in _V0_TRANSFORM:
            result.setdefault("transform_param", {})[_V0_TRANSFORM[key]] = value
        elif key not in (*_TRAINING, "type") and block:
            result.setdefault(block, {})[name] = [value] if (kind, name) in _V0_LISTS else value
    return result


def _without_padding(layers: list[Plain]) -> Iterable[Plain]:
    """V0 padded in layers of their own; the convolution or pooling that follows takes the padding over."""
    if not any(_v0_type(layer) == "padding" for layer in layers):
        return layers
    padding: dict[str, Plain] = {}
    result = []
    for layer in layers:
        kind, inner, bottoms = _v0_type(layer), layer.get("layer", {}), layer.get("bottom", [])
        if kind == "padding":
            if len(bottoms) != 1 or len(layer.get("top", [])) != 1:
                raise ModelError(f'padding layer "{inner.get("name", "")}" does not have one bottom and one top')
            padding[layer["top"][0]] = layer
            continue
        padded = [padding[bottom] for bottom in bottoms if bottom in padding]
        if padded:
            if kind not in ("conv", "pool") or len(bottoms) != 1:
                raise ModelError(f'layer "{inner.get("name", "")}" follows a padding layer, and {kind} cannot pad')
            pad = padded[0]["layer"].get("pad", 0)
            layer = {**layer, "bottom": padded[0]["bottom"], "layer": {**inner, "pad": pad}}
        for top in layer.get("top", []):
            padding.pop(top, None)
        result.append(layer)
    return result


def _v0_type(layer: Plain) -> Any:
    return layer.get("layer", {}).get("type")


def _upgrade_data(layer: Plain) -> Plain:
    """Data layers once did the transformation themselves."""
    block = next((name for name in _DATA_BLOCKS if name in layer), None)
    moved = ("scale", "mean_file", "crop_size", "mirror")
    if block is None or not any(key in layer[block] for key in moved):
        return layer
    transform = {key: layer[block][key] for key in moved if key in layer[block]}
    kept = {key: value for key, value in layer[block].items() if key not in moved}
    return {**layer, block: kept, "transform_param": {**transform, **layer.get("transform_param", {})}}
