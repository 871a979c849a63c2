"""A stand-in for Pinecone: the part of its REST API that the platform's official client uses, on loopback.

It is exact where Pinecone is approximate, keeps everything on disk, and answers wrong requests with Pinecone's errors.
What is missing: sparse vectors, records with text, imports, backups, collections.
"""

from __future__ import annotations

KEY_VARIABLE = "PROMPTSALES_STANDIN_PINECONE_KEY"
