"""Pipeline specs: what is declared is valid, and a faulty file says which fault it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptsales.etl.spec import PipelineSpec, SpecError, load_pipelines, parse_pipeline, pipeline_of

VALID = """
source: promptads
engine: sqlserver
target_schema: ods_promptads
tables:
  - name: marcas
    source: etl.marcas
    description: brands
    key: [id_marca]
    columns:
      - {name: id_marca, type: integer}
      - {name: nombre, type: text}
"""


def parse(tmp_path: Path, text: str) -> PipelineSpec:
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    return parse_pipeline(path)


def test_every_declared_pipeline_is_valid() -> None:
    assert set(load_pipelines()) == {"promptads", "promptcrm", "promptcontent"}


def test_a_valid_spec_parses(tmp_path: Path) -> None:
    assert parse(tmp_path, VALID).table("marcas").column_names == ["id_marca", "nombre"]


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("key: [id]", "key: [id_marca]", "key column id is not among its columns"),
        ("type: varchar", "type: text", "columns.1.type"),
        ("{name: id_marca, type: text}", "{name: nombre, type: text}", "declared twice"),
        ("source: dbo.marcas", "source: etl.marcas", "must be a view of the etl schema"),
        ("colour: red\nsource: promptads", "source: promptads", "colour"),
        ("name: nombre; DROP TABLE x", "name: nombre", "columns.1.name"),
        ("engine: oracle", "engine: sqlserver", "engine"),
        ("path: nombre, type: text", "type: text", "path is for MongoDB"),
        ("tables: [", "tables:", "is not YAML"),
        ("{name: id_marca, type: uuid}", "{name: id_marca, type: integer}", "a key cannot be uuid"),
    ],
)
def test_a_faulty_spec_names_its_fault(tmp_path: Path, wrong: str, right: str, says: str) -> None:
    text = VALID.replace(right, wrong, 1)
    assert text != VALID
    with pytest.raises(SpecError, match=says) as error:
        parse(tmp_path, text)
    assert str(error.value).startswith("spec.yaml ")


def test_credentials_can_never_be_declared(tmp_path: Path) -> None:
    text = VALID.replace("engine: sqlserver", "engine: mongodb").replace("etl.marcas", "credenciales_cifradas")
    with pytest.raises(SpecError, match="never leaves MongoDB"):
        parse(tmp_path, text)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no pipeline spec at .*nothing\.yaml"):
        parse_pipeline(tmp_path / "nothing.yaml")


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(SpecError, match="promptads"):
        pipeline_of("promptx")
    with pytest.raises(SpecError, match="marcas"):
        pipeline_of("promptads").table("brands")


@pytest.mark.parametrize("source", ["promptads", "promptcrm", "promptcontent"])
def test_no_personal_data_is_declared(source: str) -> None:
    personal = {"nombre_completo", "apellidos", "correo", "telefono", "documento", "fecha_nacimiento", "valor_cifrado"}
    for table in pipeline_of(source).tables:
        assert not personal.intersection(table.column_names), table.name
        assert not [name for name in table.column_names if name.endswith("_cifrado")], table.name
    if source == "promptcrm":
        assert "nombre" not in pipeline_of(source).table("clientes").column_names
