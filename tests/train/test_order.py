import numpy as np
import pytest
from accelerate import skip_first_batches
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from ftft.train.order import Order, epoch_batches, order_hash

LENGTHS = np.random.default_rng(0).integers(3, 300, 1001)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=400), st.integers(1, 40), st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_every_example_comes_exactly_once_and_only_one_batch_is_short(lengths, batch_size, seed, epoch):
    batches = epoch_batches(np.array(lengths), batch_size, seed, epoch)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    sizes = sorted(len(b) for b in batches)
    assert sizes[1:] == [batch_size] * (len(sizes) - 1)
    assert len(batches) == len(Order(np.array(lengths), batch_size, seed))


@given(st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_the_order_depends_on_nothing_but_seed_and_epoch(seed, epoch):
    once = order_hash(epoch_batches(LENGTHS, 32, seed, epoch))
    np.random.default_rng().random()
    np.random.rand(7)
    assert order_hash(epoch_batches(LENGTHS, 32, seed, epoch)) == once
    assert order_hash(epoch_batches(LENGTHS, 32, seed, epoch + 1)) != once
    assert order_hash(epoch_batches(LENGTHS, 32, seed + 1, epoch)) != once


def test_batches_hold_texts_of_similar_length():
    def padded(batches):
        return sum(len(b) * LENGTHS[b].max() for b in batches)

    shuffled = np.random.default_rng(1).permutation(len(LENGTHS))
    assert padded(epoch_batches(LENGTHS, 8, 1, 1)) < 0.7 * padded(np.array_split(shuffled, 126))


def test_the_longest_texts_neither_come_first_nor_hide_in_the_short_batch():
    longest = LENGTHS.argmax()
    places, sizes = [], []
    for epoch in range(1, 201):
        batches = epoch_batches(LENGTHS, 32, 1, epoch)
        place = next(n for n, b in enumerate(batches) if longest in b)
        places.append(place)
        sizes.append(len(batches[place]))
    assert np.mean(places) == pytest.approx(len(batches) / 2, rel=0.15)
    assert np.mean(np.array(sizes) < 32) < 0.1


def test_no_batch_is_the_same_in_two_epochs():
    first, second = ({frozenset(b.tolist()) for b in epoch_batches(LENGTHS, 32, 1, epoch)} for epoch in (1, 2))
    assert not first & second


def test_a_resume_in_the_middle_of_an_epoch_sees_the_rest_of_its_order():
    order = Order(LENGTHS, 32, seed=5)
    order.epoch = 3
    loader = DataLoader(range(len(LENGTHS)), batch_sampler=order, collate_fn=list)  # pyright: ignore[reportArgumentType]
    assert list(skip_first_batches(loader, 11)) == list(loader)[11:]
