"""Rewriting: patterns, the driver, passes and their order, folding, selection and switches."""
