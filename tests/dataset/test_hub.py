import time
from types import MappingProxyType

import datasets
import huggingface_hub
import pytest
from huggingface_hub import constants

from ftft.dataset import load
from ftft.dataset.hub import HubSource
from ftft.errors import InputError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CLASSES = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})


@pytest.fixture
def hub(monkeypatch):
    """A hub with one repository, `some/reviews`, whose configuration `films` has two splits. Gives the calls of `load_dataset`."""
    calls = []

    def load_dataset(repository, config=None, revision=None):
        calls.append((repository, config, revision))
        if config != "films":
            raise ValueError("Config name is missing.\nPlease pick one among the available configs: ['films']")
        parts = {"train": [0, 1, 1, 0], "validation": [1, 0, 1]}
        return datasets.DatasetDict(
            {
                split: datasets.Dataset.from_dict({"text": [f"{split} {i}" for i in range(len(labels))], "label": labels}, features=CLASSES)
                for split, labels in parts.items()
            }
        )

    class Api:
        def dataset_info(self, repository, revision=None, timeout=None):
            assert timeout
            if repository != "some/reviews":
                raise huggingface_hub.errors.RepositoryNotFoundError("404", response=FakeResponse())
            return huggingface_hub.DatasetInfo(id=repository, sha=COMMIT)

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return calls


class FakeResponse:
    headers, request, status_code = MappingProxyType({}), None, 404


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hub:some/reviews", HubSource("some/reviews")),
        ("hub:some/reviews:train", HubSource("some/reviews", split="train")),
        ("hub:some/reviews:films:train", HubSource("some/reviews", config="films", split="train")),
        ("hub:a.b/c-d_e@v1.0:x y:test[:10%]", None),
        ("hub:a.b/c-d_e@refs/convert/parquet:x y:test", HubSource("a.b/c-d_e", "refs/convert/parquet", "x y", "test")),
    ],
)
def test_a_source_is_read_from_the_right(text, expected):
    if expected is None:
        with pytest.raises(InputError, match="Write hub:owner/name"):
            HubSource.parse(text)
    else:
        assert HubSource.parse(text) == expected
        assert str(expected) == text


def test_a_dataset_on_the_hub_is_added_and_says_which_commit_it_is(add_reviews, hub, root):
    dataset = add_reviews("hub:some/reviews:films:train", evaluations=["dev=hub:some/reviews:films:validation:ood:dev"])
    assert [(s.name, s.rows, s.distribution, s.role) for s in dataset.splits] == [("train", 4, "id", "train"), ("dev", 3, "ood", "dev")]
    assert dataset.labels == ("neg", "pos")
    assert dataset.sources == {"train": f"hub:some/reviews@{COMMIT}:films:train", "dev": f"hub:some/reviews@{COMMIT}:films:validation"}
    assert load(root, "reviews") == dataset
    assert set(hub) == {("some/reviews", "films", COMMIT)}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("hub:reviews", "'hub:reviews' cannot be read. Write hub:owner/name"),
        ("hub:some/other", "the hub shows no dataset 'some/other'. Check owner and name; a private or gated one needs"),
        ("hub:some/reviews", r"Config name is missing\. Please pick one among the available configs: \['films'\]\. Check configuration"),
        ("hub:some/reviews:films:tset", "split 'tset' is not known. Known: train, validation"),
    ],
)
def test_what_the_hub_does_not_have_is_refused_with_what_it_has(add_reviews, hub, source, says):
    with pytest.raises(InputError, match=says):
        add_reviews(source)


def test_without_a_network_the_refusal_comes_at_once(add_reviews, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://hub.invalid")
    began = time.monotonic()
    with pytest.raises(InputError, match=r"the hub was not reached .*HF_HUB_OFFLINE=1 takes what was loaded before"):
        add_reviews("hub:some/reviews")
    assert time.monotonic() - began < 12


def test_offline_mode_asks_the_library_for_its_cache(add_reviews, hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert add_reviews("hub:some/reviews:films:train").sources == {"train": "hub:some/reviews:films:train"}
    assert hub == [("some/reviews", "films", None)]
