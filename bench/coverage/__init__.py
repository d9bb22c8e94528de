"""How often the printed 95 % intervals hold the truth, in simulation."""
