#pragma once
#include "cli/command.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bulla::cli {

/// Asks the chosen instance for a service call, as services::call_instance.
[[nodiscard]] Result<nlohmann::json> call(const Context& context,
                                          std::string_view name,
                                          const nlohmann::json& arguments);

/// Calls and prints: JSON with --json, else what `print` writes for people.
[[nodiscard]] Result<ExitCode> call_and_print(
    const Context& context,
    std::string_view name,
    const nlohmann::json& arguments,
    const std::function<void(const nlohmann::json&)>& print);

/// A moment that services give, to the second; "-" for null.
[[nodiscard]] std::string show_time(const nlohmann::json& moment);
/// "yes" or "no".
[[nodiscard]] std::string show_flag(const nlohmann::json& flag);
/// A member of an object as text, whatever its type.
[[nodiscard]] std::string show(const nlohmann::json& object, const char* member);

/// Adds -c and --json: what every command on an instance has.
void add_instance_options(CLI::App& command, Context& context);

}  // namespace bulla::cli
