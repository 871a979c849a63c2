"""The template writer and the rules for copy: any brief gives three usable messages a population."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptsales.content.copy_brief import CHANNELS, TONES, BriefError, CopyBrief, CopyError, Population, problems
from promptsales.content.copy_cli import populations_in
from promptsales.content.copy_template import MODEL, TemplateCopyGenerator

RUNNERS = Population("corredores jóvenes", "TikTok", edad_minima=18, edad_maxima=25, intereses=("correr",))
SENIORS = Population("mayores de 55 años", "Correo", edad_minima=55, paises=("Costa Rica",))
BRIEF = CopyBrief(
    7, "Lanzamiento de zapatillas para correr con suela de espuma. Colores nuevos en diciembre.", (RUNNERS, SENIORS)
)

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=200)


def test_copy_uses_the_description_and_what_is_known_of_the_population() -> None:
    copy = TemplateCopyGenerator().write(BRIEF)

    young, old = " ".join(copy.messages[RUNNERS.nombre]), " ".join(copy.messages[SENIORS.nombre])
    assert young.lower().count("zapatillas para correr con suela de espuma") == 3
    assert "lo tuyo es correr" in young
    assert "Lanzamiento" not in young + old
    assert "Costa Rica, esto es para usted" in old
    assert "Colores nuevos en diciembre." in old
    assert " tu " not in old
    assert (copy.model, copy.tokens) == (MODEL, 0)


def test_the_same_brief_gives_the_same_copy_and_another_tone_another_one() -> None:
    writer = TemplateCopyGenerator()
    elegant = replace(BRIEF, populations=(replace(RUNNERS, tono="elegante"), SENIORS))

    assert writer.write(BRIEF) == writer.write(BRIEF)
    assert writer.write(elegant).messages[RUNNERS.nombre] != writer.write(BRIEF).messages[RUNNERS.nombre]


def test_the_goal_and_the_audience_of_a_plan_stay_out_of_its_copy() -> None:
    plan = "Dar a conocer Caribe Libre en Ecuador entre mayores de 55 años, con un tono cercano. Colección Limitada."
    text = " ".join(TemplateCopyGenerator().write(replace(BRIEF, description=plan)).messages[SENIORS.nombre])

    assert "Caribe Libre en Ecuador" in text
    assert "Dar a conocer" not in text
    assert "con un tono" not in text


@pytest.mark.parametrize("description", ["...", "¡!", "{}", "https://promptsales.example", "\U0001f45f"])
def test_a_description_without_words_is_refused(description: str) -> None:
    with pytest.raises(BriefError, match="no words"):
        TemplateCopyGenerator().write(replace(BRIEF, description=description))


def test_copy_is_about_the_first_sentence_that_has_words() -> None:
    copy = TemplateCopyGenerator().write(replace(BRIEF, description="... ¡! Zapatos de lona. Hechos a mano."))
    assert all("zapatos de lona" in text.lower() for text in copy.messages[SENIORS.nombre])


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("tone", TONES)
def test_every_channel_and_tone_has_texts_within_its_limit(channel: str, tone: str) -> None:
    for youngest in (None, 18, 30, 45, 60):
        people = Population("familias con hijos", channel, tone, youngest, paises=("España",), intereses=("cocinar",))
        brief = replace(BRIEF, populations=(people,))
        assert problems(brief, TemplateCopyGenerator().write(brief).messages) == []


@pytest.mark.slow
@given(description=WORDS, name=WORDS, interest=WORDS, channel=st.sampled_from(list(CHANNELS)))
def test_any_words_at_all_give_usable_copy_or_a_refusal(
    description: str, name: str, interest: str, channel: str
) -> None:
    brief = CopyBrief(1, description, (Population(name, channel, intereses=(interest,), paises=(name,)),))
    with suppress(BriefError):
        brief.check()
        messages = TemplateCopyGenerator().write(brief).messages
        assert problems(brief, messages) == []


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        (("a", "b"), "3 different"),
        (("a", "b", "B "), "3 different"),
        (("a", "b", "c" * 101), "longer than 100"),
        (("a", "b", ""), "empty"),
        (("a", "b", "c\u202e"), "control characters"),
        (("a", "b", "visita https://otro.example"), "address"),
    ],
)
def test_what_a_model_may_not_write(messages: tuple[str, ...], problem: str) -> None:
    brief = replace(BRIEF, populations=(RUNNERS,))
    assert problem in problems(brief, {RUNNERS.nombre: messages})[0]
    assert problems(brief, {RUNNERS.nombre: ("a", "b", "c")}) == []
    assert "not one of" in problems(brief, {RUNNERS.nombre: ("a", "b", "c"), "otros": ("a", "b", "c")})[0]


@pytest.mark.parametrize(
    "brief",
    [
        replace(BRIEF, campaign=0),
        replace(BRIEF, description="  "),
        replace(BRIEF, description="x" * 4_001),
        replace(BRIEF, populations=()),
        replace(BRIEF, populations=(RUNNERS, RUNNERS)),
        replace(BRIEF, populations=(replace(RUNNERS, canal="Fax"),)),
        replace(BRIEF, populations=(replace(RUNNERS, tono="gruñón"),)),
        replace(BRIEF, populations=(replace(RUNNERS, edad_minima=40),)),
    ],
)
def test_a_wrong_brief_is_refused(brief: CopyBrief) -> None:
    with pytest.raises(BriefError):
        brief.check()


def test_joined_emoji_stay_whole_and_hidden_direction_marks_do_not() -> None:
    family = "\U0001f469\u200d\U0001f467"
    copy = TemplateCopyGenerator().write(replace(BRIEF, description=f"Zapatos {family} \u202e para todos"))
    assert all(family in text and "\u202e" not in text for text in copy.messages[RUNNERS.nombre])
    wrong = {RUNNERS.nombre: ("uno", "dos", "tres \u202e")}
    assert "control characters" in problems(replace(BRIEF, populations=(RUNNERS,)), wrong)[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- {nombre: 123, canal: TikTok}", "0 nombre: Input should be a valid string"),
        ("- {nombre: a, canal: TikTok, edad_minima: dieciocho}", "0 edad_minima: "),
        ("- {nombre: a, canal: TikTok, paises: CR}", "0 paises: "),
        ("- {nombre: a, canal: TikTok, paises: [1]}", "0 paises 0: "),
        ("- {nombre: a, canal: TikTok, edad: 5}", "0 edad: "),
        ("- {canal: TikTok}", "0 nombre: "),
        ("nombre: a", "Input should be a valid tuple"),
        ("- {", "while parsing"),
    ],
)
def test_a_file_that_lists_no_populations_says_where(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "poblaciones.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CopyError, match="is not a list of populations") as failure:
        populations_in(path)
    assert told in str(failure.value)


def test_a_file_of_populations_is_read(tmp_path: Path) -> None:
    path = tmp_path / "poblaciones.yaml"
    path.write_text("- {nombre: a, canal: TikTok, paises: [CR], intereses: [correr]}", encoding="utf-8")
    assert populations_in(path) == (Population("a", "TikTok", paises=("CR",), intereses=("correr",)),)
