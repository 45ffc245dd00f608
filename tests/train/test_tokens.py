import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from ftft.train import run_folder
from ftft.train.tokens import cached, tokenise

TEXTS = ["the film was fine", "a", "in parts of the story it was dull and cold", "", "some acting"]


@pytest.fixture
def tokenizer(tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.mark.parametrize("columns", [[TEXTS], [TEXTS, TEXTS[::-1]]])
@pytest.mark.parametrize("with_types", [True, False])
def test_a_batch_is_what_the_tokenizer_itself_would_pad(tokenizer, columns, with_types):
    tokens, cut = tokenise(tokenizer, columns, 12, with_types)
    rows = [2, 0, 3]
    expected = tokenizer(*[[c[n] for n in rows] for c in columns], truncation=True, max_length=12, padding=True, return_tensors="pt")
    made = tokens.batch(rows)
    for name in made:
        assert torch.equal(made[name], expected[name]), name
    assert ("token_type_ids" in made) == with_types
    lengths = [len(tokenizer(*[c[n] for c in columns])["input_ids"]) for n in range(len(TEXTS))]
    assert cut.tolist() == [n for n, length in enumerate(lengths) if length > 12]


def test_a_text_that_just_fits_is_not_called_cut(tokenizer):
    assert tokenise(tokenizer, [["the film was fine", "the film was fine too"]], 6, False)[1].tolist() == [1]


def test_taking_rows_takes_their_tokens(tokenizer):
    tokens, _ = tokenise(tokenizer, [TEXTS], 12, True)
    few = tokens.take(np.array([4, 1]))
    assert few.length_N.tolist() == tokens.length_N[[4, 1]].tolist()
    for name, values in few.batch([0, 1]).items():
        assert torch.equal(values, tokens.batch([4, 1])[name])


@pytest.mark.parametrize("with_types", [True, False])
def test_the_cache_gives_back_what_was_made(tokenizer, tmp_path, with_types):
    file = tmp_path / "tokens.npz"
    made = cached(file, lambda: tokenise(tokenizer, [TEXTS], 8, with_types))
    kept = cached(file, lambda: pytest.fail("made twice"))
    assert kept[1].tolist() == made[1].tolist()
    for name, values in made[0].batch(range(5)).items():
        assert torch.equal(kept[0].batch(range(5))[name], values)
    assert list(tmp_path.iterdir()) == [file]


def test_another_limit_of_length_is_another_entry_of_the_cache(make_run, workspace):
    for max_length in (10, 12):
        run_folder(make_run(max_length=max_length, steps=1))
    assert len(list((workspace / "cache" / "tokens").iterdir())) == 6  # three splits each
