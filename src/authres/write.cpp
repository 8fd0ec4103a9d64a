#include "authres/write.h"

#include <algorithm>
#include <string_view>

namespace bulla::authres {

namespace {

constexpr std::size_t last_column = 78;
constexpr std::size_t longest_value = 500;
constexpr std::string_view field_name = "Authentication-Results:";

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// RFC 2045 5.1: a token is made of what is neither white space nor control nor one of the tspecials.
bool is_token_char(char c) {
    return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`{|}~").contains(c);
}

// RFC 5322 3.2.3, atext, and the dot between atoms.
bool is_local_char(char c) {
    return is_token_char(c) || c == '/' || c == '=' || c == '?';
}

// RFC 8601 2.2, pvalue: a token, or a domain name with a local part and "@", or "@" alone, in front.
bool fits_bare(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) {
        return !text.empty() && std::ranges::all_of(text, is_token_char);
    }
    const std::string_view local = text.substr(0, at);
    const std::string_view domain = text.substr(at + 1);
    const auto is_domain_char = [](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; };
    const bool dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    return std::ranges::all_of(local, is_local_char) && !dots && !domain.empty() &&
           is_alphanumeric(domain.front()) && std::ranges::all_of(domain, is_domain_char);
}

std::string keep_keyword(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (is_alphanumeric(c) || c == '-' || c == '_') {
            out.push_back(c);
        }
    }
    return out;
}

// What a value or comment may show of `text`: no control characters, no more than fits in a line.
std::string clean(std::string_view text, bool utf8) {
    if (text.size() > longest_value) {
        text = text.substr(0, longest_value);
        // Not in the middle of a character.
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) {
            text.remove_suffix(1);
        }
        if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) {
            text.remove_suffix(1);
        }
    }
    std::string out(text);
    for (char& c : out) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < ' ' || octet == 0x7F || (octet >= 0x80 && !utf8)) {
            c = '?';
        }
    }
    return out;
}

std::string with_escapes(std::string_view text, char begin, char end) {
    std::string out(1, begin);
    for (const char c : text) {
        if (c == begin || c == end || c == '\\') {
            out.push_back('\\');
        }
        out.push_back(c);
    }
    out.push_back(end);
    return out;
}

// Puts words one after the other, with a line end before each that would pass the last column.
class Lines {
  public:
    Lines(std::size_t column, bool utf8) : column_(column), utf8_(utf8) {}

    void word(std::string_view text) {
        if (!text_.empty()) {
            text_.append(column_ + 1 + text.size() > last_column ? "\r\n " : " ");
            column_ = text_.ends_with("\r\n ") ? 1 : column_ + 1;
        }
        text_.append(text);
        column_ += text.size();
    }

    void semicolon() { text_.push_back(';'), ++column_; }

    void comment(std::string_view text) {
        const std::string shown = clean(text, utf8_);
        if (!shown.empty()) {
            word(with_escapes(shown, '(', ')'));
        }
    }

    [[nodiscard]] std::string value(std::string_view text) const {
        const std::string shown = clean(text, utf8_);
        return fits_bare(shown) ? shown : with_escapes(shown, '"', '"');
    }

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
    std::size_t column_;
    bool utf8_;
};

void write_method(Lines& out, const MethodResult& method) {
    out.semicolon();
    std::string head = keep_keyword(method.method);
    if (method.version != 1) {
        head.append("/").append(std::to_string(method.version));
    }
    out.word(head.append("=").append(keep_keyword(method.result)));
    out.comment(method.comment);
    if (!method.reason.empty()) {
        out.word("reason=" + out.value(method.reason));
    }
    for (const Property& property : method.properties) {
        std::string name = keep_keyword(property.type);
        name.append(".").append(keep_keyword(property.name)).append("=");
        out.word(name.append(out.value(property.value)));
    }
}

}  // namespace

std::string write_results(const Results& results,
                          std::size_t first_column,
                          const WriteOptions& options) {
    Lines out(first_column, options.utf8);
    out.word(out.value(results.authserv_id));
    // RFC 8601 2.2: the version may be left out while it is 1.
    if (results.version != 1) {
        out.word(std::to_string(results.version));
    }
    for (const MethodResult& method : results.methods) {
        write_method(out, method);
    }
    if (results.methods.empty()) {
        out.semicolon();
        out.word("none");
    }
    return out.text();
}

std::string write_field(const Results& results, const WriteOptions& options) {
    std::string out(field_name);
    out.push_back(' ');
    out.append(write_results(results, out.size(), options)).append("\r\n");
    return out;
}

}  // namespace bulla::authres
