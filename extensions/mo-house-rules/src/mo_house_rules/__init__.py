"""The passes that a house does without, in one file for all its conversions."""
