#include "app/serve.h"

#include "app/daemon.h"
#include "app/logging.h"
#include "app/process.h"
#include "base/log.h"
#include "config/config.h"

#include <cstdio>

namespace bulla::app {

namespace {

constexpr int exit_failure = 3;

Result<void> run(const config::Config& config) {
    BULLA_TRY(daemon, Daemon::open(config));
    return daemon->run();
}

}  // namespace

int serve(const cli::ServeOptions& options) {
    hold_signals(true);
    const auto config = config::load_config(options.config_path);
    if (!config) {
        (void)std::fprintf(stderr, "bulla: %s\n", config.error().text.c_str());
        return exit_failure;
    }
    start_logging(config->log_level);
    raise_descriptor_limit();
    if (const auto outcome = run(*config); !outcome) {
        log::error("daemon.failed",
                   {{"code", std::string(outcome.error().code)}, {"reason", outcome.error().text}});
        return exit_failure;
    }
    return 0;
}

}  // namespace bulla::app
