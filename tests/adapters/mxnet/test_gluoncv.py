"""Networks of GluonCV with random weights, exported by MXNet, converted, and compared with its results.

GluonCV is put into the environment of MXNet by `python tools/mxnet_env.py --gluoncv`. The weights are scaled layer by
layer, so that no number grows or vanishes on its way: scores that are equal leave the order of detections to the rounding
of f32. SSDs on MobileNet have equal scores even so, and Faster R-CNN with a feature pyramid has thousands of regions that
score as good as nothing; what they compute is in the others, too.
"""

from __future__ import annotations

import numpy as np
import pytest

import mo_core
from tests.adapters.mxnet.harness import assert_close, run_model, script

pytestmark = pytest.mark.slow

WITHOUT = {"pretrained_base": False}
FEW = {**WITHOUT, "rpn_test_pre_nms": 40, "rpn_test_post_nms": 12}
DETECTORS = {
    "ssd_300_vgg16_atrous_voc": ((1, 3, 300, 300), WITHOUT),
    "ssd_300_resnet34_v1b_coco": ((1, 3, 300, 300), WITHOUT),
    "ssd_512_resnet50_v1_coco": ((1, 3, 512, 512), WITHOUT),
    "yolo3_darknet53_coco": ((1, 3, 320, 320), WITHOUT),
    "yolo3_mobilenet1.0_voc": ((1, 3, 416, 416), WITHOUT),
    "faster_rcnn_resnet50_v1b_voc": ((1, 3, 224, 256), WITHOUT),
    "doublehead_rcnn_resnet50_v1b_voc": ((1, 3, 224, 224), WITHOUT),
    "mask_rcnn_resnet18_v1b_coco": ((1, 3, 160, 160), FEW),
    "mask_rcnn_fpn_resnet18_v1b_coco": ((1, 3, 160, 160), FEW),
    "center_net_resnet18_v1b_voc": ((1, 3, 256, 256), WITHOUT),
    "center_net_resnet18_v1b_dcnv2_voc": ((1, 3, 256, 256), WITHOUT),
    "center_net_mobilenetv3_small_duc_voc": ((1, 3, 256, 256), WITHOUT),
    "center_net_dla34_voc": ((1, 3, 256, 256), WITHOUT),
}
DENSE = {
    "fcn_resnet50_voc": ((1, 3, 480, 480), WITHOUT),
    "psp_resnet50_ade": ((1, 3, 480, 480), WITHOUT),
    "deeplab_resnet50_ade": ((1, 3, 480, 480), WITHOUT),
    "deeplab_resnest50_ade": ((1, 3, 480, 480), WITHOUT),
    "icnet_resnet50_citys": ((1, 3, 480, 480), WITHOUT),
    "danet_resnet50_citys": ((1, 3, 480, 480), WITHOUT),
    "fastscnn_citys": ((1, 3, 1024, 1024), {}),
    "hrnet_w18_small_v1_s": ((1, 3, 256, 256), {}),
    "monodepth2_resnet18_kitti_mono_640x192": ((1, 3, 192, 640), WITHOUT),
    "simple_pose_resnet18_v1b": ((1, 3, 256, 192), WITHOUT),
    "mobile_pose_mobilenetv3_small": ((1, 3, 256, 192), WITHOUT),
    "alpha_pose_resnet101_v1b_coco": ((1, 3, 256, 192), WITHOUT),
}
CLIPS = {
    "i3d_resnet50_v1_kinetics400": ((1, 3, 16, 112, 112), WITHOUT),
    "i3d_inceptionv1_kinetics400": ((1, 3, 16, 224, 224), WITHOUT),
    "i3d_nl5_resnet50_v1_kinetics400": ((1, 3, 16, 112, 112), WITHOUT),
    "slowfast_4x16_resnet50_kinetics400": ((1, 3, 36, 112, 112), {}),
    "r2plus1d_resnet18_kinetics400": ((1, 3, 16, 112, 112), WITHOUT),
    "p3d_resnet50_kinetics400": ((1, 3, 16, 112, 112), WITHOUT),
    "c3d_kinetics400": ((1, 3, 16, 112, 112), {}),
}
CLASSIFIERS = {
    name: ((1, 3, size, size), {})
    for name, size in {
        "nasnet_4_1056": 224,
        "resnest50": 224,
        "shufflenet_v1": 224,
        "shufflenet_v2": 224,
        "se_resnext50_32x4d": 224,
        "senet_154": 224,
        "xception": 299,
        "residualattentionnet56": 224,
        "hrnet_w18_c": 224,
        "googlenet": 224,
        "resnet50_v1d_0.11": 224,
        "cifar_wideresnet16_10": 32,
        "dla34": 224,
        "mobilenetv3_large": 224,
        "darknet53": 224,
    }.items()
}

UNSCALED = {*CLIPS, "fastscnn_citys"}
"""Networks that turn the axes of their layers on the way: they are taken as MXNet makes them."""

EXPORT = """
try:
    import gluoncv.model_zoo as zoo
except ImportError as e:
    answer['missing'] = str(e)
if 'missing' not in answer:
    from mxnet.gluon.nn import basic_layers, conv_layers
    mx.random.seed(0)
    np.random.seed(0)

    def scaled(layer):
        def forward(self, F, x, weight, bias=None):
            y = layer(self, F, x, weight, bias)
            if F is mx.sym:
                return y
            size = float(y.asnumpy().std()) or 1.0
            for p in (self.weight, self.bias):
                if p is not None:
                    p.set_data(p.data() / size)
            return y / size
        return forward

    plain = [(k, k.hybrid_forward) for k in (conv_layers._Conv, basic_layers.Dense)]
    aligned = [(F, F.contrib.ROIAlign) for F in (mx.nd, mx.sym)]
    net = zoo.get_model({name!r}, pretrained=False, **{given!r})
    net.initialize(mx.init.Normal(0.05))
    for name, p in net.collect_params().items():
        if name.endswith(('beta', 'bias', '_mean')):
            p.initialize(mx.init.Normal(0.1), force_reinit=True)
        elif name.endswith(('gamma', '_var')):
            p.initialize(mx.init.One(), force_reinit=True)
    x = mx.nd.array(arrays['x'])

    def everything(v):
        return [v] if hasattr(v, 'asnumpy') else [w for u in v for w in everything(u)]

    try:
        for F, roi_align in aligned:  # what it leaves of regions of no image is what the memory held before
            def cleaned(x, rois, *more, F=F, roi_align=roi_align, **named):
                y = roi_align(x, rois, *more, **named)
                inside = F.slice_axis(rois, axis=1, begin=0, end=1).reshape((-1,)) >= 0
                return F.where(inside, y, F.zeros_like(y))
            F.contrib.ROIAlign = cleaned
        for kind, forward in plain if {scale!r} else ():
            kind.hybrid_forward = scaled(forward)
        net(x)
        for kind, forward in plain:
            kind.hybrid_forward = forward
        net.hybridize()
        for i, y in enumerate(everything(net(x))):
            outputs[str(i)] = y.asnumpy()
        net.export({path!r})
    finally:
        for kind, forward in plain:
            kind.hybrid_forward = forward
        for F, roi_align in aligned:
            F.contrib.ROIAlign = roi_align
"""


def check_network(folder, name, shape, given):
    """The emitted files compute what MXNet computes, within 1e-4 of the largest number."""
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    code = EXPORT.format(name=name, given=given, scale=name not in UNSCALED, path=str(folder / "net"))
    answer, outputs = script(code, x=x)
    if "missing" in answer:
        pytest.skip(f"make GluonCV with `python tools/mxnet_env.py --gluoncv`: {answer['missing']}")
    model = mo_core.convert(folder / "net-0000.params", input=f"data[{','.join(map(str, shape))}]")
    assert not [n for n in model.graph if "BatchNorm" in n.type_name]
    wanted = [outputs[str(i)] for i in range(len(outputs))]
    assert_close(in_order_of(wanted, run_model(model, {"data": x})[0]), wanted, 1e-4)


def in_order_of(wanted, found):
    """The rows of the detections of one image, those whose scores are as good as equal in the order of `wanted`.

    Which of them comes first is decided by the last bit, which depends on the instructions that the processor has.
    """
    rows = found[0].shape[1] if found[0].ndim == 3 else 0
    if not rows or any(v.ndim != 3 or v.shape[:2] != (1, rows) for v in (*found, *wanted)) or len(found) < 2:
        return found
    scores, ordered = wanted[1][0, :, 0], [v.copy() for v in found]
    ties = np.split(np.arange(rows), np.flatnonzero(np.abs(np.diff(scores)) > 1e-5 * np.abs(scores).max()) + 1)
    for places in (p for p in ties if 1 < len(p) <= _MOST_TIED):
        left = list(places)
        for place in places:
            nearest = min(left, key=lambda i: sum(np.abs(f[0, i] - w[0, place]).sum() for f, w in zip(found, wanted)))
            left.remove(nearest)
            for target, source in zip(ordered, found):
                target[0, place] = source[0, nearest]
    return ordered


_MOST_TIED = 50
"""Rows with one score that are put in order; more of them are not detections but what fills the result up."""


@pytest.mark.parametrize("name", DETECTORS)
def test_detectors(tmp_path, name):
    check_network(tmp_path, name, *DETECTORS[name])


@pytest.mark.parametrize("name", DENSE)
def test_segmentation_depth_and_pose(tmp_path, name):
    check_network(tmp_path, name, *DENSE[name])


@pytest.mark.parametrize("name", CLIPS)
def test_action(tmp_path, name):
    check_network(tmp_path, name, *CLIPS[name])


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classification(tmp_path, name):
    check_network(tmp_path, name, *CLASSIFIERS[name])
