import json
import subprocess
import sys

import pytest

from ftft.errors import InputError
from ftft.pretrained import find


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"num_hidden_layers": 2}))
    header = json.dumps({"w": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(48))
    return folder


def test_a_model_knows_its_layers_and_parameters(model):
    found = find(str(model))
    assert (found.name, found.layers, found.parameters) == ("tiny", 2, 12)


def test_one_changed_weight_is_another_model(model):
    before = find(str(model)).fingerprint
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    assert find(str(model)).fingerprint != before


def test_the_same_files_elsewhere_are_the_same_model(model, tmp_path):
    before = find(str(model)).fingerprint
    model.rename(tmp_path / "moved")
    assert find(str(tmp_path / "moved")).fingerprint == before


def test_pickled_weights_are_refused(model):
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"pytorch_model\.bin.*save_pretrained"):
        find(str(model))


@pytest.mark.parametrize("name", ["/nowhere/at all", "no such model", "owner/never-heard-of"])
def test_a_model_that_is_not_there_is_answered_with_a_remedy(name):
    with pytest.raises(InputError, match="folder"):
        find(name)


def configured(model, **config):
    (model / "config.json").write_text(json.dumps({"num_hidden_layers": 2} | config))
    return find(str(model))


AUTO_MAP = {"AutoConfig": "configuration_own.OwnConfig"}


@pytest.mark.parametrize("model_type", ["own", "../bert", "", None, 3, "bert/../bert", "auto.bert"])
def test_a_model_of_a_type_that_transformers_has_not_needs_its_own_code(model, model_type):
    assert configured(model, auto_map=AUTO_MAP, model_type=model_type).needs_code


@pytest.mark.parametrize("model_type", ["bert", "xlm-roberta", "deberta-v2"])
def test_a_model_of_a_type_that_transformers_has_needs_none(model, model_type):
    assert not configured(model, auto_map=AUTO_MAP, model_type=model_type).needs_code


def test_a_model_that_names_no_code_needs_none(model):
    (model / "setup.py").write_text("1 / 0")
    assert not configured(model, model_type="own").needs_code


def test_whether_code_is_needed_is_known_without_importing_transformers(model):
    configured(model, auto_map=AUTO_MAP, model_type="bert")
    script = f"import sys; from ftft.pretrained import find; print(find({str(model)!r}).needs_code, 'transformers' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]


def test_other_code_is_another_model(model):
    prints = []
    for code in ("a = 1", "a = 2"):
        (model / "modeling_own.py").write_text(code)
        prints.append(configured(model, auto_map=AUTO_MAP, model_type="own").fingerprint)
    assert len(set(prints)) == 2


def test_code_that_nothing_names_is_no_part_of_a_model(model):
    before = find(str(model)).fingerprint
    (model / "notes.py").write_text("a = 1")
    assert find(str(model)).fingerprint == before


def test_code_that_only_the_tokenizer_names_is_part_of_a_model(model):
    prints = []
    for code in ("a = 1", "a = 2"):
        (model / "tokenization_own.py").write_text(code)
        (model / "tokenizer_config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": ["tokenization_own.Own", None]}}))
        prints.append(find(str(model)).fingerprint)
    assert len(set(prints)) == 2
