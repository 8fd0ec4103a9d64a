#include "audit/audit.h"

#include "base/encoding.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::audit {
namespace {

bool is_action_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
}

}  // namespace

Result<std::string> write_entry(const AuditEntry& entry) {
    const std::pair<std::string_view, std::size_t> fields[] = {
        {entry.actor, 191}, {entry.action, 64}, {entry.target, 320}, {entry.detail, 4096}};
    if (entry.action.empty() || !std::ranges::all_of(entry.action, is_action_char)) {
        return fail("audit.bad_action",
                    Fault::us,
                    "the action of an audit entry is a dotted name in lower case");
    }
    std::string out;
    put_u64(out, static_cast<std::uint64_t>(to_micros(entry.time)));
    for (const auto& [text, limit] : fields) {
        if (text.size() > limit) {
            return fail("audit.too_long",
                        Fault::us,
                        fmt::format("a field of an audit entry has more than {} octets", limit));
        }
        put_u32(out, static_cast<std::uint32_t>(text.size()));
        out += text;
    }
    return out;
}

Result<void> MemoryAuditSink::record(const AuditEntry& entry) {
    BULLA_CHECK(write_entry(entry));
    entries_.push_back(entry);
    return {};
}

}  // namespace bulla::audit
