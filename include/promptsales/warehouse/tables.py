"""What the star schema is made of: which mirrors feed it, its tables in the order they are built, and their references.

The columns themselves are declared once, in `database/postgresql/schema/030_dw.sql`, and read from the catalog.
"""

from __future__ import annotations

from dataclasses import dataclass

from promptsales.etl.spec import ColumnSpec, PipelineSpec, TableSpec, pipeline_of


@dataclass(frozen=True)
class Mirror:
    """A mirror that feeds `dw`.

    Attributes:
        source: its pipeline.
        name: its table.
        held_in: the table of `dw` that holds its keys.
        held_key: their columns there, in key order; a mirror with a longer key is followed by these columns alone.
        held_where: which rows there are the mirror's, in SQL.
    """

    source: str
    name: str
    held_in: str
    held_key: tuple[str, ...]
    held_where: str = "TRUE"

    @property
    def pipeline(self) -> PipelineSpec:
        """The spec of its source."""
        return pipeline_of(self.source)

    @property
    def table(self) -> TableSpec:
        """Its own spec."""
        return self.pipeline.table(self.name)

    @property
    def key_columns(self) -> list[ColumnSpec]:
        """The columns that it is followed by."""
        return self.table.key_columns[: len(self.held_key)]


MIRRORS = [
    Mirror("promptads", "marcas", "dim_marca", ("id_marca",)),
    Mirror("promptads", "canales", "dim_canal", ("id_canal",)),
    Mirror("promptads", "mercados", "dim_mercado", ("id_mercado",)),
    Mirror("promptads", "influencers", "dim_influencer", ("id_influencer",)),
    Mirror("promptads", "campanas", "dim_campana", ("id_campana",)),
    Mirror("promptads", "campanas_mercados", "puente_campana_mercado", ("id_campana", "id_mercado")),
    Mirror("promptads", "anuncios", "hecho_sentimiento", ("id_anuncio",)),
    Mirror("promptads", "rendimiento_diario", "hecho_rendimiento", ("id_rendimiento",)),
    Mirror("promptads", "sentimientos", "hecho_sentimiento", ("id_sentimiento",)),
    Mirror("promptcrm", "clientes", "dim_cliente", ("id_cliente",)),
    Mirror("promptcrm", "leads", "hecho_lead", ("id_lead",)),
    Mirror("promptcrm", "ventas", "hecho_venta", ("id_venta",)),
    Mirror("promptcrm", "lineas_venta", "hecho_venta", ("id_venta",)),
    Mirror("promptcontent", "logs_campanas", "hecho_contenido", ("id_origen",), "origen = 'copia'"),
    Mirror("promptcontent", "bitacora_solicitudes", "hecho_contenido", ("id_origen",), "origen = 'solicitud'"),
]


@dataclass(frozen=True)
class Target:
    """A table of `dw` that is merged row by row.

    Attributes:
        name: its name in `dw`.
        key: what its rows are known by.
        copy_of: the mirror it has its rows from as they are; without one, `sql/affected/` and `sql/rows/` say which
            rows may have changed and how they are derived.
    """

    name: str
    key: tuple[str, ...]
    copy_of: Mirror | None = None

    @property
    def is_dimension(self) -> bool:
        """Whether its members stay as long as facts refer to them."""
        return self.name.startswith("dim_")


def _copy(name: str) -> Target:
    [mirror] = [mirror for mirror in MIRRORS if mirror.held_in == name]
    return Target(name, mirror.held_key, mirror)


DIMENSIONS = [
    *map(_copy, ("dim_marca", "dim_canal", "dim_mercado", "dim_influencer")),
    Target("dim_campana", ("id_campana",)),
]
"""Those of type 1, each after those that it refers to; `dim_cliente`, of type 2, comes after them."""

FACTS = [
    _copy("puente_campana_mercado"),
    Target("hecho_rendimiento", ("id_rendimiento",)),
    Target("hecho_venta", ("id_venta",)),
    Target("hecho_lead", ("id_lead",)),
    Target("hecho_sentimiento", ("id_sentimiento",)),
    Target("hecho_contenido", ("origen", "id_origen")),
]

REFERENCES = {
    "id_marca": "dim_marca",
    "id_canal": "dim_canal",
    "id_mercado": "dim_mercado",
    "id_influencer": "dim_influencer",
    "id_campana": "dim_campana",
    "id_campana_origen": "dim_campana",
    "id_cliente": "dim_cliente",
}
"""Which dimension a column refers to, in whatever table of `dw` it is."""
