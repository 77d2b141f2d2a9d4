"""The vocabulary and the decisions: plain values, no I/O, no clock of their own."""
