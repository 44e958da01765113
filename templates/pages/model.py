"""What is known of the model: its validation, its card."""

from __future__ import annotations

from credit_udfs import models
from credit_udfs.core import card
from credit_udfs.core.assess import Settings, assess
from credit_udfs.locale import text
from credit_udfs.workbook.canvas import Canvas
from credit_udfs.workbook.pages import View, model_card
from templates.pages.builder import BUILT, Builder
from templates.sample import sample


def draw_validation(b: Builder, canvas: Canvas) -> None:
    """The card's validation on a page of its own, with the finding in words."""
    canvas.widths({1: 22, 2: 30, 3: 16, 4: 22, **dict.fromkeys(range(5, model_card.LAST + 1), 4.0)})
    model = models.load()
    found = model.validation
    auc, accuracy = found["default"]["auc"], found["grade"]["accuracy"]
    finding = b.t("validation_finding", accuracy=accuracy["value"], **{k: auc[k] for k in ("value", "low", "high")})
    row = canvas.heading(b.t("validation_title"), finding, model_card.LAST, note=b.t("validation_lead"))
    for section in card.sections(model, b.lang):
        if section.title == text("card.validation", b.lang):
            row = model_card.draw_section(canvas, row, section)
    canvas.page(b.t("title"), landscape=False, tall=False)


def draw_card(b: Builder, canvas: Canvas) -> None:
    assessment = assess(b.data or sample(b.lang), Settings(), models.load())
    model_card.draw(canvas, View(assessment, b.lang, at=BUILT))
