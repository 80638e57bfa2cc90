"""What every test folder shares. Nothing heavy is imported here."""

from __future__ import annotations

import os

# The runtime's telemetry must not wait for a network.
os.environ.setdefault("CI", "true")
