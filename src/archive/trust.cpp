#include "archive/trust.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <utility>

namespace bulla::archive {

namespace {

Result<tlog::VerifierKey> load_key(const TrustSources& sources,
                                   const std::vector<seal::ForkEntry>& forks,
                                   Findings& findings) {
    const auto path =
        sources.log_key_path.empty() ? sources.state_path + "/log.pub" : sources.log_key_path;
    std::error_code ignored;
    if (sources.log_key_path.empty() && !std::filesystem::exists(path, ignored)) {
        findings.note(
            "log",
            path + " is missing: the log is checked with the key that the instance signs with now");
        return tlog::parse_verifier_key(sources.instance_log_key);
    }
    BULLA_TRY(key, load_log_key(path));
    const auto former = std::ranges::find(forks, key.name, &seal::ForkEntry::former);
    if (former != forks.end() && !sources.instance_log_key.empty()) {
        BULLA_TRY(now, tlog::parse_verifier_key(sources.instance_log_key));
        if (now.key.fingerprint() == key.key.fingerprint()) {
            findings.note(
                "log",
                fmt::format(
                    "the key in {} is that of {}, as which the log went before", path, key.name));
            return std::move(now);
        }
    }
    if (!sources.instance_log_key.empty() &&
        tlog::write_verifier_key(key.name, key.key) != sources.instance_log_key) {
        findings.bad(
            "log",
            fmt::format("the key in {} is not the one that the instance signs its log with", path));
    }
    return std::move(key);
}

void add_head(const std::string& path, Verifier::Options& options, Findings& findings) {
    auto head = load_head(path, options.log_key);
    if (!head) {
        findings.bad(
            "log", fmt::format("the checkpoint in {} proves nothing: {}", path, head.error().text));
        return;
    }
    switch (seal::decide_standing(options.forks, options.log_key.name, head->head)) {
        case seal::Standing::own:
            options.heads.push_back(std::move(*head));
            return;
        case seal::Standing::lost:
        case seal::Standing::unknown:
            findings.bad("log",
                         fmt::format("the checkpoint in {} is one of {} leaves of the log {}, of "
                                     "which this one does not go on",
                                     path,
                                     head->head.size,
                                     head->head.origin));
            for (const auto& fork : options.forks) {
                findings.note("log", describe_fork(fork));
            }
    }
}

/// The forks; if their leaves are damaged, that is a finding.
Result<std::vector<seal::ForkEntry>> load_forks(const LogRows& log, Findings& findings) {
    auto forks = log.forks();
    if (!forks && forks.error().code == "seal.log_damaged") {
        findings.bad("log", forks.error().text);
        return std::vector<seal::ForkEntry>();
    }
    return forks;
}

}  // namespace

Result<Verifier::Options> load_trust(const Catalogue& catalogue,
                                     const LogRows& log,
                                     const TrustSources& sources,
                                     Findings& findings) {
    BULLA_TRY(forks, load_forks(log, findings));
    BULLA_TRY(log_key, load_key(sources, forks, findings));
    Verifier::Options options{.log_key = std::move(log_key), .forks = std::move(forks)};
    const auto last_seen = sources.state_path + "/checkpoint";
    std::error_code ignored;
    if (std::filesystem::exists(last_seen, ignored)) {
        add_head(last_seen, options, findings);
    } else {
        findings.note("log",
                      last_seen +
                          " is missing: that the log was not truncated can be checked with "
                          "--checkpoint FILE only");
    }
    for (const auto& path : sources.checkpoint_paths) {
        add_head(path, options, findings);
    }
    BULLA_TRY(kept, catalogue.kept_keys());
    options.keys.kept = std::move(kept);
    if (!sources.public_key_path.empty()) {
        auto own = PublicKeys::load(sources.public_key_path);
        if (own) {
            options.keys.own = std::move(*own);
            options.keys.own_path = sources.public_key_path;
        } else {
            findings.bad("signature",
                         fmt::format("the public keys set at signature_public_key_path cannot be "
                                     "used: {}; those kept in the archive "
                                     "are taken instead",
                                     own.error().text));
        }
    }
    return options;
}

}  // namespace bulla::archive
