#pragma once
#include <span>
#include <string>

namespace bulla::cli {

/// What `bulla serve` was told.
struct ServeOptions {
    std::string config_path;  ///< The file to load; found already (-c, BULLA_CONFIG or a default).
};

/// Runs the daemon until it is told to stop; gives the exit code. The program's main hands it in, so that the command line does not know
/// how the daemon is built.
using Serve = int (*)(const ServeOptions&);

/// The whole program: reads the command line, runs one command, gives its exit code (see ExitCode in command.h).
[[nodiscard]] int run(int argc, const char* const* argv, Serve serve);

}  // namespace bulla::cli
