"""What is embedded of an image, what is kept beside its vector, and whether the vector is still true to the image."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Document = dict[str, Any]

DIGEST = "huella"


def text_of(image: Document) -> str:
    """The sentence that describes the image, and its hashtags as a list of words.

    The first one names the subject, and the others its kind: said twice, it counts for more than what all images of a
    category have in common.
    """
    words = [tag.lstrip("#") for tag in image.get("hashtags") or []]
    return f"{image['descripcion']} {', '.join([*words[:1], *words])}".rstrip()


def metadata_of(image: Document) -> Document:
    """What is searched and shown without asking MongoDB again; `huella` is the digest of it and of what is embedded."""
    shown = {
        "descripcion": image["descripcion"],
        "hashtags": list(image.get("hashtags") or []),
        "categoria": image["categoria"],
        # As text: Pinecone's lists hold nothing else.
        "campanas": [str(campaign) for campaign in image.get("campanas_asociadas") or []],
        "url": image["url_imagen"],
    }
    # With the text: vectors of an older way to write it are no longer right either.
    text = json.dumps([shown, text_of(image)], sort_keys=True, ensure_ascii=False)
    return {**shown, DIGEST: hashlib.sha256(text.encode()).hexdigest()}
