#pragma once
#include <span>
#include <string>

namespace bulla::qmail {

/// The programs, with the arguments behind their name; each gives its exit status. `name` is as the program was called, for messages.
/// They may be run once a process.
[[nodiscard]] int run_dksign(const std::string& name, std::span<char*> arguments);
[[nodiscard]] int run_dkim(const std::string& name, std::span<char*> arguments);
[[nodiscard]] int run_dkverify(const std::string& name, std::span<char*> arguments);
[[nodiscard]] int run_mkdkimkey(const std::string& name, std::span<char*> arguments);

}  // namespace bulla::qmail
