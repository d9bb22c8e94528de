"""Coverage of 95 % intervals by figure and number of items: `python -m bench.coverage.run`."""

from __future__ import annotations

import argparse
import sys

from bench.coverage.populations import bits_per_byte, change_of_bits, equal_systems, overlap, share_of_matches
from bench.coverage.simulation import SAMPLES_AT_ONCE, coverage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=4000, help="simulated samples for each row")
    parser.add_argument("--items", type=int, nargs="+", default=[20, 60, 150, 400])
    options = parser.parse_args()
    if options.samples < SAMPLES_AT_ONCE or options.samples % SAMPLES_AT_ONCE:
        parser.error(f"--samples must be a multiple of {SAMPLES_AT_ONCE}")
    sys.stdout.write("| figure | items | percentile | expanded percentile |\n| --- | --- | --- | --- |\n")
    for population in (bits_per_byte(), change_of_bits(), equal_systems(), share_of_matches(), overlap()):
        for n_items in options.items:
            found = coverage(population, n_items=n_items, n_samples=options.samples)
            sys.stdout.write(f"| {population.name} | {n_items} | {found.plain:.3f} | {found.expanded:.3f} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
