#pragma once
#include "cli/command.h"
#include "importers/plan.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// `bulla dkim import opendkim` and its like: a plan is printed, and carried out if asked for.

namespace bulla::cli {

/// What was done, a sentence each, in its order.
using Done = std::vector<std::string>;

/// The plan for programs. No key material.
[[nodiscard]] nlohmann::json plan_to_json(const importers::ImportPlan& plan);
/// The plan for people.
void print_plan(const Context& context, const importers::ImportPlan& plan);

/// Makes what the plan says on the chosen instance. What is there already stays; a selector that is there with another key is an error before
/// anything is changed (import.conflict). What was done before a later error is in `done`.
[[nodiscard]] Result<void> apply_plan(const Context& context,
                                      const importers::ImportPlan& plan,
                                      Done& done);

}  // namespace bulla::cli
