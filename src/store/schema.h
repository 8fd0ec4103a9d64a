#pragma once
#include <span>
#include <string_view>

namespace bulla::store {

/// One step of the schema: statements in the SQL that all database systems share, but for {text} (texts without a length), {id} (a 64-bit
/// number that is the primary key by itself) and {clustered} (rows lie in the order of a primary key of several columns).
struct Migration {
    int version;
    std::span<const std::string_view> statements;
};

/// All steps, rising. A step that was released never changes.
[[nodiscard]] std::span<const Migration> migrations();

/// The statement that makes `message_signature`; part of step 1.
[[nodiscard]] std::string_view message_signature_table();

}  // namespace bulla::store
