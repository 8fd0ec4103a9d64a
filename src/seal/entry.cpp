#include "seal/entry.h"

#include "base/date.h"
#include "base/encoding.h"

#include <charconv>

namespace bulla::seal {
namespace {

constexpr std::string_view message_title = "bulla/message/v1";
constexpr std::string_view audit_title = "bulla/audit/v1";
constexpr std::string_view fork_title = "bulla/fork/v1";
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

Result<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return fail("entry.bad", Fault::us, "a log entry has a size that is no number");
    }
    return size;
}

/// Takes the last word off the end of `text`; what stays is all before the space in front of it.
std::string take_last_word(std::string& text) {
    const auto space = text.rfind(' ');
    auto word = space == std::string::npos ? std::string() : text.substr(space + 1);
    text.resize(space == std::string::npos ? 0 : space);
    return word;
}

Result<MessageEntry> take_message(std::string_view rest) {
    MessageEntry entry;
    BULLA_TRY(id, take_line(rest, "id"));
    BULLA_TRY(number, MessageId::parse(id));
    entry.id = number;
    BULLA_TRY(time, take_time(rest));
    entry.time = time;
    BULLA_TRY(size, take_line(rest, "size"));
    BULLA_TRY(octets, parse_size(size));
    entry.size = octets;
    BULLA_TRY(commitment, take_line(rest, "commitment"));
    entry.commitment = std::move(commitment);
    while (!rest.empty() && entry.signers.size() < max_signers) {
        BULLA_TRY(signer, take_line(rest, "signer"));
        entry.signers.push_back(std::move(signer));
    }
    return entry;
}

Result<ForkEntry> take_fork(std::string_view rest) {
    ForkEntry entry;
    BULLA_TRY(time, take_time(rest));
    entry.time = time;
    BULLA_TRY(former, take_line(rest, "former"));
    entry.former = std::move(former);
    BULLA_TRY(kept, take_line(rest, "kept"));
    entry.kept_root = take_last_word(kept);
    BULLA_TRY(kept_size, parse_size(kept));
    entry.kept = kept_size;
    BULLA_TRY(seen, take_line(rest, "seen"));
    entry.seen_root = take_last_word(seen);
    BULLA_TRY(seen_size, parse_size(take_last_word(seen)));
    entry.seen = seen_size;
    entry.seen_origin = std::move(seen);
    BULLA_TRY(actor, take_line(rest, "by"));
    entry.actor = std::move(actor);
    BULLA_TRY(reason, take_line(rest, "reason"));
    entry.reason = std::move(reason);
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

std::string write_entry(const ForkEntry& entry) {
    std::string out;
    out.append(fork_title).push_back('\n');
    put_line(out, "time", write_rfc3339(entry.time, true));
    put_line(out, "former", entry.former);
    put_line(out, "kept", std::to_string(entry.kept) + " " + entry.kept_root);
    put_line(
        out, "seen", entry.seen_origin + " " + std::to_string(entry.seen) + " " + entry.seen_root);
    put_line(out, "by", entry.actor);
    put_line(out, "reason", entry.reason);
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

Result<ForkEntry> parse_fork_entry(std::string_view text) {
    BULLA_TRY(rest, take_title(text, fork_title));
    auto entry = take_fork(rest);
    if (!entry) {
        return fail("entry.bad", Fault::us, entry.error().text);
    }
    return only_canonical(std::move(*entry), text);
}

}  // namespace bulla::seal
