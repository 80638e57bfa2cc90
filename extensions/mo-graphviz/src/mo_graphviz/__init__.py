"""A pass that writes the graph for Graphviz after every stage."""
