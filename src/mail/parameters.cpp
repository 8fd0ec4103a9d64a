#include "mail/encoded_word.h"
#include "mail/mime.h"

#include <algorithm>
#include <map>

namespace bulla::mail {

namespace {

constexpr std::size_t most_parameters = 64;
constexpr std::size_t most_sections = 100;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    });
    return out;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char upper = static_cast<char>(c & ~0x20);
    return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
}

std::string undo_percent(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low >= 0) {
            out.push_back(static_cast<char>(high << 4 | low));
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    // White space and comments.
    void skip() {
        std::size_t depth = 0;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '(') {
                ++depth;
            } else if (depth > 0 && c == '\\') {
                ++at_;
            } else if (depth > 0 && c == ')') {
                --depth;
            } else if (depth == 0 && !is_space(c)) {
                return;
            }
        }
        at_ = text_.size();
    }

    std::string until(std::string_view stops) {
        skip();
        const std::size_t begin = at_;
        at_ = std::min(text_.find_first_of(stops, at_), text_.size());
        std::string_view found = text_.substr(begin, at_ - begin);
        while (!found.empty() && is_space(found.back())) {
            found.remove_suffix(1);
        }
        return std::string(found);
    }

    std::string value() {
        skip();
        if (at_ >= text_.size() || text_[at_] != '"') {
            return until("; \t\r\n(");
        }
        std::string out;
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                ++at_;
            }
            if (text_[at_] != '\r' && text_[at_] != '\n') {
                out.push_back(text_[at_]);
            }
        }
        at_ = std::min(at_ + 1, text_.size());
        return out;
    }

    bool take(char c) {
        skip();
        const bool is = at_ < text_.size() && text_[at_] == c;
        at_ += is ? 1 : 0;
        return is;
    }

    // Goes on behind the next ";"; false at the end.
    bool next() {
        at_ = std::min(text_.find(';', at_), text_.size());
        return take(';');
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

// The sections of one parameter (RFC 2231 3, 4): name*0, name*1* and so on, or the whole of it.
struct Sections {
    std::map<std::size_t, std::pair<std::string, bool>> parts;  // text, percent-encoded
    bool extended = false;

    [[nodiscard]] std::string text() const {
        std::string raw;
        std::string charset;
        std::size_t expected = 0;
        for (const auto& [number, part] : parts) {
            if (number != expected++) {
                break;
            }
            std::string_view piece = part.first;
            // RFC 2231 4: charset ' language ' at the very beginning of an extended value.
            if (number == 0 && part.second) {
                const std::size_t first = piece.find('\'');
                const std::size_t second =
                    first == std::string_view::npos ? first : piece.find('\'', first + 1);
                if (second != std::string_view::npos) {
                    charset = piece.substr(0, first);
                    piece.remove_prefix(second + 1);
                }
            }
            raw.append(part.second ? undo_percent(piece) : std::string(piece));
        }
        std::string out;
        if (std::string converted; !charset.empty() && append_as_utf8(converted, raw, charset)) {
            append_clean_utf8(out, converted);
            return out;
        }
        // Names are often sent as encoded words, although RFC 2047 5 (3) forbids it.
        return extended ? (append_clean_utf8(out, raw), out) : decode_encoded_words(raw);
    }
};

void add_section(std::vector<std::pair<std::string, Sections>>& found,
                 std::string name,
                 const std::string& value) {
    const bool encoded = name.ends_with('*');
    if (encoded) {
        name.pop_back();
    }
    std::size_t number = 0;
    const std::size_t star = name.find('*');
    const bool sectioned = star != std::string::npos;
    if (sectioned) {
        for (const char c : std::string_view(name).substr(star + 1)) {
            number = c >= '0' && c <= '9' && number < most_sections
                         ? number * 10 + static_cast<std::size_t>(c - '0')
                         : most_sections;
        }
        name.resize(star);
    }
    if (number >= most_sections || name.empty()) {
        return;
    }
    auto at = std::ranges::find(found, name, &std::pair<std::string, Sections>::first);
    if (at == found.end()) {
        if (found.size() == most_parameters) {
            return;
        }
        at = found.insert(found.end(), {std::move(name), Sections{}});
    }
    Sections& sections = at->second;
    // The extended form is the better one where a writer gives both (RFC 6266 4.3 says so of HTTP).
    if ((encoded || sectioned) && !sections.extended) {
        sections = {.parts = {}, .extended = true};
    }
    if (encoded || sectioned || !sections.extended) {
        sections.parts.try_emplace(number, value, encoded);
    }
}

}  // namespace

std::string_view ParameterizedValue::parameter(std::string_view name) const {
    const auto found =
        std::ranges::find(parameters, name, &std::pair<std::string, std::string>::first);
    return found == parameters.end() ? std::string_view{} : found->second;
}

ParameterizedValue parse_parameterized(std::string_view value) {
    Reader reader(value);
    ParameterizedValue out{.value = lower(reader.until("; \t\r\n(")), .parameters = {}};
    std::vector<std::pair<std::string, Sections>> found;
    while (reader.next()) {
        std::string name = lower(reader.until("=; \t\r\n("));
        if (reader.take('=')) {
            add_section(found, std::move(name), reader.value());
        }
    }
    for (auto& [name, sections] : found) {
        out.parameters.emplace_back(std::move(name), sections.text());
    }
    return out;
}

}  // namespace bulla::mail
