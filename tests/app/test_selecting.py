"""Selecting without drawing, in a real browser: written steps, a click, the address, two readers at once."""

import pytest

from ftft.domain import digest_of_ids
from tests.app.test_maps import LASSO, SHAPES, Reader, inside

PLACE = """([run, x, y]) => {
  const plot = document.querySelector(`[data-run='${run}'] .js-plotly-plot`), { xaxis, yaxis } = plot._fullLayout;
  const area = plot.querySelector('.nsewdrag').getBoundingClientRect();
  return [area.x + xaxis.l2p(x), area.y + yaxis.l2p(y)];
}"""


@pytest.fixture
def reader(page, app_url) -> Reader:
    return Reader(page).open(app_url)


class Form:
    """The hand that adds steps."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.page = reader, reader.page

    def add(self, kind: str, mode: str = "New", **fields: str) -> dict[str, str]:
        """Opens the form, fills it in and applies it; the form closes, and the maps answer."""
        self.page.locator(".st-key-add_step button").first.click()
        self.page.locator(".st-key-step_kind input").click()
        self.page.get_by_role("option", name=kind, exact=True).click()
        self.reader.settle()
        self.page.locator(".st-key-step_mode").get_by_text(mode, exact=True).click()
        self.reader.settle()
        for key, value in fields.items():
            self._fill(self.page.locator(f"[class*=st-key-step_{key}]").first, key, value)
            self.reader.settle()
        return self.reader.act(self.page.locator(".st-key-step_apply button").click)

    def _fill(self, field, key: str, value: str) -> None:
        field.wait_for()
        if key == "labels":
            field.get_by_text(value, exact=True).click()
        elif key == "flag":
            field.locator("input").click()
            self.page.get_by_role("option", name=value).click()
        else:
            box = field.locator("input, textarea").first
            box.fill(value)
            box.press("Tab")

    def chips(self) -> list[str]:
        return [text.replace("\u202f", " ") for text in self.page.locator(".step").all_inner_texts()]


def eventually(is_so, page) -> None:
    """What the server does after a click that the maps do not answer."""
    for _ in range(100):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen in ten seconds")


def said_of(ids) -> tuple[str, str]:
    return str(len(ids)), digest_of_ids(ids)


def test_written_steps_take_exactly_what_they_say_and_each_can_be_removed(reader, drawn_workspace):
    ws, form = drawn_workspace.ws, Form(reader)
    rows = ws.data.rows(drawn_workspace.dataset)
    positive = set(rows["id"][rows["label"] == "positive"])
    told = form.add("Label", labels="positive")
    assert (told["n"], told["hash"]) == said_of(positive)
    found = set(rows["id"][rows["text"].str.contains("review 12")])
    told = form.add("Text", "Intersect", query="review 12")
    assert (told["n"], told["hash"]) == said_of(positive & found)
    told = form.add("Ids", "Add", ids="train-4990\ntrain-4992")
    assert (told["n"], told["hash"]) == said_of((positive & found) | {"train-4990", "train-4992"})
    assert form.chips() == ["selected label positive", "kept only texts with “review 12”", "added 2 examples by id"]

    told = reader.act(reader.page.get_by_role("button", name="Remove step 2").click)
    assert (told["n"], told["hash"]) == said_of(positive | {"train-4990", "train-4992"})
    assert len(form.chips()) == 2
    assert reader.press("undo")["n"] == str(len((positive & found) | {"train-4990", "train-4992"}))
    told = form.add("Top or bottom")
    best = ws.map(drawn_workspace.runs[0].id).frame().nlargest(1650, "variability")["id"]
    assert (told["n"], told["hash"]) == said_of(set(best))
    assert reader.page.get_by_text("Apply", exact=True).is_hidden()


def test_an_example_that_is_clicked_is_flagged_and_both_are_steps(reader, drawn_workspace):
    ws, form, page = drawn_workspace.ws, Form(reader), reader.page
    run, dataset = drawn_workspace.runs[0].id, drawn_workspace.dataset
    x, y, example = ws.map(run).frame().nlargest(1, "variability")[["variability", "confidence", "id"]].iloc[0]
    reader.act(lambda: page.mouse.click(*page.evaluate(PLACE, [run, x, y])))
    told = reader.act(page.get_by_role("button", name="Add to the selection").click)
    assert (told["n"], told["hash"]) == said_of([example])
    page.locator(".st-key-note_editor").get_by_text("keep out").click()
    eventually(lambda: ws.notes.get(dataset, example).flags == ("keep out",), page)

    ws.notes.flag(dataset, ["train-17"], "keep out")
    reader.press("clear")
    told = form.add("Flag", flag="keep out · 2")
    assert (told["n"], told["hash"]) == said_of([example, "train-17"])
    assert form.chips() == ["selected what is flagged “keep out”"]
    told = reader.act(page.get_by_role("button", name="Take out of the selection").click)
    assert (told["n"], told["hash"]) == said_of(["train-17"])


def test_a_reload_and_another_browser_give_the_same_selection_and_do_not_disturb_each_other(reader, drawn_workspace, browser):
    ws, (left, right) = drawn_workspace.ws, [run.id for run in drawn_workspace.runs]
    page = reader.page
    drawn = reader.drag(left, LASSO)
    (shape,) = page.evaluate(SHAPES, left)
    assert drawn["hash"] == digest_of_ids(inside(ws, left, shape))
    page.wait_for_url("**selection=*")
    reader.open(page.url)
    assert reader.selected() == drawn
    assert len(page.evaluate(SHAPES, left)) == 1

    other = Reader(browser.browser.new_context(viewport={"width": 1440, "height": 900}).new_page()).open(page.url)
    assert other.selected() == drawn
    mine = other.press("ambiguous")
    assert mine["hash"] != drawn["hash"]
    more = reader.drag(right, ((0.1, 0.5), (0.4, 0.5), (0.4, 0.9)), held="Shift")
    assert int(more["n"]) > int(drawn["n"])
    other.page.locator(".mg-title").nth(1).click()
    other.settle()
    assert other.selected() == mine
    assert other.press("undo") == drawn
    other.page.context.close()
    assert reader.selected() == more


def test_an_address_with_an_unknown_selection_says_what_to_do(page, app_url, drawn_workspace):
    Reader(page).open(f"{app_url}&selection={'0' * 64}")
    page.get_by_text("is not stored here").wait_for()
    page.get_by_text("Make the selection again on the map").wait_for()
