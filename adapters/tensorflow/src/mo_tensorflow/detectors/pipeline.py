"""The `pipeline.config` of a detector: what the Object Detection API was told to make.

Fields and their defaults are those of the messages in `object_detection/protos` of the TensorFlow models.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mo_core.errors import ModelError, Unsupported, UsageError, did_you_mean
from mo_core.frontend.textformat import read_text

FILE = "pipeline.config"
_KINDS = ("ssd", "faster_rcnn")


@dataclass(frozen=True)
class Suppression:
    """How boxes are chosen: the field `batch_non_max_suppression`."""

    score_threshold: float
    iou_threshold: float
    per_class: int
    total: int


class Pipeline:
    """The model of one file.

    Attributes:
        kind: "ssd" or "faster_rcnn", which stands for Mask R-CNN and R-FCN, too.
    """

    def __init__(self, path: Path, kind: str, fields: dict[str, Any]) -> None:
        self.path, self.kind, self._fields = path, kind, fields

    def _get(self, path: str) -> Any:
        """The value at a path of field names; None where a field is not set. The last of several counts."""
        value: Any = self._fields
        for name in path.split("/"):
            if isinstance(value, list):
                value = value[-1] if value else None
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    def has(self, path: str) -> bool:
        """True when the field is set."""
        return self._get(path) is not None

    def number(self, path: str, default: float | None = None) -> float:
        """A number; raises ModelError when the field is no number, or is not set and has no default."""
        return self.numbers(path, None if default is None else (default,))[-1]

    def integer(self, path: str, default: int | None = None) -> int:
        """A whole number; raises as `number`."""
        value = self.number(path, default)
        if value != int(value):
            raise self._wrong(path, "a whole number")
        return int(value)

    def numbers(self, path: str, default: tuple[float, ...] | None = None) -> tuple[float, ...]:
        """The numbers of a repeated field, at least one; raises as `number`."""
        value = self._get(path)
        if value is None and default is not None:
            return default
        if value is None:
            raise ModelError(f'{path} is not set in "{self.path}"', "Give the file that the model was exported with.")
        values = value if isinstance(value, list) else [value]
        if not values or any(isinstance(v, bool) or not isinstance(v, (int, float)) or v - v for v in values):
            raise self._wrong(path, "a number")
        return tuple(map(float, values))

    def number_or_flag(self, path: str) -> float:
        """A number, or 1 and 0 for a truth value; 0 where the field is not set."""
        value = self._get(path)
        return float(value) if isinstance(value, (bool, int, float)) else 0.0

    def text(self, path: str, default: str) -> str:
        """A text or the name of an enumeration."""
        value = self._get(path)
        return default if value is None else str(value)

    def flag(self, path: str, default: bool) -> bool:
        """A truth value."""
        value = self._get(path)
        return default if value is None else value in (True, 1)

    def _wrong(self, path: str, expected: str) -> ModelError:
        return ModelError(
            f'{path} in "{self.path}" is not {expected}', "Give the file that the model was exported with."
        )

    @property
    def nms(self) -> str:
        """The field that says how the detections are chosen at the end."""
        stage = "post_processing" if self.kind == "ssd" else "second_stage_post_processing"
        return f"{stage}/batch_non_max_suppression"

    @property
    def suppression(self) -> Suppression:
        """How the detections are chosen at the end."""
        return Suppression(
            self.number(f"{self.nms}/score_threshold", 0.0),
            self.number(f"{self.nms}/iou_threshold", 0.6),
            self.integer(f"{self.nms}/max_detections_per_class", 100),
            self.integer(f"{self.nms}/max_total_detections", 100),
        )

    @property
    def variances(self) -> tuple[float, float, float, float]:
        """What deltas are multiplied with, in the order x, y, width, height."""
        coder = "box_coder/faster_rcnn_box_coder"
        names = ("x_scale", "y_scale", "width_scale", "height_scale")
        x, y, w, h = (self.number(f"{coder}/{n}", d) for n, d in zip(names, (10.0, 10.0, 5.0, 5.0)))
        if not all((x, y, w, h)):
            raise self._wrong(coder, "without a scale of zero")
        return 1 / x, 1 / y, 1 / w, 1 / h

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """Height and width of the images where the model resizes them to one size, or fills them up to one."""
        resizer = "image_resizer/fixed_shape_resizer"
        if self.flag("image_resizer/keep_aspect_ratio_resizer/pad_to_max_dimension", False):
            return self.aspect_sizes[1], self.aspect_sizes[1]
        if not self.has(resizer):
            return None
        return self.integer(f"{resizer}/height", 300), self.integer(f"{resizer}/width", 300)

    @property
    def aspect_sizes(self) -> tuple[int, int]:
        """The pixels of the shorter side, and the most of the longer one, where images keep their proportions."""
        resizer = "image_resizer/keep_aspect_ratio_resizer"
        return self.integer(f"{resizer}/min_dimension", 600), self.integer(f"{resizer}/max_dimension", 1024)


def read_pipeline(path: Path) -> Pipeline:
    """Read a pipeline.config.

    Raises UsageError when there is no such file, ModelError when it is something else, Unsupported for a model that is
    neither an SSD nor one of the R-CNN family.
    """
    try:
        content = path.read_bytes()
    except OSError as e:
        raise UsageError(f'cannot read "{path}": {e.strerror or e}', _similar(path)) from e
    remedy = "Give the pipeline.config that lies with the exported detector."
    fields = read_text(content, f'"{path}"', too_long=remedy, binary=remedy)
    model = fields.get("model")
    if not isinstance(model, dict) or len(model) != 1:
        raise ModelError(f'"{path}" describes no detector: it has no field "model" with one kind of it', remedy)
    kind, meta = next(iter(model.items()))
    if kind not in _KINDS:
        raise Unsupported(
            f'"{path}" describes a detector of the kind "{kind}", which is not supported',
            "Leave the file out: the model is converted operation by operation, with the outputs that it has.",
        )
    if not isinstance(meta, dict):
        raise ModelError(f'"{path}": {kind} is no message', remedy)
    return Pipeline(path, kind, meta)


def _similar(path: Path) -> str:
    try:
        return did_you_mean(path.name, [p.name for p in path.parent.iterdir()])
    except OSError:
        return ""
