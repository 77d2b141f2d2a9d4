"""Small errors in the Python of the core, one at a time: `python -m mutation` tells which no test notices.

It takes as long as it is given, with mutants by dice, in a copy of the tree; the seed is printed. What
survives is read by a person: it becomes a test, or it is told why it makes no difference.
"""
