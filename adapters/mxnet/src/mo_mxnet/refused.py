"""Operators that are not converted, by the reason."""

from __future__ import annotations

from collections.abc import Mapping

from mo_mxnet.registry import Refusal, refusal

REASONS: Mapping[str, str] = {
    "it updates parameters in training": """
        _adamw_update _contrib_group_adagrad_update _mp_adamw_update _multi_adamw_update _multi_lamb_update
        _multi_mp_adamw_update _multi_mp_lamb_update _sparse_adagrad_update adam_update _sparse_adam_update ftml_update
        ftrl_update _sparse_ftrl_update lamb_update_phase1 lamb_update_phase2 mp_lamb_update_phase1
        mp_lamb_update_phase2 mp_nag_mom_update mp_sgd_mom_update mp_sgd_update multi_lars multi_mp_sgd_mom_update
        multi_mp_sgd_update multi_sgd_mom_update multi_sgd_update nag_mom_update preloaded_multi_mp_sgd_mom_update
        preloaded_multi_mp_sgd_update preloaded_multi_sgd_mom_update preloaded_multi_sgd_update reset_arrays
        rmsprop_update rmspropalex_update sgd_mom_update _sparse_sgd_mom_update sgd_update _sparse_sgd_update
        signsgd_update signum_update _set_value""",
    "it makes targets for the training of detectors": """
        _contrib_MultiBoxTarget _npx_multibox_target _contrib_bipartite_matching""",
    "it is the likelihood of a process in training": "_contrib_hawkesll",
    "it belongs to calibration, which is done when inference begins": "_contrib_calibrate_entropy",
    "MXNet's own recurrent layer of 8-bit numbers rounds inside of its steps; convert the network of before its "
    "quantisation": "_contrib_quantized_rnn",
    "the code of the operator is not in the model; give a converter with --extension FILE.py": """
        Custom _npi_Custom _CustomFunction _NDArray _Native _NoGradient _CachedOp _CachedOpThreadSafe""",
    "it reads files of images outside of the model": "_cvimdecode _npi_cvimdecode _cvimread _npi_cvimread _imdecode",
    "it changes images by chance, to train with": """
        _image_random_brightness _npx__image_random_brightness _image_random_color_jitter
        _npx__image_random_color_jitter _image_random_contrast _npx__image_random_contrast
        _image_random_flip_left_right _npx__image_random_flip_left_right _image_random_flip_top_bottom
        _npx__image_random_flip_top_bottom _image_random_hue _npx__image_random_hue _image_random_lighting
        _npx__image_random_lighting _image_random_saturation _npx__image_random_saturation""",
    "the runtime finds no eigenvalues and no singular values": """
        _linalg_syevd _npi_eig _npi_eigh _npi_eigvals _npi_eigvalsh _npi_svd _npi_pinv _npi_pinv_scalar_rcond""",
    "the runtime has no decomposition by reflections": "_linalg_gelqf linalg_gelqf",
    "the runtime has no operations on graphs": """
        _contrib_dgl_adjacency _contrib_dgl_csr_neighbor_non_uniform_sample _contrib_dgl_csr_neighbor_uniform_sample
        _contrib_dgl_graph_compact _contrib_dgl_subgraph _contrib_edge_id""",
    "the runtime has no sparse arrays": "_contrib_getnnz",
    "the runtime has no random numbers of this distribution, which are drawn until one is accepted": """
        _random_gamma random_gamma _random_gamma_like _random_generalized_negative_binomial
        random_generalized_negative_binomial _random_generalized_negative_binomial_like _random_negative_binomial
        random_negative_binomial _random_negative_binomial_like _random_poisson random_poisson _random_poisson_like
        _npi_gamma _sample_gamma sample_gamma _sample_generalized_negative_binomial
        sample_generalized_negative_binomial _sample_negative_binomial sample_negative_binomial _sample_poisson
        sample_poisson _sample_unique_zipfian""",
    "it asks where arrays are stored, which a model does not know": "_npi_share_memory",
}
"""Names separated by blanks, by the reason."""

REFUSALS: tuple[Refusal, ...] = tuple(
    refusal(name, reason) for reason, names in REASONS.items() for name in names.split()
)
