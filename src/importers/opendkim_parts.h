#pragma once
#include "importers/builder.h"
#include "importers/opendkim_config.h"

#include <string>
#include <vector>

// The parts that import_opendkim is made of.

namespace bulla::importers {

/// Adds the keys of KeyTable and SigningTable, or of Domain, Selector and KeyFile.
void add_opendkim_keys(PlanBuilder& plan, const OpendkimConfig& config);

/// What SignHeaders, OmitHeaders and OversignHeaders come to, in the form of dkim_signed_headers and dkim_oversign_headers.
struct FieldLists {
    std::vector<std::string> fields;
    std::vector<std::string> oversigned;
};

[[nodiscard]] FieldLists read_opendkim_fields(PlanBuilder& plan, const OpendkimConfig& config);

}  // namespace bulla::importers
