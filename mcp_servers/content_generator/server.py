"""The content generator as one of the four servers."""

from __future__ import annotations

from mcp_servers.content_generator.generator import ContentGenerator
from mcp_servers.kit.server import Definition

CONTENT_GENERATOR = Definition(
    name="content_generator",
    title="PromptSales: content generator",
    instructions="Images of the library by what they show, and copy in Spanish for campaigns: three messages a "
    "population, stored as a draft that counts only once a person has approved it. "
    "Imagenes de la biblioteca por lo que muestran, y textos publicitarios en espanol para campanas: tres mensajes por "
    "poblacion, en un borrador que solo cuenta cuando una persona lo aprueba.",
    make=ContentGenerator,
)
