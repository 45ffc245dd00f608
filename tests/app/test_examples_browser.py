"""The table and the open example in a real browser: a click opens, arrows walk the table, a search becomes the selection."""

import numpy as np

from ftft.selection import by_text
from tests.app.test_maps import reader  # noqa: F401  # a fixture

TABLE = "[data-testid=stDataFrame]"


def box_of(page, place: str) -> dict[str, float]:
    """Where a table is, once it is in view: tables are put anew with every answer."""
    page.wait_for_timeout(300)
    page.eval_on_selector(f"{place} {TABLE}", "e => e.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(300)
    return page.locator(f"{place} {TABLE}").first.bounding_box()


def opened(page) -> str:
    return page.locator(".st-key-example_head .section span").get_attribute("title")


def test_a_row_is_opened_by_a_click_walked_from_and_a_search_is_selected(reader, drawn_workspace):  # noqa: F811
    page, ws = reader.page, drawn_workspace.ws
    active = page.locator("[data-run]:has(.mg-title[aria-pressed=true])").get_attribute("data-run")
    epochs = ws.map(active).epochs
    order = ws.examples("reviews", run=active, epochs=epochs)[0]["id"].tolist()
    area = box_of(page, ".st-key-examples")
    page.mouse.click(area["x"] + 300, area["y"] + 30 * 2.5)  # below the head, the second row
    page.locator(".st-key-example_head").wait_for()
    reader.settle()
    assert opened(page) == order[1]
    page.locator(".st-key-next_example button").first.click()
    page.get_by_text("row 3 of the table").wait_for()
    assert opened(page) == order[2]
    assert page.locator("[data-testid=predicted] .epochs i").count() == 8, "two runs, four epochs"

    page.get_by_role("tab", name="Similar texts").click()
    reader.settle()
    area = box_of(page, ".st-key-example_more")
    similar = ws.similar("reviews", order[2])[0][0]
    page.mouse.click(area["x"] + 150, area["y"] + 28 * 1.5)
    page.locator(f".st-key-example_head span[title='{similar}']").wait_for()

    box = page.locator(".st-key-search input")
    box.fill("REVIEW 77")
    box.press("Enter")
    expected = int(np.count_nonzero(by_text(ws.data.texts("reviews"), "review 77")))
    page.get_by_text(f"of {expected}", exact=False).first.wait_for()
    said = reader.act(page.locator(".st-key-select_these button").first.click)
    assert (said["n"], said["hash"]) == (str(expected), ws.data.digest("reviews", by_text(ws.data.texts("reviews"), "review 77")))
