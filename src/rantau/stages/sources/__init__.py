"""Rows from anywhere -> Documents, with licence and origin attached. Open stage.py first."""
