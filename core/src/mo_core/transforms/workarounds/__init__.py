"""Defects of the runtime, each with the test that tells when it is mended."""
