#include "cli/manual_pages.h"

#include "cli/version.h"

#include <array>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace bulla::cli {
namespace {

/// Text as roff reads it: no character is an escape or a request.
std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
            out += std::string("\\&") + c;
        } else if (c == '-') {
            out += "\\-";
        } else {
            out += c;
        }
    }
    return out;
}

/// A word as the argument of a macro: never taken for a macro or for punctuation.
std::string argument(std::string_view word) {
    std::string out = "\\&" + escape(word);
    return out.find(' ') == std::string::npos ? out : "\"" + out + "\"";
}

constexpr std::size_t fill_width = 60;  // then a line ends at the next blank

/// Sentences on lines of their own, as mdoc wants them, and long ones on several.
std::string prose(std::string_view text) {
    std::string out;
    std::string line;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool ends = text[i] == '\n' ||
                          (text[i] == ' ' && i > 0 && text[i - 1] == '.' && i + 1 < text.size() &&
                           std::isupper(static_cast<unsigned char>(text[i + 1])) != 0);
        const bool is_full = text[i] == ' ' && line.size() > fill_width;
        if (!ends && !is_full) {
            line += text[i];
        } else if (!line.empty()) {
            out += escape(line) + "\n";
            line.clear();
        }
    }
    return line.empty() ? out : out + escape(line) + "\n";
}

std::string sentence(std::string text) {
    if (!text.empty() && text.back() != '.') {
        text += '.';
    }
    return prose(text);
}

std::string head(std::string_view name, int section, Time date, std::string_view about) {
    std::string title(name);
    for (char& c : title) {
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    const std::tm day = fmt::gmtime(std::chrono::system_clock::to_time_t(date));
    return fmt::format(".Dd {:%B} {}, {:%Y}\n.Dt {} {}\n.Os bulla {}\n.Sh NAME\n.Nm {}\n.Nd {}\n",
                       day,
                       day.tm_mday,
                       day,
                       title,
                       section,
                       version,
                       name,
                       escape(about));
}

std::string flag(const std::string& name) {
    return name.starts_with("--") ? "Fl Fl " + escape(name.substr(2)) : "Fl " + name.substr(1);
}

std::string value_of(const OptionInfo& option) {
    std::string words;
    for (const std::string& word : option.choices) {
        words += (words.empty() ? "" : "|") + word;
    }
    return words.empty() ? option.value : words;
}

std::string synopsis_of(const OptionInfo& option) {
    std::string out;
    if (option.names.empty()) {
        out = "Ar " + argument(value_of(option));
    } else {
        out = flag(option.names.front());
        out += option.value.empty() ? "" : " Ar " + argument(value_of(option));
    }
    return (option.required ? "." : ".Op ") + out + (option.repeats ? " Ar ...\n" : "\n");
}

/// ".Nm bulla queue list" and what may follow.
std::string synopsis(const CommandInfo& command) {
    std::string out = ".Nm " + command.path + "\n";
    for (const OptionInfo& option : command.options) {
        if (option.names.back() != "--help") {
            out += synopsis_of(option);
        }
    }
    for (const OptionInfo& one : command.arguments) {
        out += synopsis_of(one);
    }
    if (command.is_group()) {
        out += ".Ar command\n.Op Ar ...\n";
    }
    return out;
}

std::string item(const OptionInfo& option) {
    std::string out = ".It ";
    for (std::size_t i = 0; i < option.names.size(); ++i) {
        out += (i == 0 ? "" : " , ") + flag(option.names[i]);
    }
    if (option.names.empty() || !option.value.empty()) {
        out += std::string(option.names.empty() ? "" : " ") + "Ar " + argument(value_of(option));
    }
    out += "\n" + sentence(option.about);
    if (!option.range.empty()) {
        out += sentence("From " + option.range);
    }
    if (!option.standard.empty()) {
        out += sentence("Default: " + option.standard);
    }
    return out + (option.repeats ? "May be given more than once.\n" : "");
}

std::string options_of(const CommandInfo& command) {
    std::string items;
    for (const OptionInfo& one : command.arguments) {
        items += item(one);
    }
    for (const OptionInfo& option : command.options) {
        items += item(option);
    }
    return items.empty() ? items : ".Bl -tag -width Ds\n" + items + ".El\n";
}

/// The lines below "Example:" in a command's help.
std::string examples_of(const CommandInfo& command) {
    std::string out;
    for (std::size_t at = 0; at < command.notes.size();) {
        const std::size_t end = std::min(command.notes.find('\n', at), command.notes.size());
        const std::string line = command.notes.substr(at, end - at);
        if (line.starts_with("  ")) {
            out += ".Dl " + argument(line.substr(2)) + "\n";
        }
        at = end + 1;
    }
    return out;
}

constexpr std::string_view exit_status = R"(.Sh EXIT STATUS
.Bl -tag -width Ds
.It 0
Done.
.It 1
The question was answered, and the answer is no: something does not verify.
.It 2
Wrong usage: nothing was done.
.It 3
It failed: the text says why and what to do.
.El
)";

// `bulla check` counts its findings instead.
constexpr std::string_view check_status = R"(.Sh EXIT STATUS
.Bl -tag -width Ds
.It 0
All is well.
.It 1
There are warnings.
.It 2
There are errors.
.El
)";

constexpr std::string_view surroundings = R"(.Sh ENVIRONMENT
.Bl -tag -width Ds
.It Ev BULLA_CONFIG
The configuration file where
.Fl c
does not name one.
.El
.Sh FILES
.Bl -tag -width Ds
.It Pa bulla.toml
The configuration, if it is in the current directory.
.It Pa /etc/bulla/bulla.toml
The configuration, if there is none.
.El
)";

std::string see_also(std::string_view own, const CommandInfo& root) {
    std::string out = ".Sh SEE ALSO\n";
    std::vector<std::string> names;
    if (own != "bulla") {
        names.emplace_back("bulla 1");
    } else {
        for (const CommandInfo& command : root.commands) {
            names.push_back("bulla-" + command.name() + " 1");
        }
    }
    std::ranges::sort(names);
    names.emplace_back("bulla.toml 5");
    for (const std::string& name : names) {
        out += ".Xr " + name + (&name == &names.back() ? "\n" : " ,\n");
    }
    return out;
}

ManualPage write_command_page(const CommandInfo& command, const CommandInfo& root, Time date) {
    const std::string name = "bulla-" + command.name();
    const std::vector<const CommandInfo*> all = flatten(command);
    std::string text = head(name, 1, date, command.about) + ".Sh SYNOPSIS\n";
    std::string body;
    std::string examples;
    for (const CommandInfo* one : all) {
        const bool is_group = one->is_group();
        if (!is_group) {
            text += synopsis(*one);
            examples += examples_of(*one);
        }
        if (one != &command && !is_group) {
            body += ".Ss " + one->path + "\n" + sentence(one->about) + options_of(*one);
        }
    }
    text += ".Sh DESCRIPTION\n" + sentence(command.about);
    text += all.size() == 1 ? options_of(command) : body;
    text += surroundings;
    text += (command.name() == "check" ? check_status : exit_status);
    text += ".Sh EXAMPLES\n" + examples + see_also(name, root);
    return {name + ".1", text};
}

ManualPage write_program_page(const CommandInfo& root, Time date) {
    std::string text = head("bulla", 1, date, "gateway that seals mail") + ".Sh SYNOPSIS\n";
    text += ".Nm\n.Ar command\n.Op Ar ...\n.Sh DESCRIPTION\n" + sentence(root.about);
    text += "The commands, each with a page of its own:\n.Bl -tag -width archiveXX\n";
    for (const CommandInfo& command : root.commands) {
        text += ".It Cm " + argument(command.name()) + "\n" + sentence(command.about);
    }
    text +=
        ".El\n.Pp\nEach command has\n.Fl Fl help ;\nthose that print data have\n.Fl Fl json .\n";
    text += options_of(root);
    text += surroundings;
    text += exit_status;
    text += ".Sh EXAMPLES\n" + examples_of(root) + see_also("bulla", root);
    return {"bulla.1", text};
}

/// The heading of a table: "[limits]", or "[[route]]", which may stand more than once.
std::string table_head(std::string_view table) {
    const bool repeats = table.starts_with("[[");
    const std::string name(table.substr(repeats ? 2 : 1, table.find(']') - (repeats ? 2 : 1)));
    return fmt::format(".Ss {} {}\nWritten\n.Li {}{}\n",
                       repeats ? "Tables" : "Table",
                       name,
                       argument(table),
                       repeats ? " ,\nonce for each." : " .");
}

ManualPage write_settings_page(std::span<const config::KeyInfo> settings, Time date) {
    std::string text = head("bulla.toml", 5, date, "configuration of bulla");
    text += ".Sh DESCRIPTION\n" +
            prose(
                "What must be known before the database is open. `bulla init` writes the file "
                "with every setting. A name that is not here, a wrong type or a value out of range "
                "is an error. Relative paths start from the file's own directory. A size is a "
                "number of octets or a text such as \"64 KiB\", \"50 MiB\", \"1 GiB\"; a time is a "
                "number of seconds or a text such as \"90 s\", \"5 min\", \"4 h\", \"7 d\".");
    std::string_view table;
    text += ".Ss Above all tables\n.Bl -tag -width Ds\n";
    for (const config::KeyInfo& setting : settings) {
        if (setting.table != table) {
            table = setting.table;
            text += ".El\n" + table_head(table) + ".Bl -tag -width Ds\n";
        }
        text += ".It Ic " + argument(setting.name) + "\n" + sentence(std::string(setting.help));
        text += sentence(fmt::format("Type: {}; default: {}", setting.type, setting.value));
    }
    text +=
        ".El\n.Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/bulla/bulla.toml\nThe usual place.\n.El\n";
    return {"bulla.toml.5", text + ".Sh SEE ALSO\n.Xr bulla 1\n"};
}

}  // namespace

std::vector<ManualPage> write_manual(const CommandInfo& root,
                                     std::span<const config::KeyInfo> settings,
                                     Time date) {
    std::vector<ManualPage> pages;
    pages.push_back(write_program_page(root, date));
    for (const CommandInfo& command : root.commands) {
        pages.push_back(write_command_page(command, root, date));
    }
    pages.push_back(write_settings_page(settings, date));
    return pages;
}

}  // namespace bulla::cli
