"""A language model behind OpenAI's chat completions, through OpenAI's own SDK, whoever serves it."""

from integrations.language_model.chat import OPENAI, ChatModel

__all__ = ["OPENAI", "ChatModel"]
