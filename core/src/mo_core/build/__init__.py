"""Sub-graphs by meaning, shared by all front-ends."""

from mo_core.build.basics import Size, all_axes, arange, as_i64, broadcast_to, channel_vector, concat, const_ints, constant_like, convert_like, dim, dim_of, dim_size, dims_of, element_count, filled, flatten, gather, integer, ints, known_ints, move_axis, normalized, permute, rank_of, reshape_keeping, reshape_to, scalar, shape_of, slice_axis, split, squeeze, swap_axes, take, to_element, unsqueeze, vector

__all__ = ['Size', 'all_axes', 'arange', 'as_i64', 'broadcast_to', 'channel_vector', 'concat', 'const_ints', 'constant_like', 'convert_like', 'dim', 'dim_of', 'dim_size', 'dims_of', 'element_count', 'filled', 'flatten', 'gather', 'integer', 'ints', 'known_ints', 'move_axis', 'normalized', 'permute', 'rank_of', 'reshape_keeping', 'reshape_to', 'scalar', 'shape_of', 'slice_axis', 'split', 'squeeze', 'swap_axes', 'take', 'to_element', 'unsqueeze', 'vector']
