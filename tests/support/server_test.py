"""Whether a program under test is read, waited for and ended."""

import signal
import socket
import sys
import unittest

from tests.support.server import PATIENCE_S, Server, free_port

FLOOD_BYTES = 4 << 20
PROGRAM = """
import fcntl, os, resource, signal, socket, sys, termios

def say(text):
    print(text, flush=True)

def log(text):
    print(text, file=sys.stderr, flush=True)

"""


class ServerCase(unittest.TestCase):
    def start(self, code, **options):
        server = Server(sys.executable, "-c", PROGRAM + code, **options)
        self.addCleanup(server.stop)
        return server


class Start(ServerCase):
    def test_first_line_has_the_port(self):
        server = self.start("say('listening 7')")
        self.assertEqual(server.port, 7)

    def test_line_that_comes_in_parts_is_waited_for(self):
        server = self.start("""
os.write(1, b"listening 7")
while any(fcntl.ioctl(1, termios.FIONREAD, b"1234")):
    pass  # the reader has not taken it
os.write(1, b"8\\n")
""")
        self.assertEqual(server.port, 78)

    def test_other_first_line_is_a_failure(self):
        with self.assertRaisesRegex(RuntimeError,
                                    "(?s)hello.*to the log"):
            self.start("say('hello'); say('listening 7'); log('to the log')")

    def test_program_may_be_ready_in_its_own_words(self):
        server = self.start("say('one'); say('now ready'); say('three')",
                            ready="ready\n", port=9)
        self.assertEqual(server.wait(), 0)
        self.assertEqual((server.port, server.last_words), (9, "three\n"))

    def test_soft_limit_of_descriptors_is_set(self):
        server = self.start("""
say("listening 7")
say(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
""", descriptors=50)
        server.wait()
        self.assertEqual(server.last_words, "50\n")

    def test_port_is_free(self):
        with socket.create_server(("127.0.0.1", free_port())) as listener:
            self.assertGreater(listener.getsockname()[1], 0)


class Outputs(ServerCase):
    def test_floods_do_not_hold_it_up(self):
        server = self.start(f"""
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
say("listening 7")
say("x" * {FLOOD_BYTES})
log("y" * {FLOOD_BYTES})
log("all is written")
signal.pause()
""")
        server.await_log("^all is written$")
        self.assertEqual(server.stop(), 0)
        # Not assertEqual, which would print both.
        self.assertTrue(server.last_words == "x" * FLOOD_BYTES + "\n")
        self.assertTrue(server.log()
                        == "y" * FLOOD_BYTES + "\nall is written\n")

    def test_all_that_was_written_before_is_in_the_log(self):
        server = self.start("""
listener = socket.create_server(("127.0.0.1", 0))
say("listening %d" % listener.getsockname()[1])
peer, _ = listener.accept()
for n in range(1000):
    log("line %d" % n)
    peer.sendall(b"x")
    peer.recv(1)
""")
        with socket.create_connection(("127.0.0.1", server.port),
                                      PATIENCE_S) as peer:
            for n in range(1000):
                self.assertEqual(peer.recv(1), b"x")
                self.assertTrue(server.log().endswith(f"line {n}\n"))
                peer.sendall(b"y")
        self.assertEqual(server.wait(), 0)

    def test_line_that_never_comes_is_a_failure_when_it_ends(self):
        server = self.start("say('listening 7'); log('other')")
        with self.assertRaisesRegex(AssertionError, "wanted.*other"):
            server.await_log("wanted")

    def test_closed_output_is_a_broken_pipe(self):
        server = self.start("""
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
say("listening 7")
signal.sigwait([signal.SIGUSR1])
try:
    say("anybody?")
except BrokenPipeError:
    log("nobody")
    os._exit(0)
""")
        server.output.close()
        server.process.send_signal(signal.SIGUSR1)
        self.assertEqual(server.wait(), 0)
        self.assertEqual(server.log(), "nobody\n")


class End(ServerCase):
    def test_it_is_asked_by_the_signal_that_is_named(self):
        server = self.start("say('listening 7'); signal.pause()")
        self.assertEqual(server.stop(signal.SIGUSR1), -signal.SIGUSR1)

    def test_code_can_be_asked_for_again(self):
        server = self.start("say('listening 7'); sys.exit(5)")
        for _ in range(2):
            self.assertEqual(server.wait(), 5)
        self.assertEqual(server.stop(), 5)


if __name__ == "__main__":
    unittest.main()
