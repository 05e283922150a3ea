#pragma once

// completion: what a shell has to know to complete the tool's command lines.
//
// Thread rule: pure functions.

#include <string>
#include <vector>

namespace sluice::tools {

struct command_words {
  std::string name;
  std::string description;
  std::vector<std::string> options;
  /// Its arguments are names of nodes.
  bool takes_nodes = false;
};

/// A script for bash: `source <(sluice completion bash)`.
std::string bash_completion(const std::vector<command_words>& commands);

/// A script for zsh: `source <(sluice completion zsh)`, after compinit.
std::string zsh_completion(const std::vector<command_words>& commands);

} // namespace sluice::tools
