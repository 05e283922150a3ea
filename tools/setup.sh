# Brings a bare Debian 12 to where this project builds. Sourced by ./test and
# ./run; does nothing, and needs no network, when nothing is missing.
#
# After it:
#   install_packages NAME...   installs those that are missing, or says what to do
#   bazel ...                  Bazel, also for a user without a home folder

# What every build needs.
build_packages=(
  bazel-bootstrap    # Bazel 4.2.3
  bazel-platforms    # names of operating systems and processors, for Bazel
  bazel-rules-java   # Bazel loads these two before any C++ target
  bazel-rules-proto
  bazel-skylib       # used by bazel-rules-proto
  g++                # the compiler: GCC 12
  libboost-dev       # Beast, which reads HTTP
  libc-ares-dev      # name look-ups that do not block
  libcaf-dev         # CAF 0.17.6
  libcli11-dev       # command lines of the programs
  libcurl4-openssl-dev # speaks to etcd
  libssl-dev         # digests, of the WebSocket handshake and the relay example
  libwslay-dev       # reads the frames of WebSockets
  libxxhash-dev      # places keys on nodes
  nlohmann-json3-dev # JSON, for etcd and the tool `sluice`
  prometheus-cpp-dev # metrics in the form that Prometheus reads
)

# What the tests need besides.
test_packages=(
  clang              # tests/fuzz: libFuzzer belongs to it
  clang-format       # version 14 decides about the format
  libasio-dev        # a peer that bench/ measures
  libbenchmark-dev   # microbenchmarks
  libgmock-dev       # matchers, and the tests' main function
  libgtest-dev       # tests
  libuv1-dev         # a peer that bench/ measures
  chromium           # a client of tests/system, and looks at the live page
  chromium-driver    # how tests/system steers it
  curl               # a client of tests/system
  fonts-dejavu-core  # what Chromium writes with
  iproute2           # networks of their own for tests/system
  libclang-rt-14-dev # libFuzzer and the sanitizers of Clang
  netcat-openbsd     # a client of tests/system, which can half-close
  node-ws            # a WebSocket client of tests/system; brings Node
  procps             # ps and kill, for tests/system
  python3            # checks, counting, tests/system
  python3-selenium   # speaks to chromium-driver
  python3-websockets # a node that does not exist, for tests of the live page
  redis-tools        # clients of the KV example. Debian's redis-server is a
                     # service that starts itself, so it is not installed;
                     # tools/redis_server runs the same program from here
  spin               # checks the model of actors/flow_control.*; it needs gcc,
                     # which g++ brings
  wrk                # a client of tests/system, and the load of bench/
)

# What ./run needs besides: a client to try the cluster with.
run_packages=(
  redis-tools
)

say() {
  printf '%s\n' "$*" >&2
}

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" \
      2>/dev/null | grep -qx installed || printf '%s\n' "$package"
  done
}

# Prints how to run a command as root, or fails.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    echo env
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    echo sudo -n env
  else
    return 1
  fi
}

install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "This needs Debian 12: its apt-get was not found."
    return 1
  fi
  local missing prefix log
  mapfile -t missing < <(missing_packages "$@" | sort -u)
  [[ ${#missing[@]} -gt 0 ]] || return 0

  local by_hand="apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  if ! prefix=$(as_root); then
    say "These packages are missing: ${missing[*]}"
    say "Installing them takes root, and there is no sudo without a password." \
      "As root, run:"
    say "  $by_hand"
    return 1
  fi

  say "Installing ${missing[*]}"
  log=$(mktemp)
  # Unquoted: the prefix is several words.
  # shellcheck disable=SC2086
  if ! $prefix DEBIAN_FRONTEND=noninteractive sh -c '
      apt-get -q -o DPkg::Lock::Timeout=300 update &&
      apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "$@"' \
      sh "${missing[@]}" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    say "The packages could not be installed; apt-get's last words are above." \
      "Is Debian's mirror reachable? By hand:"
    say "  $by_hand"
    return 1
  fi
  rm -f "$log"
}

# Bazel keeps its output below the home folder and ends at once if it cannot
# write there.
bazel() {
  local home options=()
  home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
  if [[ -z $home || ! -w $home ]]; then
    options+=("--output_user_root=/var/tmp/sluice-$(id -u)")
  fi
  command bazel "${options[@]}" "$@"
}
