#include "qmail/programs.h"

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <sys/auxv.h>
#include <unistd.h>

namespace {

struct Program {
    std::string_view name;
    int (*run)(const std::string& name, std::span<char*> arguments);
};

constexpr Program programs[] = {
    {"qmail-dksign", bulla::qmail::run_dksign},
    {"qmail-remote", bulla::qmail::run_dksign},  // where qmail-rspawn knows no other name
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

// Whoever may run one of the programs with another's rights must not get another of them by calling it so.
int run_with_rights(std::span<char*> words) {
    std::array<char, 4096> path{};
    const auto size = readlink("/proc/self/exe", path.data(), path.size());
    const auto* program =
        size > 0 ? find_program({path.data(), static_cast<std::size_t>(size)}) : nullptr;
    return program == nullptr || words.empty()
               ? 100
               : program->run(std::string(program->name), words.subspan(1));
}

}  // namespace

// By the name that it is called by, or by its first argument.
int main(int argc, char** argv) {
    std::span<char*> words(argv, static_cast<std::size_t>(argc));
    if (getauxval(AT_SECURE) != 0) {
        return run_with_rights(words);
    }
    for (std::size_t i = 0; i < words.size() && i < 2; ++i) {
        if (const auto* program = find_program(words[i])) {
            return program->run(std::string(program->name), words.subspan(i + 1));
        }
    }
    static_cast<void>(std::fputs(
        "usage: bulla-qmail qmail-dksign|qmail-dkim|qmail-dkverify|mkdkimkey ARGUMENT...\n"
        "or by links of these names. See bulla-qmail(8).\n",
        stderr));
    return 100;
}
