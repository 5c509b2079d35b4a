// SPDX-License-Identifier: BSD-3-Clause
// Copyright the SmartSwitch authors
#include "runtime/command/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "runtime/command/command.h"

namespace smartswitch::command {
namespace {

// The same for every command line. The functions above it know what belongs to which verb.
constexpr const char* kMachine = R"sh(
# Variables that the configuration names under `variables:`.
_smartswitch_variables() {
  [[ -r $1 ]] || return
  awk '/^variables:/ { inside = 1; next } /^[^ #]/ { inside = 0 }
       inside && match($0, /^ +[A-Za-z_][A-Za-z0-9_]*:/) { name = substr($0, RSTART, RLENGTH - 1); gsub(/ /, "", name); print name "=" }' "$1"
}

# $1: what the word stands for, $2: what there is of it, $3: the program, $4: the configuration, $5: the switch, $6: the word in front
_smartswitch_values() {
  local name
  case $1 in
    @*)
      if [[ $1 == @PATH* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
      fi
      # A name is proposed as it stands: nothing in it may mean something to the shell.
      while IFS= read -r name; do
        [[ $name == "$2"* && $name != *[^A-Za-z0-9_./%-]* ]] && COMPREPLY+=("$name")
      done < <(timeout 2 "$3" complete "${1#@}" --control "$5" --file "$4" --object "$6" 2>/dev/null)
      ;;
    FILE | LIBRARY)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$2")
      ;;
    CLASS)
      mapfile -t COMPREPLY < <(compgen -W "$("$3" list 2>/dev/null | awk '/^  / { print $1 }')" -- "$2")
      ;;
    NAME=VALUE)
      compopt -o nospace 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -W "$(_smartswitch_variables "$4")" -- "$2")
      ;;
    =*)
      mapfile -t COMPREPLY < <(compgen -W "${1#=}" -- "$2")
      ;;
  esac
}

_smartswitch() {
  local word=${COMP_WORDS[COMP_CWORD]} verb='' waits='' option='' file='' control='' object='' place=0 i w kind
  COMPREPLY=()
  # bash takes `=` and `:` for words.
  for ((i = 1; i < COMP_CWORD; ++i)); do
    w=${COMP_WORDS[i]}
    if [[ $w == [=:] || (-z $waits && ${COMP_WORDS[i - 1]} == [=:]) ]]; then
      continue
    elif [[ -n $waits ]]; then
      waits=''
      [[ $option == --control ]] && control=${w/#\~\//$HOME/}
    elif [[ $w == -* ]]; then
      option=$w
      waits=$(_smartswitch_kind "$verb" "$w")
    elif [[ " $(_smartswitch_verbs "$verb") " == *" $w "* ]]; then
      verb+="${verb:+ }$w"
    else
      [[ $(_smartswitch_kind "$verb" "$place") == FILE ]] && file=$w
      object=$w
      place=$((place + 1))
    fi
  done
  if [[ -z $waits && ($word == [=:] || ${COMP_WORDS[COMP_CWORD - 1]} == [=:]) ]]; then return; fi
  [[ $word == [=:] ]] && word=''
  # --set may stand in front of the file.
  for ((i = COMP_CWORD + 1; i < ${#COMP_WORDS[@]}; ++i)); do
    [[ -z $file && ${COMP_WORDS[i]} == *.y*ml ]] && file=${COMP_WORDS[i]}
  done
  if [[ -n $waits ]]; then
    _smartswitch_values "$waits" "$word" "${COMP_WORDS[0]}" "$file" "$control" "$object"
  elif [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_smartswitch_options "$verb")" -- "$word")
  elif [[ -n $(_smartswitch_verbs "$verb") ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_smartswitch_verbs "$verb")" -- "$word")
  else
    kind=$(_smartswitch_kind "$verb" "$place")
    _smartswitch_values "$kind" "$word" "${COMP_WORDS[0]}" "$file" "$control" "$object"
  fi
}

complete -F _smartswitch smartswitch
)sh";

std::string choices_in(const std::string& text, char separator, bool with_capitals) {
  std::istringstream words(text);
  std::string choices;
  for (std::string word; std::getline(words, word, separator);) {
    const bool capitals = std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isupper(c) != 0; });
    if (with_capitals || !capitals) choices += (choices.empty() ? "" : " ") + word;
  }
  return choices;
}

/// What the script knows a value by: one of its own words, `=` and all choices, `@` and what the verb `complete` is asked for, or `-` for
/// what it cannot propose.
std::string kind_of(const CLI::Option& option) {
  std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}');
  if (open != std::string::npos && close != std::string::npos) return "=" + choices_in(type.substr(open + 1, close - open - 1), ',', true);
  if (type == "FILE" || type == "LIBRARY" || type == "CLASS" || type == "NAME=VALUE") return type;
  if (is_completed_by_asking(type)) return "@" + type;
  // What is in capitals is no choice here, but what one has to think of: PATH|none.
  if (type.find('|') != std::string::npos) return "=" + choices_in(type, '|', false);
  return "-";
}

/// `case` branches of three functions, for a verb and those below it.
struct Branches {
  std::string verbs;
  std::string options;
  std::string kinds;

  void add(const CLI::App& app, const std::string& path) {
    std::string below;
    // A verb in no group is hidden.
    const auto verbs_below = app.get_subcommands([](const CLI::App* verb) { return !verb->get_group().empty(); });
    for (const CLI::App* verb : verbs_below) {
      below += (below.empty() ? "" : " ") + verb->get_name();
    }
    if (!below.empty()) verbs += fmt::format("    '{}') echo '{}' ;;\n", path, below);
    add_options(app, path);
    for (const CLI::App* verb : verbs_below) {
      add(*verb, path.empty() ? verb->get_name() : path + " " + verb->get_name());
    }
  }

 private:
  void add_options(const CLI::App& app, const std::string& path) {
    std::string names;
    unsigned place = 0;
    for (const CLI::Option* option : app.get_options()) {
      std::string pattern;
      if (option->get_positional()) pattern = fmt::format("'{}/{}'", path, place++);
      for (const std::string& name : option->get_snames()) pattern += fmt::format("{}'{}/-{}'", pattern.empty() ? "" : " | ", path, name);
      for (const std::string& name : option->get_lnames()) {
        pattern += fmt::format("{}'{}/--{}'", pattern.empty() ? "" : " | ", path, name);
        names += (names.empty() ? "--" : " --") + name;
      }
      if (option->get_items_expected_max() > 0) kinds += fmt::format("    {}) echo '{}' ;;\n", pattern, kind_of(*option));
    }
    options += fmt::format("    '{}') echo '{}' ;;\n", path, names);
  }
};

std::string function(const std::string& name, const std::string& subject, const std::string& branches) {
  return fmt::format("{}() {{\n  case {} in\n{}  esac\n}}\n", name, subject, branches);
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  Branches branches;
  branches.add(app, "");
  return "# Completion of smartswitch for bash, written by `smartswitch completion bash`.\n\n" +
         function("_smartswitch_verbs", "$1", branches.verbs) + function("_smartswitch_options", "$1", branches.options) +
         function("_smartswitch_kind", "\"$1/$2\"", branches.kinds) + kMachine;
}

void add_completion(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("completion", "Write a script by which a shell completes this program's command lines");
  auto shell = std::make_shared<std::string>();
  verb->add_option("shell", *shell, "The shell: bash")->required()->check(CLI::IsMember({"bash"}));
  verb->callback([shell, &app, &exit_code] {
    fmt::print("{}", bash_completion(app));
    exit_code = kOk;
  });
}

}  // namespace smartswitch::command
