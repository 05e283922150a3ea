"""nginx with a configuration of a test's own, as one process."""

import os
import pwd
import tempfile

from tests.support.server import Server, free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
NGINX_BINARY = os.environ.get("SLUICE_NGINX") or os.path.join(
    ROOT, "external", "nginx", "nginx")

# One process without a master; everything it writes is in one folder.
CONFIGURATION = """
user {user};
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr notice;
events {{ worker_connections 10000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  default_type text/plain;
  {more}
}}
"""


class Nginx:
    """A context manager; `more` stands in the block `http`, and `{port}` in it
    is replaced by the port to listen on, which is then `port`.

    It cannot choose a port itself, so another process may take the free one
    first: then another one is tried.
    """

    def __init__(self, more):
        self._folder = tempfile.TemporaryDirectory()
        for _ in range(5):
            self.port = free_port()
            self._write(more)
            try:
                self._server = Server(
                    NGINX_BINARY, "-c", self._path, "-e", "stderr",
                    ready=r"\A")
                self._server.await_log('using the "epoll" event method')
                return
            except (AssertionError, RuntimeError) as why:
                self._server.wait()
                if "Address already in use" not in self._server.log():
                    self._folder.cleanup()
                    raise RuntimeError(self._server.log()) from why
        raise RuntimeError("no port was free for nginx")

    def _write(self, more):
        self._path = os.path.join(self._folder.name, "nginx.conf")
        with open(self._path, "w") as f:
            f.write(CONFIGURATION.format(
                folder=self._folder.name,
                user=pwd.getpwuid(os.geteuid()).pw_name,
                more=more.replace("{port}", str(self.port))))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self._server.pid

    def log(self):
        return self._server.log()

    def stop(self):
        """Ends it; its exit code.

        A single process of nginx looks for the signal before it waits for
        events, so one that comes between the two is seen only after the next
        event. Another signal is one.
        """
        try:
            return self._server.stop(again_s=0.1)
        finally:
            self._folder.cleanup()
