"""One seed gives as many independent sequences as there are purposes, each of them again and again."""

from typing import get_args

import pytest
import torch

from accentuation import AccentuationError
from accentuation.streams import Purpose, stream, stream_seed

PURPOSES = get_args(Purpose)


def test_every_purpose_has_a_sequence_of_its_own_that_a_seed_repeats():
    drawn = {
        (seed, use): torch.randn(2000, generator=stream(seed, use)) for seed in (0, 1, 2**64 - 1) for use in PURPOSES
    }
    assert all(torch.equal(torch.randn(2000, generator=stream(*key)), values) for key, values in drawn.items())
    alike = torch.corrcoef(torch.stack(list(drawn.values()))) - torch.eye(len(drawn))
    assert alike.abs().max() < 0.12


def test_a_seed_gives_the_same_on_every_machine():
    assert [stream_seed(1, use) for use in PURPOSES] == [
        8431846347943309920,
        4042681867674859579,
        1275975541612323131,
        10440292027562320097,
        11724249445994358946,
    ]


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "1", None])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(AccentuationError, match=r"seed must be a whole number from 0 to 2\*\*64 - 1, not"):
        stream_seed(seed, "boxes")
