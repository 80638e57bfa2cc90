"""The same in fewer operations: folding, no-ops, shape arithmetic, equal parts."""
