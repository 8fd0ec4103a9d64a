#include "mail/seven_bit.h"

#include "mail/transfer.h"

#include <algorithm>
#include <string_view>

namespace bulla::mail {

namespace {

constexpr std::size_t longest_line = 998;

bool has_eight_bit(std::string_view bytes) {
    // Without an early end the compiler makes this wide.
    unsigned char all = 0;
    for (const char c : bytes) {
        all = static_cast<unsigned char>(all | static_cast<unsigned char>(c));
    }
    return all >= 0x80;
}

bool is_binary(std::string_view bytes) {
    if (bytes.contains('\0')) {
        return true;
    }
    // From one LF to the next: memchr is many times faster than a look at each octet.
    while (!bytes.empty()) {
        const std::size_t found = bytes.find('\n');
        const bool is_ended = found != std::string_view::npos;
        std::string_view line = bytes.substr(0, found);
        if (is_ended) {
            if (!line.ends_with('\r')) {
                return true;
            }
            line.remove_suffix(1);
        }
        if (line.size() > longest_line || line.contains('\r')) {
            return true;
        }
        bytes.remove_prefix(is_ended ? found + 1 : bytes.size());
    }
    return false;
}

bool needs_encoding(std::string_view bytes) {
    return has_eight_bit(bytes) || is_binary(bytes);
}

class Converter {
  public:
    Converter(const Message& message, const MimeTree& tree)
        : bytes_(message.bytes()), tree_(tree) {}

    SevenBit run() {
        write(0);
        return std::move(out_);
    }

  private:
    [[nodiscard]] std::string_view range(std::size_t begin, std::size_t end) const {
        return bytes_.substr(begin, end - begin);
    }

    void write(std::size_t index) {
        const MimePart& part = tree_.parts[index];
        if (!needs_encoding(range(part.begin, part.end))) {
            out_.bytes.append(range(part.begin, part.end));
            return;
        }
        if (has_eight_bit(range(part.begin, part.header_end))) {
            out_.complete = false;
        }
        const auto children = tree_.children(index);
        const std::string_view body = range(part.body_begin, part.end);
        const bool encoded = part.encoding == "base64" || part.encoding == "quoted-printable";
        if (part.type == "multipart/signed" || (children.empty() && encoded) ||
            (children.empty() && part.is_multipart())) {
            out_.complete = out_.complete && !needs_encoding(body);
            out_.bytes.append(range(part.begin, part.end));
        } else if (!children.empty()) {
            write_header(part, {});
            write_children(part, children);
        } else if (!needs_encoding(body)) {
            out_.bytes.append(range(part.begin, part.end));
        } else {
            const bool text =
                part.type.starts_with("text/") && body.find('\0') == std::string_view::npos;
            write_header(part, text ? "quoted-printable" : "base64");
            out_.bytes.append(text ? write_quoted_printable(body) : write_base64_lines(body));
        }
    }

    void write_children(const MimePart& part, const std::vector<std::size_t>& children) {
        std::size_t at = part.body_begin;
        for (const std::size_t child : children) {
            write_between(at, tree_.parts[child].begin);
            write(child);
            at = tree_.parts[child].end;
        }
        write_between(at, part.end);
    }

    // Delimiters, and text outside the parts, which RFC 2046 5.1.1 wants ignored.
    void write_between(std::size_t begin, std::size_t end) {
        std::string text(range(begin, end));
        std::ranges::replace_if(
            text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
        out_.bytes.append(text);
    }

    // The header of `part` with another Content-Transfer-Encoding; without any, if `encoding` is empty.
    void write_header(const MimePart& part, std::string_view encoding) {
        bool content_type = false;
        bool mime_version =
            part.parent != MimePart::no_parent && !tree_.parts[part.parent].is_message();
        const std::string_view header = range(part.begin, part.header_end);
        for (std::size_t at = 0; at < header.size();) {
            std::size_t end = at;
            do {
                const std::size_t found = header.find("\r\n", end);
                end = found == std::string_view::npos ? header.size() : found + 2;
            } while (end < header.size() && (header[end] == ' ' || header[end] == '\t'));
            const std::string_view field = header.substr(at, end - at);
            std::string_view name = field.substr(0, field.find(':'));
            while (name.ends_with(' ') || name.ends_with('\t')) {
                name.remove_suffix(1);
            }
            mime_version = mime_version || equal_ignoring_case(name, "MIME-Version");
            content_type = content_type || equal_ignoring_case(name, "Content-Type");
            if (!equal_ignoring_case(name, "Content-Transfer-Encoding")) {
                out_.bytes.append(field);
            }
            at = end;
        }
        if (!encoding.empty()) {
            out_.bytes.append(mime_version ? "" : "MIME-Version: 1.0\r\n");
            // RFC 1428 3: text whose character set nobody named is not given a name that may be wrong; the default, US-ASCII, would be.
            if (!content_type && encoding == "quoted-printable") {
                out_.bytes.append("Content-Type: text/plain; charset=unknown-8bit\r\n");
            }
            out_.bytes.append("Content-Transfer-Encoding: ").append(encoding).append("\r\n");
        }
        out_.bytes.append("\r\n");
    }

    std::string_view bytes_;
    const MimeTree& tree_;
    SevenBit out_;
};

}  // namespace

TransportNeeds find_needs(const Message& message) {
    return {.smtputf8 = has_eight_bit(message.header()),
            .eight_bit = has_eight_bit(message.body()),
            .binary = is_binary(message.body())};
}

Result<SevenBit> make_seven_bit(const Message& message, const MimeLimits& limits) {
    if (!needs_encoding(message.bytes())) {
        return SevenBit{.bytes = std::string(message.bytes())};
    }
    BULLA_TRY(tree, parse_mime(message, limits));
    return Converter(message, tree).run();
}

}  // namespace bulla::mail
