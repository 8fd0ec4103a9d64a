#include "cli/completion.h"

#include <fmt/format.h>

namespace bulla::cli {
namespace {

bool takes_path(const OptionInfo& option) {
    return option.value == "FILE" || option.value == "PATH" || option.value == "DIR" ||
           option.value == "OUT";
}

/// 'text' for a shell, also fish.
std::string quote(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) {
        out += (out.empty() ? "" : " ") + word;
    }
    return out;
}

std::vector<std::string> offered_words(const CommandInfo& command) {
    std::vector<std::string> words;
    words.reserve(command.commands.size());
    for (const CommandInfo& inside : command.commands) {
        words.push_back(inside.name());
    }
    for (const OptionInfo& argument : command.arguments) {
        words.insert(words.end(), argument.choices.begin(), argument.choices.end());
    }
    for (const OptionInfo& option : command.options) {
        words.insert(words.end(), option.names.begin(), option.names.end());
    }
    return words;
}

bool argument_is_path(const CommandInfo& command) {
    for (const OptionInfo& argument : command.arguments) {
        if (takes_path(argument)) {
            return true;
        }
    }
    return false;
}

/// "queue|queue list|…": every command's words, as patterns of a case of sh.
std::string all_paths(const CommandInfo& root) {
    std::string out;
    for (const CommandInfo* command : flatten(root)) {
        if (const std::string words = words_after_program(*command); !words.empty()) {
            out += (out.empty() ? "" : " | ") + quote(words);
        }
    }
    return out;
}

/// The case of bash and zsh that says what an option's value may be: words in `choices`, or a file.
std::string value_cases(const CommandInfo& root, std::string_view words, std::string_view files) {
    std::string out;
    for (const CommandInfo* command : flatten(root)) {
        for (const OptionInfo& option : command->options) {
            if (option.value.empty()) {
                continue;
            }
            std::string action = ":";
            if (!option.choices.empty()) {
                action = fmt::format(fmt::runtime(words), join(option.choices));
            } else if (takes_path(option)) {
                action = files;
            }
            for (const std::string& name : option.names) {
                out += fmt::format("        {}) {}; return ;;\n",
                                   quote(words_after_program(*command) + " " + name),
                                   action);
            }
        }
    }
    return out;
}

}  // namespace

std::string write_bash_completion(const CommandInfo& root) {
    std::string cases;
    for (const CommandInfo* command : flatten(root)) {
        cases += fmt::format("        {}) words={}{} ;;\n",
                             quote(words_after_program(*command)),
                             quote(join(offered_words(*command))),
                             argument_is_path(*command) ? "; files=1" : "");
    }
    return fmt::format(R"(# bash completion of bulla, written by `bulla completion bash`
_bulla() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} at= word words= files=
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "${{at:+$at }}$word" in
        {}) at="${{at:+$at }}$word" ;;
        esac
    done
    COMPREPLY=()
    case "$at $previous" in
{}    esac
    case "$at" in
{}    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [ -n "$files" ] && [ "${{current#-}}" = "$current" ]; then
        COMPREPLY+=($(compgen -f -- "$current"))
    fi
}}
complete -o filenames -F _bulla bulla
)",
                       all_paths(root),
                       value_cases(root,
                                   R"(COMPREPLY=($(compgen -W "{}" -- "$current")))",
                                   R"(COMPREPLY=($(compgen -f -- "$current")))"),
                       cases);
}

std::string write_zsh_completion(const CommandInfo& root) {
    const auto described = [](const std::string& word, const std::string& about) {
        std::string escaped;
        for (const char c : word) {
            escaped += c == ':' ? std::string("\\:") : std::string(1, c);
        }
        return " " + quote(escaped + ":" + about);
    };
    std::string cases;
    for (const CommandInfo* command : flatten(root)) {
        std::string commands;
        std::string options;
        for (const CommandInfo& inside : command->commands) {
            commands += described(inside.name(), inside.about);
        }
        for (const OptionInfo& argument : command->arguments) {
            for (const std::string& word : argument.choices) {
                commands += described(word, argument.about);
            }
        }
        for (const OptionInfo& option : command->options) {
            for (const std::string& name : option.names) {
                options += described(name, option.about);
            }
        }
        cases += fmt::format("        {}) commands=({}) options=({}){} ;;\n",
                             quote(words_after_program(*command)),
                             commands,
                             options,
                             argument_is_path(*command) ? " files=1" : "");
    }
    return fmt::format(R"(#compdef bulla
# zsh completion of bulla, written by `bulla completion zsh`
_bulla() {{
    local at= word files= previous=${{words[CURRENT-1]}}
    local -a commands options
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        case "${{at:+$at }}$word" in
        {}) at="${{at:+$at }}$word" ;;
        esac
    done
    case "$at $previous" in
{}    esac
    case "$at" in
{}    esac
    (( $#commands )) && _describe -t commands command commands
    [[ -n $files ]] && _files
    [[ $PREFIX == -* || $#commands -eq 0 ]] && _describe -t options option options
}}
if [[ $funcstack[1] == _bulla ]]; then _bulla "$@"; else compdef _bulla bulla; fi
)",
                       all_paths(root),
                       value_cases(root, "compadd -- {}", "_files"),
                       cases);
}

namespace {

std::string write_fish_option(const std::string& condition, const OptionInfo& option) {
    std::string line = fmt::format("complete -c bulla -n {}", condition);
    for (const std::string& name : option.names) {
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (!option.choices.empty()) {
        line += " -x -a " + quote(join(option.choices));
    } else if (takes_path(option)) {
        line += " -r -F";
    } else if (!option.value.empty()) {
        line += " -x";
    }
    return line + " -d " + quote(option.about) + "\n";
}

}  // namespace

std::string write_fish_completion(const CommandInfo& root) {
    std::string out = fmt::format(R"(# fish completion of bulla, written by `bulla completion fish`
function __bulla_at
    set -l at
    for word in (commandline -opc)[2..-1]
        if contains -- (string join ' ' $at $word) {}
            set -a at $word
        end
    end
    test (string join ' ' $at) = "$argv"
end
complete -c bulla -f
)",
                                  [&root] {
                                      std::string paths;
                                      for (const CommandInfo* command : flatten(root)) {
                                          paths += quote(words_after_program(*command)) + " ";
                                      }
                                      return paths;
                                  }());
    for (const CommandInfo* command : flatten(root)) {
        const std::string condition = quote("__bulla_at " + words_after_program(*command));
        for (const CommandInfo& inside : command->commands) {
            out += fmt::format("complete -c bulla -n {} -a {} -d {}\n",
                               condition,
                               inside.name(),
                               quote(inside.about));
        }
        for (const OptionInfo& argument : command->arguments) {
            if (!argument.choices.empty()) {
                out += fmt::format("complete -c bulla -n {} -a {} -d {}\n",
                                   condition,
                                   quote(join(argument.choices)),
                                   quote(argument.about));
            }
        }
        if (argument_is_path(*command)) {
            out += fmt::format("complete -c bulla -n {} -F\n", condition);
        }
        for (const OptionInfo& option : command->options) {
            out += write_fish_option(condition, option);
        }
    }
    return out;
}

}  // namespace bulla::cli
