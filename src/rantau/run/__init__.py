"""Stages, artefacts and the runner: knows no room."""
