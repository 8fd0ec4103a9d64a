#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace bulla::services {

/// Adds to a stage (openapi: Stage) what people may want to know of it: "text", one sentence of ours, and "rfc", the sentences of the standard behind
/// it. A stage of an unknown name is left as it is.
void add_stage_notes(nlohmann::json& stage);

}  // namespace bulla::services
