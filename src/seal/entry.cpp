#include "seal/entry.h"

#include "base/date.h"
#include "base/encoding.h"

#include <charconv>

namespace bulla::seal {
namespace {

constexpr std::string_view message_title = "bulla/message/v1";
constexpr std::string_view audit_title = "bulla/audit/v1";
constexpr std::size_t max_entry = 64U << 10U;
constexpr std::size_t max_signers = 64;

/// Appends "name value" and a line feed. A value stays on its line: the backslash and all control characters are escaped.
void put_line(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).push_back(' ');
    for (const char c : value) {
        const auto octet = static_cast<unsigned char>(c);
        if (c == '\\') {
            out.append("\\\\");
        } else if (octet < 0x20 || octet == 0x7F) {
            out.append("\\x").append(hex_encode({&c, 1}));
        } else {
            out.push_back(c);
        }
    }
    out.push_back('\n');
}

Result<std::string> unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out.push_back(text[i]);
        } else if (text.substr(i, 2) == "\\\\") {
            out.push_back('\\');
            ++i;
        } else if (text.substr(i, 2) == "\\x" && i + 4 <= text.size()) {
            BULLA_TRY(octet, hex_decode(text.substr(i + 2, 2)));
            out.append(octet);
            i += 3;
        } else {
            return fail("entry.bad", Fault::us, "a log entry holds a broken escape");
        }
    }
    return out;
}

/// Takes one line off the front of `rest` and gives its value; it must begin with `name` and a space.
Result<std::string> take_line(std::string_view& rest, std::string_view name) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    if (end == std::string_view::npos || !line.starts_with(name) ||
        line.substr(name.size(), 1) != " ") {
        return fail(
            "entry.bad", Fault::us, "a log entry lacks its line \"" + std::string(name) + "\"");
    }
    rest.remove_prefix(end + 1);
    return unescape(line.substr(name.size() + 1));
}

Result<std::string_view> take_title(std::string_view text, std::string_view title) {
    if (text.size() > max_entry || !text.starts_with(title) ||
        text.substr(title.size(), 1) != "\n") {
        return fail("entry.bad",
                    Fault::us,
                    "a log entry does not begin with \"" + std::string(title) + "\"");
    }
    return text.substr(title.size() + 1);
}

Result<Time> take_time(std::string_view& rest) {
    BULLA_TRY(text, take_line(rest, "time"));
    return parse_rfc3339(text);
}

/// What is not written exactly as write_entry writes it is no entry: one text an entry, or two logs could tell the same in two ways.
template <class Entry>
Result<Entry> only_canonical(Entry entry, std::string_view text) {
    if (write_entry(entry) != text) {
        return fail("entry.bad", Fault::us, "a log entry is not in its canonical form");
    }
    return entry;
}

Result<MessageEntry> take_message(std::string_view rest) {
    MessageEntry entry;
    BULLA_TRY(id, take_line(rest, "id"));
    BULLA_TRY(number, MessageId::parse(id));
    entry.id = number;
    BULLA_TRY(time, take_time(rest));
    entry.time = time;
    BULLA_TRY(size, take_line(rest, "size"));
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), entry.size);
    if (error != std::errc{} || end != size.data() + size.size()) {
        return fail("entry.bad", Fault::us, "a log entry has a size that is no number");
    }
    BULLA_TRY(commitment, take_line(rest, "commitment"));
    entry.commitment = std::move(commitment);
    while (!rest.empty() && entry.signers.size() < max_signers) {
        BULLA_TRY(signer, take_line(rest, "signer"));
        entry.signers.push_back(std::move(signer));
    }
    return entry;
}

}  // namespace

std::string write_entry(const MessageEntry& entry) {
    std::string out;
    out.reserve(256 + 128 * entry.signers.size());
    out.append(message_title).push_back('\n');
    put_line(out, "id", entry.id.text());
    put_line(out, "time", write_rfc3339(entry.time, true));
    put_line(out, "size", std::to_string(entry.size));
    put_line(out, "commitment", entry.commitment);
    for (const auto& signer : entry.signers) {
        put_line(out, "signer", signer);
    }
    return out;
}

std::string write_entry(const AuditLeaf& entry) {
    std::string out;
    out.append(audit_title).push_back('\n');
    put_line(out, "time", write_rfc3339(entry.time, true));
    put_line(out, "actor", entry.actor);
    put_line(out, "action", entry.action);
    put_line(out, "target", entry.target);
    put_line(out, "detail", entry.detail);
    return out;
}

Result<MessageEntry> parse_message_entry(std::string_view text) {
    BULLA_TRY(rest, take_title(text, message_title));
    auto entry = take_message(rest);
    if (!entry) {
        return fail("entry.bad", Fault::us, entry.error().text);
    }
    return only_canonical(std::move(*entry), text);
}

Result<AuditLeaf> parse_audit_leaf(std::string_view text) {
    BULLA_TRY(rest, take_title(text, audit_title));
    AuditLeaf entry;
    auto time = take_time(rest);
    if (!time) {
        return fail("entry.bad", Fault::us, time.error().text);
    }
    entry.time = *time;
    for (auto [name, value] : {std::pair{"actor", &entry.actor},
                               {"action", &entry.action},
                               {"target", &entry.target},
                               {"detail", &entry.detail}}) {
        BULLA_TRY(text_of, take_line(rest, name));
        *value = std::move(text_of);
    }
    return only_canonical(std::move(entry), text);
}

}  // namespace bulla::seal
