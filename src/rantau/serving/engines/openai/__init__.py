"""Answers by a server that speaks OpenAI's protocol, such as vLLM: the worker is its client."""

from rantau.serving.engines.openai.build import build
from rantau.serving.engines.openai.engine import OpenAIEngine

__all__ = ["OpenAIEngine", "build"]
