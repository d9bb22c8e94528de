"""The command line: parse, call one function, print. Data on stdout, progress on stderr."""

from rantau.cli.main import main

__all__ = ["main"]
