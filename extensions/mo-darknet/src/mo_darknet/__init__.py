"""Darknet networks, `.cfg` and `.weights`: `plugin` has the hooks, `network` reads, `layers` and `heads` convert."""
