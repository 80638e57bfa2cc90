"""Sparsemax of the domain com.example: `plugin` converts it, `runtime` executes it."""
