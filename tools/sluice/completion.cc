#include "tools/sluice/completion.h"

namespace sluice::tools {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (auto& x : words)
    result += (result.empty() ? "" : " ") + x;
  return result;
}

/// The branches of a `case` over the commands: what may follow each.
std::string branches(const std::vector<command_words>& commands) {
  std::string result;
  for (auto& x : commands) {
    auto words = joined(x.options);
    if (x.takes_nodes)
      words += " $(command sluice nodes 2>/dev/null)";
    if (x.name == "completion")
      words += " bash zsh";
    result += "    " + x.name + ") words=\"" + words + "\" ;;\n";
  }
  return result;
}

/// In single quotes, with a colon after the name, as _describe has it.
std::string described(const command_words& x) {
  std::string text;
  for (auto c : x.description)
    text += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return "    '" + x.name + ":" + text + "'\n";
}

} // namespace

std::string bash_completion(const std::vector<command_words>& commands) {
  std::string names;
  for (auto& x : commands)
    names += x.name + " ";
  return R"(# Completion of `sluice` for bash.
_sluice() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local command= words i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
    --dir) i=$((i + 1)) ;;
    -*) ;;
    *)
      command=${COMP_WORDS[i]}
      break
      ;;
    esac
  done
  case $before in
    --dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
    --program) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  case $command in
    "") words=")"
         + names + R"(--dir --help" ;;
)" + branches(commands)
         + R"(    *) words= ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _sluice sluice
)";
}

std::string zsh_completion(const std::vector<command_words>& commands) {
  std::string names;
  for (auto& x : commands)
    names += described(x);
  return R"(#compdef sluice
# Completion of `sluice` for zsh.
_sluice() {
  local -a before=("${words[@]}")
  local words
  local -a commands
  commands=(
)" + names
         + R"(  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  case ${before[CURRENT - 1]} in
    --dir) _files -/; return ;;
    --program) _files; return ;;
  esac
  case ${before[2]} in
)" + branches(commands)
         + R"(    *) words= ;;
  esac
  compadd -- ${=words}
}
compdef _sluice sluice
)";
}

} // namespace sluice::tools
