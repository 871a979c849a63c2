"""Who writes campaign copy: a language model, or the templates."""

from __future__ import annotations

from promptsales.content.copy_brief import CopyGenerator
from promptsales.content.copy_template import TemplateCopyGenerator
from promptsales.settings import Settings


def copy_generator(settings: Settings, seconds: float | None = None) -> CopyGenerator:
    """The language model where `OPENAI_API_KEY` is set, the deterministic templates where it is not.

    Args:
        settings: of the platform.
        seconds: for all that a model writes for one brief, with no request made twice; None leaves it its own.
    """
    if settings.openai_api_key is None:
        return TemplateCopyGenerator()
    # Imported where it is used: loading the client would slow every command of the command line down.
    import openai

    from promptsales.content.copy_openai import OpenAICopyGenerator

    key, url = settings.openai_api_key.get_secret_value(), settings.openai_base_url
    if seconds is None:
        return OpenAICopyGenerator(openai.OpenAI(api_key=key, base_url=url), settings.copy_model)
    client = openai.OpenAI(api_key=key, base_url=url, max_retries=0)
    return OpenAICopyGenerator(client, settings.copy_model, seconds)
