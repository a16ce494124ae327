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

_SYSTEM: Final = (
    *("/usr", "/lib", "/lib64", "/dev/null", "/dev/urandom", "/sys/devices/system/cpu"),
    *(f"/etc/{name}" for name in ("hosts", "resolv.conf", "nsswitch.conf", "host.conf")),
    *(f"/etc/{name}" for name in ("gai.conf", "passwd", "group", "localtime", "ld.so.cache")),
    *(f"/etc/{name}" for name in ("ssl", "pki", "ca-certificates", "services", "protocols")),
    "/run/systemd/resolve",  # where resolv.conf often leads, and is replaced
)
"""Not `/etc`, `/dev` or `/proc` as a whole: keys, disks and other processes are there."""

_READ_FILE: Final = 1 << 2
_READ: Final = _READ_FILE | 1 << 3  # and READ_DIR
_WRITE: Final = 1 << 1 | sum(1 << bit for bit in range(4, 13))  # WRITE_FILE, REMOVE_*, MAKE_*
_TRUNCATE: Final = 1 << 14
_CONNECT_TCP: Final = 1 << 1
_OUTSIDE: Final = 1 << 0 | 1 << 1  # abstract sockets of, and signals to, other processes
_TRUNCATE_ABI, _NET_ABI, _SCOPE_ABI = 3, 4, 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def confine(*, read: Iterable[Path], connect: bool) -> bool:
    """Limit this process, for good, to reading what it needs; False where the kernel cannot.

    The interpreter, the installed packages and the system's libraries stay readable; nothing can
    be written, and no process outside can be traced or, from kernel 6.12 on, signalled. Call it in
    the main thread before any other is started: threads started later inherit the limits.

    Args:
        read: Files and directories that may be read besides.
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
    rules = _Ruleset(
        _READ | _WRITE | (_TRUNCATE if abi >= _TRUNCATE_ABI else 0),
        0 if connect else _CONNECT_TCP,
        _OUTSIDE,
    )
    # an older kernel takes a shorter structure, without the rights that it does not know
    size = 8 * (1 + (abi >= _NET_ABI) + (abi >= _SCOPE_ABI))
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path in {*_interpreter(), *read}:
            _allow_reading(libc, ruleset, path)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    if not path.exists():
        return
    access = _READ if path.is_dir() else _READ_FILE
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(access, descriptor)
        libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _interpreter() -> set[Path]:
    package = Path(__file__).resolve().parents[1]
    return {package, Path(sys.prefix), Path(sys.base_prefix), *map(Path, _SYSTEM)}
