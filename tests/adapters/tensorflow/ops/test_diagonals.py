"""Diagonals of matrices: which, how they are packed, and in which matrix."""

import numpy as np
import pytest

from tests.adapters.tensorflow.ops.cases import Fixed, case, check
from tests.adapters.tensorflow.running import check as check_graph
from tests.adapters.tensorflow.running import random, tf

F = np.float32
ALIGNMENTS = ["RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT"]


def made(shape, k, rows, columns, name, **attributes):
    return case(
        "MatrixDiagV3",
        diagonal=random(*shape),
        k=Fixed(k),
        num_rows=Fixed(rows),
        num_cols=Fixed(columns),
        padding_value=Fixed(F(7)),
        attributes=attributes,
        name=name,
    )


def taken(shape, k, name, **attributes):
    padding = Fixed(F(9))
    return case(
        "MatrixDiagPartV3", input=random(*shape), k=Fixed(k), padding_value=padding, attributes=attributes, name=name
    )


def put(shape, diagonal, k, name, **attributes):
    return case(
        "MatrixSetDiagV3",
        input=random(*shape),
        diagonal=random(*diagonal, seed=1),
        k=Fixed(k),
        attributes=attributes,
        name=name,
    )


CASES = [
    made((3,), 0, 3, 3, "square"),
    made((2, 3), 0, 3, 5, "wide"),
    made((2, 3), 0, 5, 3, "high"),
    made((3,), 2, -1, -1, "above"),
    made((3,), -1, 4, 4, "below"),
    made((3,), -1, -1, 5, "rows-follow"),
    made((3,), 1, 3, -1, "columns-follow"),
    *[made((2, 3, 4), (-1, 1), 4, 4, f"band-{align}", align=align) for align in ALIGNMENTS],
    made((2, 3, 4), (-1, 1), 4, 4, "band-default"),
    case(
        "MatrixDiagV2",
        diagonal=random(2, 2, 3),
        k=Fixed((0, 1)),
        num_rows=Fixed(3),
        num_cols=Fixed(4),
        padding_value=Fixed(F(0)),
    ),
    taken((2, 3, 5), 0, "wide"),
    taken((2, 5, 3), 0, "high"),
    taken((4, 5), -2, "below"),
    *[taken((2, 3, 5), (-1, 2), f"band-{align}", align=align) for align in ALIGNMENTS],
    put((2, 3, 5), (2, 3), 0, "wide"),
    put((2, 5, 3), (2, 3), 0, "high"),
    put((4, 4), (3,), 1, "above"),
    *[put((2, 3, 5), (2, 4, 3), (-1, 2), f"band-{align}", align=align) for align in ALIGNMENTS],
    case("Diag", diagonal=random(2, 3)),
    case("DiagPart", input=random(2, 3, 2, 3)),
]


OPEN = [c for c in CASES if "Part" in c.op or (not c.name.startswith("band") and c.op in ("Diag", "MatrixSetDiagV3"))]
"""Those that TensorFlow makes, too, where it knows nothing of the sizes."""


@pytest.mark.parametrize("case_", CASES, ids=str)
def test_diagonals(case_):
    check(case_)


@pytest.mark.parametrize("case_", OPEN, ids=str)
def test_diagonals_of_matrices_of_unknown_size(case_):
    check(case_, dynamic=True)


@pytest.mark.parametrize("kind", ["float32", "int32", "bool"])
def test_a_rectangular_identity(kind):
    def build(x):
        return tf().math.logical_or(tf().eye(3, 5, [2], kind), x) if kind == "bool" else tf().eye(3, 5, [2], kind) + x

    check_graph(build, x=np.zeros(1, kind))
