"""What happens where memory runs out, by a real allocation that cannot succeed and by scripted ones."""

import pytest
import torch

from accentuation import AccentuationError
from accentuation.errors import is_out_of_memory
from accentuation.memory import in_batches


def test_an_allocation_that_cannot_succeed_is_known_for_what_it_is():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(raised.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert is_out_of_memory(RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"))
    assert is_out_of_memory(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"))
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


@pytest.mark.parametrize("fits", [1, 2, 3, 5, 8])
def test_the_batch_is_halved_until_it_fits_and_nothing_is_lost_or_doubled(fits):
    sizes = []

    def make(batch):
        sizes.append(len(batch))
        if len(batch) > fits:
            torch.empty(2**60, dtype=torch.uint8)
        return [2 * item for item in batch]

    assert list(in_batches(make, range(11), lambda _: 8)) == [2 * item for item in range(11)]
    made = [size for size in sizes if size <= fits]
    assert sum(made) == 11
    assert all(size <= fits for size in sizes[sizes.index(made[0]) :])  # it does not try the larger size again


def test_no_memory_for_even_one_is_an_error_in_words():
    def make(batch):
        raise MemoryError

    with pytest.raises(AccentuationError, match="no memory for even one accentuation; use fewer crops"):
        list(in_batches(make, range(4), lambda _: 4))


def test_other_errors_are_passed_on():
    def make(batch):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        list(in_batches(make, range(4), lambda _: 4))


def test_nothing_to_do_is_nothing_done():
    assert list(in_batches(list, [], lambda _: 4)) == []
