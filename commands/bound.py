"""The command line of a process that ends with the one that started it, whatever that died of (prctl(2)).

`python -m commands.bound PARENT COMMAND...`; the parent's death is a SIGTERM for this one.
"""

import ctypes
import os
import signal
import sys

from commands.main import main

PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> bool:
    """Ask the kernel for a SIGTERM at the parent's death; False where that has come already."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    return os.getppid() == parent


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]) if end_with(int(sys.argv[1])) else 0)
