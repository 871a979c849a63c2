"""OpenAI's embeddings, through its official client."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import openai
from openai import OpenAI

from promptsales.content.images.embedder import DIMENSION, EmbeddingError, Vectors

BATCH_TEXTS = 256
"""Texts in one request to the API."""

TIMEOUT_SECONDS = 20


class OpenAIEmbedder:
    """OpenAI's text-embedding-3-small, through its official client.

    Args:
        client: with its key and, where it is another service of the same protocol, its address.
    """

    model = "text-embedding-3-small"

    def __init__(self, client: OpenAI) -> None:
        self._client = client

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text.

        Raises:
            EmbeddingError: the API refused or did not answer; the text holds neither key nor texts.
        """
        rows = [row for at in range(0, len(texts), BATCH_TEXTS) for row in self._batch(texts[at : at + BATCH_TEXTS])]
        return np.asarray(rows, np.float32).reshape(len(texts), DIMENSION)

    def _batch(self, texts: Sequence[str]) -> list[list[float]]:
        try:
            answer = self._client.embeddings.create(model=self.model, input=list(texts), dimensions=DIMENSION)
        except openai.APIStatusError as error:
            reason = f"it refused with HTTP status {error.status_code}"
        except openai.OpenAIError as error:
            reason = f"it did not answer ({type(error).__name__})"
        else:
            return [each.embedding for each in sorted(answer.data, key=lambda each: each.index)]
        raise EmbeddingError(
            f"OpenAI could not embed {len(texts)} text(s): {reason}. Check OPENAI_API_KEY, then again."
        )


def connect_openai(api_key: str, base_url: str | None) -> OpenAIEmbedder:
    """The model at OpenAI, or at another service of the same protocol."""
    return OpenAIEmbedder(OpenAI(api_key=api_key, base_url=base_url, timeout=TIMEOUT_SECONDS))
