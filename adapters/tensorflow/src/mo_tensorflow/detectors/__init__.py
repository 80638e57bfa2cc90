"""Detectors of the Object Detection API: their post-processing becomes operations that the runtime has for it."""

OPTION = "tensorflow_object_detection_api_pipeline_config"
DECODED = ("Decode/transpose", "Decode_1/transpose")
"""How the names of nodes end that all of them have."""
