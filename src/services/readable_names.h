#pragma once
#include <initializer_list>
#include <nlohmann/json.hpp>

namespace bulla::services {

/// Puts "names" into `out` where domains in the texts of these members (texts or lists of them) are read more easily, or more safely, in
/// another form: {"xn--bcher-kva.example": "bücher.example"}, as names/readable.h decides; a domain that stands there in Unicode and could be
/// taken for another is given back in A-labels. A text is an address, a header's list of them, or a domain.
void add_names(nlohmann::json& out, std::initializer_list<const char*> members);

}  // namespace bulla::services
