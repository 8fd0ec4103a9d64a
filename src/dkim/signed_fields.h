#pragma once
#include "base/error.h"
#include "dkim/sign.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::dkim {

/// Reads names of header fields, separated by commas, colons or blanks: at most 100, each once whatever its case. Error: dkim.bad_field_name.
[[nodiscard]] Result<std::vector<std::string>> parse_field_names(std::string_view text);

/// The fields that two lists ask for. `signed_names`: "default", or names; From is put in front if it is missing. `oversigned_names`: "default"
/// (as default_signed_fields() has it, of those that are signed), "none", or names, which are then signed as well; with a ? behind it
/// one counts only if the message has it. What is no list of names
/// counts as "default". Null: default_signed_fields().
[[nodiscard]] std::shared_ptr<const SignedFields> make_signed_fields(
    std::string_view signed_names, std::string_view oversigned_names);

}  // namespace bulla::dkim
