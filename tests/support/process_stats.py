"""What the kernel says about a process: proc(5)."""

import os

MEBIBYTE = 1024 * 1024

# Under a sanitizer memory and time say nothing about the program.
SANITIZED = any(x in os.environ for x in
                ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"))


def resident_bytes(pid):
    with open("/proc/%d/statm" % pid) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def status_bytes(pid, name):
    """A size in /proc/PID/status: VmRSS, VmHWM (the peak of it), ..."""
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no %s: the program has ended" % name)


def descriptor_count(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def _fields(pid):
    """The fields of /proc/PID/stat from the third, the state, on."""
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rpartition(")")[2].split()


def state(pid):
    """One letter: R runs, S sleeps, T is stopped, ..."""
    return _fields(pid)[0]


def cpu_seconds(pid):
    """User and system time of all its threads."""
    user, system = _fields(pid)[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
