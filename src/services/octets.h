#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bulla::services {

/// What a call answers instead of JSON: octets with their media type and, where they are to be kept, the name of a file.
[[nodiscard]] inline nlohmann::json make_octets(std::string_view media_type,
                                                const std::string& bytes,
                                                std::string_view filename = {}) {
    nlohmann::json out = {{"media_type", media_type},
                          {"octets", nlohmann::json::binary({bytes.begin(), bytes.end()})}};
    if (!filename.empty()) {
        out["filename"] = filename;
    }
    return out;
}

}  // namespace bulla::services
