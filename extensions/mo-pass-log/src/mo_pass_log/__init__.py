"""A line for each pass: the number of nodes ahead of it, and after it."""
