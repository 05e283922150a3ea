"""Where the programs are: built by Bazel, in a directory given, or scripts."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

def build(note):
    """Builds everything that is measured; returns Bazel's output directory.

    A target that does not build is no reason to measure none of the others,
    but its old binary must not be measured either: then this says so.
    """
    targets = ["//bench:all", "//bench/pair:all", "//bench/websocket:all"]
    if (ROOT / "examples" / "kv" / "BUILD").is_file():
        targets += ["//examples/kv", "//examples/kv_cluster:all",
                    "//bench/cluster:all"]
    bazel = ["bazel", "build", "--config=opt", "--keep_going", *targets]
    note("$ " + " ".join(bazel))
    if subprocess.run(bazel, cwd=ROOT).returncode != 0:
        note("WARNING: not everything was built; what is measured below may "
             "be an older build")
    shown = subprocess.run(
        ["bazel", "info", "--config=opt", "bazel-bin"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, check=True)
    return Path(shown.stdout.strip())


# What a row runs that is not built here, the program of the system that it
# needs, and the Debian package of that. redis-server itself is not asked for:
# tools/redis_server finds the same program in redis-tools.
OUTSIDE = {
    "echo_erlang.escript": ("bench/echo_erlang.escript", "escript",
                            "erlang-base"),
    "erlang_pair.escript": ("bench/pair/erlang_pair.escript", "escript",
                            "erlang-base"),
    "fan_out_ws.js": ("bench/websocket/fan_out_ws.js", "nodejs", "node-ws"),
    "redis-server": ("tools/redis_server", "redis-benchmark", "redis-tools"),
    "redis-benchmark": (None, "redis-benchmark", "redis-tools"),
    "strace": (None, "strace", "strace"),
    "wrk": (None, "wrk", "wrk"),
}


def find(program, bin_dir):
    """(path, None), or (None, the reason that the program is missing)."""
    if program in OUTSIDE:
        script, needed, package = OUTSIDE[program]
        path = shutil.which(needed)
        if path is None:
            return None, f"{needed} is not installed (Debian: {package})"
        return (ROOT / script if script else Path(path)), None
    places = [bin_dir / program, bin_dir / "bench" / program,
              bin_dir / "bench" / "pair" / program,
              bin_dir / "bench" / "cluster" / program,
              bin_dir / "bench" / "websocket" / program,
              bin_dir / "examples" / program / program,
              bin_dir / "examples" / "kv_cluster" / program,
              bin_dir / "examples" / program]
    for path in places:
        if path.is_file():
            return path, None
    return None, f"{program} is not built"
