"""The pages of a result, one module each: what it is called, when it appears, how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from credit_udfs.workbook.canvas import Canvas
from credit_udfs.workbook.pages import (
    churn,
    comparison,
    concentration,
    firm,
    firm_data,
    firms,
    frontier,
    indicators,
    model_card,
    plan,
    problems,
    reproduction,
    risk,
    run_log,
    stress,
    summary,
    validation,
)
from credit_udfs.workbook.pages.view import Extras, View


@dataclass(frozen=True)
class Page:
    """`key` names the sheet (locale/pages.toml, "sheet_<key>") and the defined name cu_page_<key>. `last`: drawn
    when the others are, because it refers to them."""

    key: str
    draw: Callable[[Canvas, View], None]
    shown: Callable[[View], bool] = lambda view: True
    colour: str = "17365D"
    last: bool = False

    def title(self, view: View) -> str:
        return view.t(f"sheet_{self.key}")


_RESULT, _WORK, _RECORD = "17365D", "5B9BD5", "BFC6CE"

PAGES: tuple[Page, ...] = (
    Page("summary", summary.draw, colour=_RESULT),
    Page("firms", firms.draw, colour=_RESULT),
    Page("firm", firm.draw, colour=_RESULT, last=True),
    Page("plan", plan.draw, colour=_RESULT),
    Page("frontier", frontier.draw, lambda view: any(f.points for f in view.extras.frontiers), colour=_RESULT),
    Page("risk", risk.draw, lambda view: view.extras.risk is not None, colour=_RESULT),
    Page("stress", stress.draw, lambda view: view.extras.stress is not None, colour=_RESULT),
    Page("comparison", comparison.draw, lambda view: view.extras.comparison is not None, colour=_WORK),
    Page("concentration", concentration.draw, colour=_WORK),
    Page("churn", churn.draw, colour=_WORK),
    Page("indicators", indicators.draw, colour=_WORK),
    Page("validation", validation.draw, lambda view: view.extras.validation is not None, colour=_WORK),
    Page("reproduction", reproduction.draw, lambda view: bool(view.extras.reproduction), colour=_WORK),
    Page("model_card", model_card.draw, colour=_RECORD),
    Page("problems", problems.draw, colour=_RECORD),
    Page("run_log", run_log.draw, colour=_RECORD),
    Page("firm_data", firm_data.draw, colour=_RECORD),
)

__all__ = ["PAGES", "Extras", "Page", "View"]
