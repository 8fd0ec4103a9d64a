#include "qmail/programs.h"

#include <cstdio>
#include <string>
#include <string_view>

namespace {

struct Program {
    std::string_view name;
    int (*run)(const std::string& name, std::span<char*> arguments);
};

constexpr Program programs[] = {
    {"qmail-dksign", bulla::qmail::run_dksign},
    {"qmail-dkim", bulla::qmail::run_dkim},
    {"qmail-dkverify", bulla::qmail::run_dkverify},
    {"mkdkimkey", bulla::qmail::run_mkdkimkey},
};

const Program* find_program(std::string_view path) {
    const auto name = path.substr(path.rfind('/') + 1);
    for (const auto& program : programs) {
        if (program.name == name) {
            return &program;
        }
    }
    return nullptr;
}

}  // namespace

// By the name that it is called by, or by its first argument.
int main(int argc, char** argv) {
    std::span<char*> words(argv, static_cast<std::size_t>(argc));
    for (std::size_t i = 0; i < words.size() && i < 2; ++i) {
        if (const auto* program = find_program(words[i])) {
            return program->run(std::string(program->name), words.subspan(i + 1));
        }
    }
    std::fputs(
        "usage: bulla-qmail qmail-dksign|qmail-dkim|qmail-dkverify|mkdkimkey ARGUMENT...\n"
        "or by links of these names. See bulla-qmail(8).\n",
        stderr);
    return 100;
}
