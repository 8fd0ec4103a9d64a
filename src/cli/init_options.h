#pragma once
#include "base/error.h"
#include "services/init.h"

#include <string>
#include <vector>

namespace bulla::cli {

/// What `bulla init` was told, as it was typed.
struct InitArguments {
    std::string directory = ".";
    std::string domain{}, admin{}, hostname{}, user{}, data{};
    std::vector<std::string> listeners{};
    std::string maildir{}, next_hop{}, smarthost{}, passphrase_file{};
};

/// Errors: init.bad_listener, init.bad_host, those of the names and of the passphrase file.
[[nodiscard]] Result<services::InitOptions> read_init_arguments(const InitArguments& arguments);

/// Reads "ROLE=ADDRESS:PORT[,TLS]", such as "inbound=*:25", "submission=[::1]:465,implicit". Error: init.bad_listener.
[[nodiscard]] Result<config::Listener> parse_listener(const std::string& text);

}  // namespace bulla::cli
