"""Whether a process keeps the memory that it frees or gives it back to the system at once."""

import ctypes
import sys

# From malloc.h of glibc.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_LARGEST = 2**31 - 1  # bytes; what the function takes


def keep_freed_memory() -> bool:
    """Have this process keep the memory that it frees, for the next time that it asks for some.

    On a CPU every step of an accentuation frees hundreds of megabytes and asks for the same again; by default glibc
    gives large blocks back, and the system clears each page anew. No image changes. The setting is the whole process's
    and cannot be taken back, so a program decides about it, and no function of this library does.

    Returns:
        True; False where the system's library has no such setting, as outside Linux with glibc, and nothing is done.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        set_option = ctypes.CDLL(None).mallopt
    except AttributeError:  # another library than glibc
        return False
    return bool(set_option(_M_MMAP_MAX, 0) and set_option(_M_TRIM_THRESHOLD, _LARGEST))
