"""Linear operation fusing: batch norm apart, sequences merged, factors and shifts into weights and biases."""

from __future__ import annotations

from mo_core.rewriting.passes import Stage, rewrites
from mo_core.transforms.linear import fold as linear_fold
from mo_core.transforms.linear import merge as linear_merge
from mo_core.transforms.linear import motion as linear_motion
from mo_core.transforms.linear import shape_readers

batch_norm = rewrites(
    "batch-norm",
    *linear_merge.BATCH_NORM,
    stage=Stage.FUSE,
    group="linear",
    doc="Batch norm by constants: into the layer before it, else as one Multiply and one Add.",
)

linear_merge_ = rewrites(
    "linear-merge",
    *linear_merge.RULES,
    stage=Stage.FUSE,
    group="linear",
    doc="Bring sequences of Multiply, Add, Subtract, Divide and Negative by constants into one Multiply and one Add.",
)

linear_motion_ = rewrites(
    "linear-motion",
    *linear_motion.RULES,
    stage=Stage.FUSE,
    group="linear",
    doc="Take factors and shifts past Transpose, Reshape and pooling to layers that can take them in.",
)

linear_fusion = rewrites(
    "linear-fusion",
    *linear_fold.RULES,
    stage=Stage.FUSE,
    group="linear",
    doc="Put factors and shifts by constants into the weights and biases of convolutions and matrix products.",
)

PASSES = (shape_readers.shape_readers, batch_norm, linear_merge_, linear_motion_, linear_fusion)
