"""`mo verify`: a model computed by its own framework and by the runtime from the IR, compared output by output."""
