import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.domain import safe_name
from ftft.errors import InputError


@settings(deadline=None)
@given(st.text(max_size=90) | st.text("äöü字🙂a", max_size=90) | st.none() | st.integers() | st.lists(st.text(), max_size=2))
def test_any_name_is_refused_or_can_be_a_folder(tmp_path_factory, name):
    try:
        kept = safe_name("subset", name)
    except InputError as problem:
        assert "Use up to 80 letters" in str(problem)  # noqa: PT017
    else:
        root = tmp_path_factory.getbasetemp() / "names"
        (root / f".{kept}.12345678.tmp").mkdir(parents=True, exist_ok=True)
        (root / kept).mkdir(exist_ok=True)
        assert (root / kept).resolve().parent == root.resolve()
        assert [f for f in root.glob("[!.]*") if f.name == kept], "and is listed"


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\0", "a\n", "-x", "a b", "a" * 81, "字" * 80, "\udcff"])
def test_what_could_lead_elsewhere_or_break_a_listing_is_refused(name):
    with pytest.raises(InputError, match="letters"):
        safe_name("subset", name)
