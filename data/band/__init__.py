"""The arranger's band: what each player does in a bar, style by style."""
