"""The rooms that data walks through; they meet only in files."""
