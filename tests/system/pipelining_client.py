"""A client that asks without waiting and checks that every reply comes in order.

Usage: pipelining_client.py PORT KEY ROUNDS

Each round asks for ECHO of its number and GET of KEY, and the answers are
compared. Prints `started` once a hundred rounds are answered, and ends with
exit code 0 if all were right.
"""

import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.resp_connection import Connection, encode


def main(port, key, rounds):
    connection = Connection(int(port))
    value = connection.ask("get", key)

    def ask_all():
        for i in range(int(rounds)):
            connection.send_raw(encode(("echo", i)) + encode(("get", key)))

    threading.Thread(target=ask_all, daemon=True).start()
    # This thread waits for as long as it takes.
    connection.socket.settimeout(None)
    for i in range(int(rounds)):
        number = connection.read()[1]
        if number != b"%d" % i:
            sys.exit("round %d: echo said %r" % (i, number))
        if connection.read()[1] != value:
            sys.exit("round %d: another value" % i)
        if i == 100:
            print("started", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
