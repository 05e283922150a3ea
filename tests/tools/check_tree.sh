#!/usr/bin/env bash
# Runs a check of tools/ on the tree that this test was built from.
set -euo pipefail
exec "$1" "$(dirname "$(readlink -f WORKSPACE)")"
