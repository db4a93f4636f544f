"""What a process has freed stays with it where that was asked for, and the images are the same."""

import platform
import subprocess
import sys

import pytest

FREED = """
import psutil, torch
from accentuation import keep_freed_memory

if {keep}:
    assert keep_freed_memory()
torch.ones(2**26)  # 256 MiB, touched and freed
print(psutil.Process().memory_info().rss // 2**20)
"""


def megabytes_after(*, keep: bool) -> int:
    done = subprocess.run([sys.executable, "-c", FREED.format(keep=keep)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
def test_what_was_freed_stays_with_the_process_that_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)
    assert megabytes_after(keep=True) - megabytes_after(keep=False) > 200


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from accentuation import keep_freed_memory

    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
