"""An encoder made from text must be an ordinary one: anything that loads models loads it, and it has learnt something."""

import json
import math

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer

from ftft.demo import unlabelled
from ftft.errors import InputError
from ftft.train.pretrain import ARCHITECTURES, Recipe, pretrain, read_texts, train_tokenizer

TINY = Recipe(layers=1, hidden=32, steps=40, batch_size=16, lr=1e-2, max_length=32)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def texts():
    return unlabelled(1_500, seed=3)


@pytest.fixture(scope="module")
def made(texts, tmp_path_factory):
    steps = []
    encoder = pretrain(texts, tmp_path_factory.mktemp("made") / "tiny", TINY, on_progress=lambda step, loss: steps.append((step, loss)))
    return encoder, steps


def test_it_learns_and_says_how_well(made):
    encoder, steps = made
    assert [step for step, _ in steps] == list(range(1, TINY.steps + 1))
    vocabulary = json.loads((encoder.model / "config.json").read_text())["vocab_size"]
    guessing = math.log(vocabulary)
    assert steps[0][1] == pytest.approx(guessing, rel=0.1)
    assert encoder.loss < 0.8 * guessing
    assert encoder.loss == pytest.approx(steps[-1][1], rel=0.15)


def test_weights_are_half_on_the_disk_and_single_when_loaded(made):
    encoder, _ = made
    with safe_open(encoder.model / "model.safetensors", "pt") as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}  # noqa: SIM118 (it is no mapping)
    model = AutoModelForMaskedLM.from_pretrained(encoder.model)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert model.num_parameters() == encoder.parameters


def test_it_guesses_a_common_word_far_above_chance_once_loaded(made):
    tokenizer, model = AutoTokenizer.from_pretrained(made[0].model), AutoModelForMaskedLM.from_pretrained(made[0].model).eval()
    p_V = model(**tokenizer("[MASK] soup was awful.", return_tensors="pt")).logits[0, 1].softmax(0)
    assert p_V[tokenizer.vocab["the"]] > 10 / len(p_V)


def test_the_tokenizer_encodes_pairs_and_knows_its_limit(made):
    tokenizer = AutoTokenizer.from_pretrained(made[0].model)
    encoded = tokenizer("The Soup", "was awful")
    assert tokenizer.convert_ids_to_tokens(encoded["input_ids"]) == ["[CLS]", "the", "soup", "[SEP]", "was", "awful", "[SEP]"]
    assert encoded["token_type_ids"] == [0, 0, 0, 0, 1, 1, 1]
    assert tokenizer.model_max_length == TINY.max_length


def test_the_same_call_gives_the_same_bytes_and_leaves_the_callers_randomness_alone(made, texts, tmp_path):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    again = pretrain(texts, tmp_path / "again", TINY)
    assert torch.equal(torch.rand(3), expected)
    for file in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (again.model / file).read_bytes() == (made[0].model / file).read_bytes(), file


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_loads_as_a_classifier_and_takes_texts_of_full_length(architecture, texts, tmp_path):
    out = pretrain(
        texts[:200], tmp_path / architecture, Recipe(architecture, layers=1, hidden=32, steps=2, batch_size=8, max_length=16)
    ).model
    model = AutoModelForSequenceClassification.from_pretrained(out, num_labels=2)
    batch = AutoTokenizer.from_pretrained(out)("soup " * 50, truncation=True, return_tensors="pt", return_token_type_ids=False)
    assert batch["input_ids"].shape == (1, 16)
    assert model(**batch).logits.shape == (1, 2)
    assert model.config.num_hidden_layers == 1
    assert model.config.hidden_size == 32
    assert model.num_parameters() < 120_000, "a size was left at the architecture's default"


def test_a_long_text_is_used_to_its_end(texts, tmp_path):
    whole = pretrain(
        [" ".join(texts[i : i + 20]) for i in range(0, 600, 20)], tmp_path / "long", Recipe(layers=1, hidden=32, steps=1, max_length=16)
    )
    assert math.isfinite(whole.loss)


def test_the_vocabulary_is_no_larger_than_asked(texts):
    assert len(train_tokenizer(texts, 150, 32)) == 150


def test_files_are_read_a_text_a_line(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\n  two \n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("drei ä\n", encoding="utf-8")
    assert read_texts([tmp_path / "a.txt", tmp_path / "b.txt"]) == ["one", "two", "drei ä"]


def test_users_mistakes_are_named_and_leave_nothing_behind(texts, tmp_path):
    (tmp_path / "latin.txt").write_bytes("ä".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_texts([tmp_path / "latin.txt"])
    with pytest.raises(InputError, match=r"missing\.txt"):
        read_texts([tmp_path / "missing.txt"])
    with pytest.raises(InputError, match="texts to pre-train on"):
        pretrain(texts[:3], tmp_path / "out", TINY)
    with pytest.raises(InputError, match="deberta-v2"):
        Recipe(architecture="deberta-v3")
    with pytest.raises(InputError, match="multiple of 32"):
        Recipe(hidden=50)
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="exists already"):
        pretrain(texts, tmp_path / "there", TINY)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["latin.txt", "there"]
