"""A web small enough to know by heart: about 40 pages on loopback that disagree, break and lie."""
