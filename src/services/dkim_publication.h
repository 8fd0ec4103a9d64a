#pragma once
#include "names/server_address.h"
#include "services/dkim_key.h"
#include "services/service.h"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The records of DKIM keys that bulla itself publishes at a name server (RFC 2136).

namespace bulla::services {

/// Where bulla publishes the records of a domain: the settings dkim_update_*.
struct Publisher {
    ServerAddress server;
    std::string key_file{};
    std::string zone{};  ///< Empty: the server is asked.
    std::chrono::seconds ttl{0};
    bool revokes_retired = false;  ///< A retired key's record gets an empty p=, and is not removed.
};

/// The publishers of `domains`; those without a name server are not among them. Errors: those of store.
[[nodiscard]] Result<std::map<std::string, Publisher>> load_publishers(
    ServiceContext& context, std::span<const std::string> domains);

/// Those of the domains of `rows`.
[[nodiscard]] Result<std::map<std::string, Publisher>> load_publishers_of(
    ServiceContext& context, std::span<const DkimKeyRow> rows);

/// For dkim.list: {"server", "error"}: why the last try failed, or null. Null without a name server.
[[nodiscard]] nlohmann::json publication_of(const ServiceContext& context,
                                            const std::map<std::string, Publisher>& publishers,
                                            const DkimKeyRow& row);

/// Publishes the records that resolvers do not show yet, withdraws or revokes those of retired keys. Failures are logged and kept for
/// dkim.list, for none of them ends the look that follows. Waits for name servers; `changing` must not be held. Errors: those of store.
[[nodiscard]] Result<void> tend_dkim_records(ServiceContext& context,
                                             const Caller& caller,
                                             std::span<const DkimKeyRow> rows);

}  // namespace bulla::services
