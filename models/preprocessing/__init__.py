"""Before the generator: what a recording or a score is made of."""
