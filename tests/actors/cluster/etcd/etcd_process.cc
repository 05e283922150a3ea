#include "tests/actors/cluster/etcd/etcd_process.h"

#include "actors/cluster/etcd/base64.h"
#include "actors/cluster/etcd/wire.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace sluice::testing {

namespace etcd = actors::cluster::etcd;

namespace {

constexpr auto patience = std::chrono::seconds{30};

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "etcd_process: %s\n", why);
  std::abort();
}

std::size_t append(char* bytes, std::size_t, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(bytes, count);
  return count;
}

} // namespace

std::uint16_t free_port() {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, length) != 0
      || ::getsockname(fd, generic, &length) != 0)
    give_up("no port");
  ::close(fd);
  return ntohs(address.sin_port);
}

etcd_process::etcd_process() {
  auto base = std::getenv("TEST_TMPDIR");
  std::string pattern =
      std::string{base != nullptr ? base : "/tmp"} + "/etcd-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr)
    give_up("no folder");
  folder_ = pattern;
  // Somebody else may take a port meanwhile.
  for (int i = 0; i < 5; ++i) {
    client_port_ = free_port();
    peer_port_ = free_port();
    url_ = "http://127.0.0.1:" + std::to_string(client_port_);
    if (try_start())
      return;
  }
  give_up("it does not start");
}

etcd_process::~etcd_process() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void etcd_process::kill() {
  if (pid_ < 0)
    return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void etcd_process::start() {
  if (!try_start())
    give_up("it does not start again");
}

void etcd_process::forget() {
  std::filesystem::remove_all(folder_ / "data");
}

bool etcd_process::try_start() {
  auto program = std::getenv("ETCD");
  if (program == nullptr)
    give_up("the environment variable ETCD is not set");
  auto peer = "http://127.0.0.1:" + std::to_string(peer_port_);
  std::vector<std::string> words{
      program, "--name=one", "--data-dir=" + (folder_ / "data").string(),
      "--listen-client-urls=" + url_, "--advertise-client-urls=" + url_,
      "--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
      "--initial-cluster=one=" + peer,
      // Leases of two seconds, on a loaded machine
      "--heartbeat-interval=50", "--election-timeout=500", "--logger=zap",
      "--log-level=error"};
  std::vector<char*> arguments;
  for (auto& x : words)
    arguments.push_back(x.data());
  arguments.push_back(nullptr);
  auto log = (folder_ / "log").string();
  auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
      ::_exit(1);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    auto fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(fd, 1);
    ::dup2(fd, 2);
    ::execv(program, arguments.data());
    ::_exit(127);
  }
  if (pid_ < 0)
    give_up("no process");
  auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (revision() != 0)
      return true;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    ::poll(nullptr, 0, 5); // between two questions
  }
  give_up("it does not answer");
}

std::string etcd_process::post(const std::string& path,
                               const std::string& body) const {
  auto easy = curl_easy_init();
  std::string result;
  curl_easy_setopt(easy, CURLOPT_URL, (url_ + path).c_str());
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10'000L);
  curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &result);
  auto code = curl_easy_perform(easy);
  curl_easy_cleanup(easy);
  return code == CURLE_OK ? result : std::string{};
}

std::uint64_t etcd_process::revision() const {
  auto what = etcd::ask_list("/none/");
  auto answer = etcd::read_list(post(what.path, what.body));
  return answer ? answer->head.revision : 0;
}

void etcd_process::compact(std::uint64_t revision) const {
  auto answer = post("/v3/kv/compaction",
                     "{\"revision\":\"" + std::to_string(revision) + "\"}");
  if (!etcd::read_done(answer))
    give_up("it does not compact");
}

void etcd_process::put(const std::string& key, const std::string& value) const {
  auto answer = post("/v3/kv/put", "{\"key\":\"" + etcd::to_base64(key)
                                       + "\",\"value\":\""
                                       + etcd::to_base64(value) + "\"}");
  if (!etcd::read_done(answer))
    give_up("it does not put");
}

void etcd_process::remove(const std::string& key) const {
  auto answer =
      post("/v3/kv/deleterange", "{\"key\":\"" + etcd::to_base64(key) + "\"}");
  if (!etcd::read_done(answer))
    give_up("it does not delete");
}

bool etcd_process::has_key(const std::string& key) const {
  auto what = etcd::ask_list(key);
  auto answer = etcd::read_list(post(what.path, what.body));
  if (!answer)
    give_up("it does not list");
  return !answer->keys.empty();
}

} // namespace sluice::testing
