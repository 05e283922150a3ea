#!/usr/bin/env python3
"""Writes the requests of tests/system/http_requests.py into a folder: where
http_requests_fuzz starts from.

Usage: http_requests_seeds FOLDER

The first two bytes of an input say how the rest is cut; see the target.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.http_requests import REFUSED, TAKEN

# Longer ones are cut: a fuzzer that works on long inputs is slow.
BYTES_MAX = 1000


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    inputs = [x.data[:BYTES_MAX] for x in REFUSED + TAKEN]
    inputs += [x.data + y.data for x, y in zip(TAKEN, TAKEN[1:])]
    for i, data in enumerate(inputs):
        with open(os.path.join(sys.argv[1], str(i)), "wb") as f:
            f.write(bytes((i % 8, i % 256)) + data)


if __name__ == "__main__":
    main()
