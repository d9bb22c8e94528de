"""python -m rantau is the command line."""

from rantau.cli import main

if __name__ == "__main__":  # worker processes import this file too
    main()
