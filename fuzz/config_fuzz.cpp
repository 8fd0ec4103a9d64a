// folders: config
#include "config/config.h"

#include "target.h"

#include <cstdlib>
#include <string_view>

// bulla.toml: any octets give a configuration or an error with a place, never a crash; what is accepted holds to the limits.
extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto config = bulla::config::parse_config(text, "/etc/bulla/bulla.toml");
    if (!config && (config.error().text.empty() || !config.error().code.starts_with("config."))) {
        std::abort();
    }
    if (config && (config->hostname.empty() || config->node < 1 || config->node > 1023 ||
                   config->routes.size() > 200)) {
        std::abort();
    }
    return 0;
}
