#include "reader/content.h"

#include "mail/encoded_word.h"

#include <algorithm>
#include <utility>

namespace bulla::reader {

namespace {

constexpr std::size_t max_name = 255;
constexpr std::size_t max_raw = 16 * 1024;

std::string clean(std::string_view text, std::size_t max) {
    std::string out;
    mail::append_clean_utf8(out, text.substr(0, max));
    return out;
}

// A name that came by mail becomes the name of a file on somebody's disk.
std::string safe_name(std::string_view name) {
    if (const auto slash = name.find_last_of("/\\"); slash != std::string_view::npos) {
        name.remove_prefix(slash + 1);
    }
    auto text = clean(name, max_name);
    std::erase_if(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == ':';
    });
    return text == "." || text == ".." ? std::string{} : text;
}

bool is_attached(const mail::MimePart& part) {
    return part.disposition == "attachment" ||
           (!part.filename.empty() && part.disposition != "inline");
}

/// Walks the tree as a reader does: of alternatives the last of each kind, of related parts the first, of mixed parts the first text.
class BodyFinder {
  public:
    BodyFinder(const mail::MimeTree& tree, Content& content) : tree_(tree), content_(content) {}

    void visit(std::size_t index) {
        const auto& part = tree_.parts[index];
        if (!part.is_multipart()) {
            take(index, part);
            return;
        }
        for (const auto child : tree_.children(index)) {
            visit(child);
        }
    }

  private:
    void take(std::size_t index, const mail::MimePart& part) {
        if (is_attached(part)) {
            return;
        }
        if (part.type == "text/plain" && !content_.text) {
            content_.text = index;
        } else if (part.type == "text/html" && !content_.html) {
            content_.html = index;
        }
    }

    const mail::MimeTree& tree_;
    Content& content_;
};

std::vector<std::string> number_parts(const mail::MimeTree& tree) {
    std::vector<std::string> numbers(tree.parts.size());
    if (tree.parts.size() == 1) {
        numbers[0] = "1";
        return numbers;
    }
    std::vector<std::size_t> seen(tree.parts.size());
    for (std::size_t i = 1; i < tree.parts.size(); ++i) {
        const auto parent = tree.parts[i].parent;
        numbers[i] =
            (numbers[parent].empty() ? "" : numbers[parent] + ".") + std::to_string(++seen[parent]);
    }
    return numbers;
}

Part describe(const mail::Message& message,
              const mail::MimeTree& tree,
              std::size_t index,
              std::string number) {
    const auto& part = tree.parts[index];
    const bool multipart = part.is_multipart();
    return {.number = std::move(number),
            .type = clean(part.type, max_name),
            .name = safe_name(part.filename),
            .disposition = multipart           ? "multipart"
                           : is_attached(part) ? "attachment"
                                               : "inline",
            .size = multipart ? 0 : mail::decoded_body(message, part).size(),
            .index = index};
}

}  // namespace

Result<Content> read_content(const mail::Message& message) {
    Content content;
    BULLA_TRY(tree, mail::parse_mime(message));
    for (const auto& span : message.fields()) {
        const auto value = message.value(span);
        content.fields.push_back({.name = clean(message.name(span), max_name),
                                  .value = mail::decode_encoded_words(value),
                                  .raw = clean(value, max_raw)});
    }
    auto numbers = number_parts(tree);
    for (std::size_t i = 0; i < tree.parts.size(); ++i) {
        if (!numbers[i].empty()) {
            content.parts.push_back(describe(message, tree, i, std::move(numbers[i])));
        }
    }
    BodyFinder(tree, content).visit(0);
    content.tree = std::move(tree);
    return content;
}

std::string read_text(const mail::Message& message, const mail::MimePart& part, std::size_t max) {
    const auto body = mail::decoded_body(message, part);
    const auto bytes = std::string_view(body).substr(0, max);
    std::string converted;
    if (part.charset.empty() || !mail::append_as_utf8(converted, bytes, part.charset)) {
        converted = bytes;
    }
    std::string out;
    out.reserve(converted.size());
    for (std::string_view rest = converted; !rest.empty();) {
        // Line ends are no control characters to be shown.
        const auto end = std::min(rest.find_first_of("\r\n"), rest.size());
        mail::append_clean_utf8(out, rest.substr(0, end));
        rest.remove_prefix(end);
        if (rest.starts_with("\r\n")) {
            rest.remove_prefix(1);
        }
        if (!rest.empty()) {
            out += '\n';
            rest.remove_prefix(1);
        }
    }
    return out;
}

const Part* find_part(const Content& content, std::string_view number) {
    const auto found = std::ranges::find(content.parts, number, &Part::number);
    return found == content.parts.end() ? nullptr : &*found;
}

}  // namespace bulla::reader
