import pandas as pd
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ftft.dataset.fingerprint import fingerprint
from ftft.dataset.reading import read
from ftft.domain import Split
from ftft.domain.dataset import Distribution, Role

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
rows = st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=8)
NAMES = ("id", "label", "text")


def table_of(rows) -> pa.Table:
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(NAMES, zip(*rows, strict=True), strict=True)})


def print_of(table: pa.Table, distribution: Distribution = "id", role: Role = "train", labels=("x", "y")) -> str:
    return fingerprint(labels, ["text"], [(Split("train", table.num_rows, {}, distribution, role), table)])


@given(rows, st.data())
def test_changing_one_character_anywhere_changes_the_fingerprint(rows, data):
    before = print_of(table_of(rows))
    row, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 2))
    old = rows[row][column]
    place = data.draw(st.integers(0, len(old)))
    new = old[:place] + data.draw(texts) + old[place + 1 :]
    assume(new != old)
    rows[row] = (*rows[row][:column], new, *rows[row][column + 1 :])
    assert print_of(table_of(rows)) != before


@given(rows)
def test_swapping_rows_or_columns_or_moving_text_between_cells_changes_the_fingerprint(rows):
    table = table_of(rows)
    for other in (
        table_of(rows[::-1]),
        table.select(["label", "id", "text"]).rename_columns(list(NAMES)),
        table_of([(i + label[:1], label[1:], text) for i, label, text in rows]),
    ):
        assert (print_of(other) == print_of(table)) == other.equals(table)


@given(rows, st.data())
def test_how_a_column_is_cut_into_chunks_does_not_matter(rows, data):
    cut = data.draw(st.integers(0, len(rows)))
    whole = table_of([("left", "out", "row"), *rows]).slice(1)
    assert print_of(pa.concat_tables([whole.slice(0, cut), whole.slice(cut)])) == print_of(table_of(rows))


def test_what_a_split_is_for_and_the_order_of_labels_are_part_of_it():
    table = table_of([("a", "x", "t")])
    different = [
        print_of(table), print_of(table, "ood"), print_of(table, role="dev"), print_of(table, labels=("y", "x")),
        fingerprint(("x", "y"), ["text"], [(Split("dev", 1, {}), table)]), fingerprint(("x", "y"), [], [(Split("train", 1, {}), table)]),
    ]  # fmt: skip
    assert len(set(different)) == len(different)


@settings(max_examples=50, deadline=None)
@given(rows=rows)
def test_the_same_rows_read_from_any_format_have_the_same_fingerprint(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    table = table_of(rows)
    frame = pd.DataFrame(rows, columns=list(NAMES))
    frame.to_parquet(folder / "t.parquet")
    for name, separator in (("t.csv", ","), ("t.tsv", "\t")):
        with open(folder / name, "w", encoding="utf-8", newline="") as file:
            frame.to_csv(file, index=False, sep=separator, quoting=1)
    frame.to_json(folder / "t.jsonl", orient="records", lines=True)
    for name in ("t.csv", "t.tsv", "t.jsonl", "t.parquet"):
        assert print_of(read(folder / name, NAMES).cast(table.schema)) == print_of(table), name
