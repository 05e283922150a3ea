// `sluice`: starts a cluster on this machine, shows how it is, and makes
// trouble for it. Reading order: command_line.cc (what it can be told), up.h
// and launcher.h (who keeps the nodes), control.h and commands.h (who asks),
// the views. docs/cluster.md says how to use it.

#include "tools/sluice/command_line.h"

int main(int argc, char** argv) {
  return static_cast<int>(sluice::tools::run_command_line(argc, argv));
}
