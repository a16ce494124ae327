"""Kernel-enforced walls around a process: it cannot open the other process's secrets.

Landlock (Linux 5.13 and later) lets an unprivileged process give up rights for good. Where the
kernel has none, separate users or containers are the wall (docs/operating.md).
"""

import ctypes
import os
import resource
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_RULE_PATH_BENEATH = 1
_QUERY_VERSION = 1

_READ: Final = 1 << 2 | 1 << 3  # READ_FILE | READ_DIR
_WRITE: Final = 1 << 1 | sum(1 << bit for bit in range(4, 13))  # WRITE_FILE, REMOVE_*, MAKE_*
_CONNECT_TCP: Final = 1 << 1
_NET_ABI: Final = 4


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def confine(*, read: Iterable[Path], write: Iterable[Path] = (), connect: bool) -> bool:
    """Limit this process, for good, to the files it needs; returns False where the kernel cannot.

    The interpreter, the installed packages and the system's libraries stay readable. Call it in
    the main thread before any other is started: threads started later inherit the limits.

    Args:
        read: Files and directories that may be read besides.
        write: Directories that may be read and written besides.
        connect: Whether outgoing TCP connections stay possible (kernel 6.7 and later).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # no core dump, no ptrace, no /proc/PID/mem
    abi = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _QUERY_VERSION)
    if abi < 1:
        return False
    rules = _Ruleset(_READ | _WRITE, 0 if connect or abi < _NET_ABI else _CONNECT_TCP, 0)
    size = 8 if abi < _NET_ABI else 16
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path in {*_interpreter(), *read}:
            _allow(libc, ruleset, path, _READ)
        for path in write:
            _allow(libc, ruleset, path, _READ | _WRITE)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, access: int) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        access &= 1 << 1 | 1 << 2  # the directory rights do not exist for a file
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(access, descriptor)
        libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _interpreter() -> set[Path]:
    package = Path(__file__).resolve().parents[1]
    system = ("/usr", "/lib", "/lib64", "/etc", "/dev", "/proc", "/sys/devices/system/cpu")
    return {package, Path(sys.prefix), Path(sys.base_prefix), *map(Path, system)}
