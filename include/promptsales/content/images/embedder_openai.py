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

    def load(self) -> None:
        """Nothing: the model is elsewhere."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text.

        Raises:
            EmbeddingError: the API refused or did not answer; the text holds neither key nor texts.
        """
        batches = [self._batch(texts[at : at + BATCH_TEXTS]) for at in range(0, len(texts), BATCH_TEXTS)]
        return np.concatenate([np.zeros((0, DIMENSION), np.float32), *batches])

    def _batch(self, texts: Sequence[str]) -> Vectors:
        try:
            answer = self._client.embeddings.create(model=self.model, input=list(texts), dimensions=DIMENSION)
            rows = [each.embedding for each in sorted(answer.data, key=lambda each: each.index)]
            vectors = np.asarray(rows, np.float32)
        except openai.APIStatusError as error:
            reason = f"it refused with HTTP status {error.status_code}"
        except openai.OpenAIError as error:
            reason = f"it did not answer ({type(error).__name__})"
        except (ValueError, TypeError, AttributeError) as error:
            # The client hands over whatever came with status 200: a page of HTML, null, half a document.
            reason = f"its answer cannot be read ({type(error).__name__})"
        else:
            if vectors.shape == (len(texts), DIMENSION) and np.isfinite(vectors).all() and vectors.any(axis=1).all():
                return vectors
            reason = f"its answer is not one vector of {DIMENSION} numbers for each text"
        raise EmbeddingError(
            f"OpenAI could not embed {len(texts)} text(s): {reason}. Check OPENAI_API_KEY and OPENAI_BASE_URL, "
            "then again."
        )


def connect_openai(api_key: str, base_url: str | None) -> OpenAIEmbedder:
    """The model at OpenAI, or at another service of the same protocol."""
    return OpenAIEmbedder(OpenAI(api_key=api_key, base_url=base_url, timeout=TIMEOUT_SECONDS))
