"""Linear algebra: factors and shifts, into the weights of layers."""
