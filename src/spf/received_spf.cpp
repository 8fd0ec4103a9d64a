#include "spf/received_spf.h"

#include <algorithm>

namespace bulla::spf {

namespace {

// Keeps each line below the 998 octets of RFC 5322 2.1.1, escapes included.
constexpr std::size_t longest_value = 320;

bool is_atom(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
    });
}

// RFC 5322 3.2.3: "dot-atom-text = 1*atext *('.' 1*atext)"
bool is_dot_atom(std::string_view text) {
    while (true) {
        const auto dot = text.find('.');
        if (!is_atom(text.substr(0, dot))) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(dot + 1);
    }
}

std::string escape(std::string_view text, std::string_view special) {
    std::string out;
    for (const char c : text.substr(0, longest_value)) {
        if (special.contains(c)) {
            out += '\\';
        }
        out += c < ' ' || c > '~' ? '?' : c;
    }
    return out;
}

void add(std::string& pairs, std::string_view key, std::string_view value) {
    pairs.append(pairs.empty() ? "" : ";").append("\r\n\t").append(key).append("=");
    if (is_dot_atom(value) && value.size() <= longest_value) {
        pairs += value;
    } else {
        pairs.append("\"").append(escape(value, "\"\\")).append("\"");
    }
}

}  // namespace

std::string write_received_spf(const Client& client, const CheckResult& result) {
    std::string field = "Received-SPF: ";
    field.append(to_string(result.verdict));
    field.append("\r\n\t(").append(escape(result.reason, "()\\")).append(")");
    std::string pairs;
    add(pairs, "client-ip", client.ip.text());
    add(pairs, "envelope-from", client.sender.empty() ? result.sender : client.sender);
    add(pairs, "helo", client.helo);
    if (!client.receiver.empty()) {
        add(pairs, "receiver", client.receiver);
    }
    add(pairs, "identity", to_string(result.identity));
    if (!result.mechanism.empty()) {
        add(pairs, "mechanism", result.mechanism);
    }
    if (result.verdict == Verdict::permerror || result.verdict == Verdict::temperror) {
        add(pairs, "problem", result.reason);
    }
    return field + pairs + "\r\n";
}

}  // namespace bulla::spf
