#include "mail/build.h"

#include "base/date.h"
#include "base/encoding.h"
#include "mail/encoded_word.h"
#include "mail/transfer.h"

#include <algorithm>

namespace bulla::mail {

namespace {

constexpr std::size_t wanted_line = 78;    // RFC 5322 2.1.1: SHOULD
constexpr std::size_t longest_line = 998;  // RFC 5322 2.1.1: MUST

bool is_control(char c) {
    return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7F';
}

bool is_field_name(std::string_view name) {
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7F' && c != ':'; });
}

bool needs_quoting(std::string_view phrase) {
    return std::ranges::any_of(
        phrase, [](char c) { return std::string_view("()<>[]:;@\\,.\"").contains(c); });
}

bool needs_encoding(std::string_view text) {
    std::size_t column = 0;
    for (const char c : text) {
        column = c == '\n' ? 0 : column + 1;
        if (static_cast<unsigned char>(c) >= 0x80 || c == '\0' || column > longest_line) {
            return true;
        }
    }
    return false;
}

}  // namespace

Result<std::string> make_field(std::string_view name, std::string_view value) {
    if (!is_field_name(name)) {
        return fail("build.bad_name",
                    Fault::us,
                    "a header field name has characters that RFC 5322 does not allow",
                    "RFC 5322 3.6.8");
    }
    if (std::ranges::any_of(value, is_control)) {
        return fail("build.bad_value",
                    Fault::us,
                    "the value of field " + std::string(name) + " has a control character",
                    "RFC 5322 2.2");
    }
    std::string out(name);
    out.append(":");
    std::size_t column = out.size();
    while (!value.empty()) {
        // A piece is its leading white space and the characters up to the next; it can begin a new line.
        std::size_t end = value.find_first_not_of(" \t");
        end = end == std::string_view::npos
                  ? value.size()
                  : std::min(value.find_first_of(" \t", end), value.size());
        std::string piece(value.substr(0, end));
        value.remove_prefix(end);
        const bool spaced = piece.front() == ' ' || piece.front() == '\t';
        if (!spaced) {
            piece.insert(0, 1, ' ');
        }
        // A line of white space alone would end the field for some readers: such a piece stays on its line.
        const bool blank = piece.find_first_not_of(" \t") == std::string::npos;
        if (column + piece.size() > wanted_line && column > name.size() + 1 && !blank) {
            out.append("\r\n");
            column = 0;
        }
        out.append(piece);
        column += piece.size();
        if (column > longest_line) {
            return fail("build.bad_value",
                        Fault::us,
                        "the value of field " + std::string(name) + " cannot be folded",
                        "RFC 5322 2.1.1");
        }
    }
    out.append("\r\n");
    return out;
}

Result<std::string> make_text_field(std::string_view name, std::string_view utf8) {
    std::string text(utf8);
    std::ranges::replace(text, '\r', ' ');
    std::ranges::replace(text, '\n', ' ');
    return make_field(name, encode_words(text));
}

std::string make_address(std::string_view display_name, const Mailbox& mailbox) {
    if (display_name.empty()) {
        return mailbox.text();
    }
    std::string phrase = encode_words(display_name);
    if (phrase == display_name && needs_quoting(phrase)) {
        std::string quoted = "\"";
        for (const char c : phrase) {
            if (c == '"' || c == '\\') {
                quoted.push_back('\\');
            }
            quoted.push_back(c);
        }
        phrase = quoted + '"';
    }
    return phrase + " <" + mailbox.text() + ">";
}

std::string make_message_id(Random& random, std::string_view domain) {
    return "<" + hex_encode(random.bytes(16)) + "@" + std::string(domain) + ">";
}

std::string make_boundary(Random& random) {
    // RFC 2045 6.7 (1) leaves "=_" without a meaning in quoted-printable, and base64 has no "_".
    return "=_" + hex_encode(random.bytes(16));
}

Result<std::string> make_text_message(const TextMessage& content) {
    std::string out;
    const auto add = [&](Result<std::string> field) -> Result<void> {
        BULLA_TRY(text, std::move(field));
        out.append(text);
        return {};
    };
    std::string to;
    for (const std::string& one : content.to) {
        to.append(to.empty() ? "" : ", ").append(one);
    }
    BULLA_CHECK(add(make_field("Date", write_rfc5322_date(content.date))));
    BULLA_CHECK(add(make_field("From", content.from)));
    BULLA_CHECK(add(make_field("To", to.empty() ? "undisclosed-recipients:;" : to)));
    BULLA_CHECK(add(make_text_field("Subject", content.subject)));
    BULLA_CHECK(add(make_field("Message-ID", content.message_id)));
    for (const std::string& field : content.more) {
        out.append(field);
    }
    const std::string text = with_crlf(content.text);
    const bool encoded = needs_encoding(text);
    out.append(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; "
        "charset=utf-8\r\nContent-Transfer-Encoding: ");
    out.append(encoded ? "quoted-printable\r\n\r\n" : "7bit\r\n\r\n");
    out.append(encoded ? write_quoted_printable(text) : text);
    return out;
}

std::string with_crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 32);
    while (!text.empty()) {
        const std::size_t end = text.find_first_of("\r\n");
        out.append(text.substr(0, end));
        if (end == std::string_view::npos) {
            break;
        }
        out.append("\r\n");
        text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    return out;
}

}  // namespace bulla::mail
