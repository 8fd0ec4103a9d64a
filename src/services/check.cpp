#include "services/check.h"

#include "net/resolver.h"
#include "services/check_parts.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <memory>

namespace bulla::services {
namespace {

void append(Findings& out, Findings more) {
    std::ranges::move(more, std::back_inserter(out));
}

Result<AskDns> open_dns() {
    BULLA_TRY(opened, net::Resolver::open());
    const std::shared_ptr<net::Resolver> resolver = std::move(opened);
    return AskDns(
        [resolver](const dns::DnsQuestion& question) { return resolver->ask_blocking(question); });
}

}  // namespace

std::string_view to_string(CheckState state) {
    constexpr std::string_view words[] = {"ok", "warning", "error"};
    return words[static_cast<std::size_t>(state)];
}

CheckState worst(std::span<const Finding> findings) {
    CheckState out = CheckState::ok;
    for (const Finding& finding : findings) {
        out = std::max(out, finding.state);
    }
    return out;
}

std::vector<Finding> check_instance(const CheckOptions& options) {
    Findings out;
    const auto config = config::load_config(options.config_path);
    if (!config) {
        out.push_back({"configuration",
                       CheckState::error,
                       config.error().text,
                       "correct it; bulla.toml(5) has every setting"});
        return out;
    }
    append(out, judge_config(*config));
    append(out, look_at_files(*config));
    append(out, look_at_disks(*config, options.random));
    append(out, look_at_database(*config));
    append(out, look_at_log(*config));
    append(out, look_at_clock(*config, options.clock));
    append(out, look_at_limits(*config));
    append(out, look_at_neighbours(options, *config));
    std::optional<AskDns> ask;
    if (options.dns) {
        if (auto opened = open_dns()) {
            ask = std::move(*opened);
            append(out, look_at_names(*config, *ask));
        } else {
            out.push_back(
                {"dns", CheckState::error, opened.error().text, "correct /etc/resolv.conf"});
        }
    }
    append(out, look_at_keys(options, *config, ask ? &*ask : nullptr));
    return out;
}

}  // namespace bulla::services
