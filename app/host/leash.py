"""Becomes another program that dies with the process which started it.

Run by path as `python -I -S leash.py SIGNAL PARENT UID GID PROGRAM [ARGUMENT ...]`; standard library only. It takes on
the user first, because Linux forgets the death signal when the user changes, and loads everything it needs before that,
because the new user may not be allowed to read these files.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_KEEP = -1


def become(signal_number: int, parent: int, uid: int, gid: int, program: list[str]) -> None:
    """Turn this process into `program`, to be sent `signal_number` when the process `parent` ends.

    `uid` and `gid` of -1 keep the user. Raises OSError when the user cannot be taken on or the program not be run.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    os.umask(0o077)
    if uid != _KEEP:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the death signal could not be set")
    # The parent may have died before the signal was set; then it would never come.
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 (the program is given by app/host alone, and no shell is wanted)


if __name__ == "__main__":
    _signal, _parent, _uid, _gid = (int(word) for word in sys.argv[1:5])
    try:
        become(_signal, _parent, _uid, _gid, sys.argv[5:])
    except OSError as problem:
        sys.exit(f"{sys.argv[5]} cannot be started: {problem.strerror}.")
