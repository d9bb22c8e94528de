"""The model card: hub metadata and Markdown in one of three languages, from recorded facts only."""

from rantau.stages.report.card.rendering import render_card

__all__ = ["render_card"]
