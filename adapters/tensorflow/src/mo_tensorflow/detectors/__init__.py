"""Detectors of the Object Detection API: their post-processing becomes operations that the runtime has for it."""
