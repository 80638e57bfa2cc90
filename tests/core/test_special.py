"""Special functions, on the runtime, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special as reference

from mo_core.build import special
from mo_core.ir import Graph
from mo_core.ir import types as t
from mo_core.testing import evaluate

ANY = np.float32([-7.3, -2.5, -0.7, -1e-3, 1e-3, 0.2, 0.5, 1.0, 1.5, 2.0, 3.7, 12.0, 70.5])
SMALL = np.float32([-0.9, -1e-3, -1e-7, 0.0, 1e-9, 1e-5, 0.3, 4.0])
SHARES = np.float32([1e-6, 0.02, 0.3, 0.5, 0.77, 0.999])
FUNCTIONS = {
    "log_of_one_more": (SMALL, np.log1p),
    "exp_less_one": (SMALL, np.expm1),
    "inverse_erf": (np.float32([-1, -0.9999, -0.3, 0.0, 1e-4, 0.5, 0.99, 1]), reference.erfinv),
    "normal_quantile": (SHARES, reference.ndtri),
    "log_of_gamma": (ANY, reference.gammaln),
    "gamma_of": (ANY[:-1], reference.gamma),
    "digamma": (ANY, reference.digamma),
}


def computed(name, data, element=t.f32):
    graph = Graph("g")
    x = graph.add_input("x", element, data.shape)
    graph.add_output(getattr(special, name)(x), "y")
    return evaluate(graph, data, engine="runtime")[0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_are_exact_to_single_precision(name):
    data, wanted = FUNCTIONS[name]
    found = computed(name, data)
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found, wanted(data.astype(np.float64)), rtol=3e-5, atol=3e-6 if name != "gamma_of" else 0
    )


def test_poles():
    poles = np.float32([0, -1, -2])
    assert np.isposinf(computed("log_of_gamma", poles)).all()
    assert np.isnan(computed("digamma", poles)).all()


@pytest.mark.parametrize("name", ["log_of_gamma", "digamma", "inverse_erf"])
def test_half_precision_stays(name):
    data = np.float16([0.25, 0.5, 0.75])
    found = computed(name, data, t.f16)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, FUNCTIONS[name][1](data.astype(np.float64)), rtol=2e-3)
