#include "config/key.h"
#include "config/scheme.h"

namespace bulla::config {
namespace {

/// Keeps what `running` has of the settings that wait, and names those that differ.
template <class S>
void keep_table(S& now,
                const S& running,
                std::span<const Key<S>> keys,
                const std::string& table,
                std::vector<std::string>& waiting) {
    for (const Key<S>& key : keys) {
        if (key.restarts && key.write(now, key) != key.write(running, key)) {
            key.copy(now, running);
            waiting.push_back(table + std::string(key.name));
        }
    }
}

}  // namespace

Reloaded decide_reload(const Config& running, const Config& read) {
    Reloaded out{.config = read, .waiting = {}};
    keep_table(out.config, running, instance_keys(), "", out.waiting);
    keep_table(out.config, running, database_keys(), "database.", out.waiting);
    keep_table(out.config, running, volume_keys(), "volume.", out.waiting);
    keep_table(out.config.limits, running.limits, limit_keys(), "limits.", out.waiting);
    keep_table(out.config.retry, running.retry, retry_keys(), "retry.", out.waiting);
    keep_table(out.config.console, running.console, console_keys(), "console.", out.waiting);
    keep_table(out.config.pkcs11, running.pkcs11, pkcs11_keys(), "pkcs11.", out.waiting);
    return out;
}

}  // namespace bulla::config
