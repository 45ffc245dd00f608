import json

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
