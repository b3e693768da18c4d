"""The rules by which a graph's slots are found, one file for what they look for. Begin in finder.py."""
