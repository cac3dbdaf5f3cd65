"""Rooms after the generator: what is done with finished stems."""
