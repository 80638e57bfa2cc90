"""What the user asked for: pre-processing, states, pruning, a target release."""
