#pragma once
#include "policy/dkimdomains.h"

#include <nlohmann/json.hpp>
#include <vector>

namespace bulla::services {

/// What is wrong with a policy, as the API and `--json` give it: [{"line", "column", "text"}].
[[nodiscard]] inline nlohmann::json to_json(const std::vector<policy::Finding>& findings) {
    auto out = nlohmann::json::array();
    for (const auto& one : findings) {
        out.push_back({{"line", one.line}, {"column", one.column}, {"text", one.text}});
    }
    return out;
}

}  // namespace bulla::services
