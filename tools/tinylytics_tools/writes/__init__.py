"""What writing takes: which values may be written, each attempt classed, and a record of them all."""
