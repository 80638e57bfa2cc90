"""The Caffe layer GatedShift: `plugin` converts it, `runtime` executes it where it is kept as one operation."""
