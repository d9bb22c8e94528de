"""python -m rantau is the command line."""

from rantau.cli import main

main()
