"""What is measured: the servers and the cells. A new server is one line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    """A row of a table: its name, and the program with its arguments."""

    name: str
    command: str
    # Its own threads wait for one another, so that waiting for the core tells
    # nothing about strangers on it.
    many_threads: bool = False

    @property
    def program(self):
        return self.command.split()[0]

    @property
    def args(self):
        return self.command.split()[1:]


@dataclass(frozen=True)
class Cell:
    """What the load generator does: see README.md."""

    name: str
    connections: int
    bytes: int
    pipelined: int


RAW = Server("raw epoll", "echo_epoll")
RAW_DRAIN = Server("raw epoll, reads while full", "echo_epoll --drain")
SLUICE = Server("Sluice stream_broker", "echo_sluice")

# The first row is the yardstick of the ratios.
ECHO = (
    RAW,
    RAW_DRAIN,
    Server("libuv", "echo_uv"),
    Server("Asio", "echo_asio"),
    Server("CAF broker, at_most 4K", "echo_caf --at-most 4096"),
    Server("CAF broker, at_most 64K", "echo_caf --at-most 65536"),
    Server("Erlang, {active,100}", "echo_erlang.escript", True),
    Server("Erlang, 64K buffer", "echo_erlang.escript --buffer 65536", True),
    SLUICE,
)

# Memory depends on the size of read buffers, so that some rows differ.
IDLE = (
    RAW,
    Server("libuv", "echo_uv"),
    Server("Asio, 1K buffer", "echo_asio --buffer 1024"),
    Server("Asio, 64K buffer", "echo_asio"),
    Server("CAF broker, at_most 1K", "echo_caf --at-most 1024"),
    Server("CAF broker, at_most 64K", "echo_caf --at-most 65536"),
    Server("Erlang, {active,100}", "echo_erlang.escript", True),
    SLUICE,
)

SLUICE_OBEYS = Server("Sluice, sender obeys", "sink_sluice")
SLUICE_IGNORES = Server("Sluice, sender ignores", "sink_sluice --ignore")

# What the peer that never reads is connected to.
SINKS = (
    Server("raw epoll, obeys EAGAIN", "sink_epoll"),
    Server("libuv, unchecked", "sink_uv"),
    Server("Asio, chained writes", "sink_asio"),
    Server("CAF broker", "sink_caf"),
    Server("Erlang gen_tcp:send", "echo_erlang.escript --sink"),
    SLUICE_OBEYS,
    SLUICE_IGNORES,
)

CELLS = (
    Cell("1/64/1", 1, 64, 1),
    Cell("50/64/1", 50, 64, 1),
    Cell("50/64/16", 50, 64, 16),
    Cell("500/64/1", 500, 64, 1),
    Cell("8/64K/4", 8, 64 * 1024, 4),
)

# The cell at which system calls are counted.
SYSCALL_CELL = CELLS[1]

# The same redis-benchmark against both; the first is the yardstick.
REDIS = Server("redis-server", "redis-server")
KV = Server("Sluice kv", "kv")

# What Sluice is to reach: section, cell or column, row, "min" or "max", bound;
# for ratios also the row that it is compared with.
TARGETS = (
    ("echo", "50/64/1", SLUICE, "min", 0.95, RAW),
    ("echo", "50/64/16", SLUICE, "min", 0.95, RAW),
    ("echo", "500/64/1", SLUICE, "min", 0.95, RAW),
    ("echo", "8/64K/4", SLUICE, "min", 0.95, RAW_DRAIN),
    ("syscalls", "per_message", SLUICE, "max", 2.1, None),
    ("growth", "mib", SLUICE_OBEYS, "max", 4, None),
    ("growth", "mib", SLUICE_IGNORES, "max", 4, None),
    ("idle", "bytes_quiet", SLUICE, "max", 1000, None),
    ("idle", "bytes_spoken", SLUICE, "max", 1000, None),
    ("redis", "SET", KV, "min", 0.9, REDIS),
    ("redis", "GET", KV, "min", 0.9, REDIS),
    ("redis", "SET -P 16", KV, "min", 0.9, REDIS),
    ("redis", "GET -P 16", KV, "min", 0.9, REDIS),
)
