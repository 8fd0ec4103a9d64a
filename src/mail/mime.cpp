#include "mail/mime.h"

#include "mail/header_scan.h"
#include "mail/transfer.h"

#include <algorithm>
#include <iterator>

namespace bulla::mail {

namespace {

constexpr std::size_t longest_boundary = 200;  // RFC 2046 5.1.1 allows 70; writers exceed it

// The range of one body part between two delimiters.
struct Range {
    std::size_t begin;
    std::size_t end;
};

bool is_wsp(char c) {
    return c == ' ' || c == '\t';
}

// The length of the delimiter line that starts at `at`, or 0 if it is none: "--" boundary ["--"] white space and a line end.
std::size_t delimiter_length(std::string_view bytes,
                             std::size_t at,
                             std::string_view delimiter,
                             bool& closing) {
    std::size_t end = at + delimiter.size();
    closing = bytes.substr(end).starts_with("--");
    end += closing ? 2 : 0;
    while (end < bytes.size() && is_wsp(bytes[end])) {
        ++end;
    }
    if (end == bytes.size()) {
        return end - at;
    }
    if (bytes.substr(end).starts_with("\r\n")) {
        return end + 2 - at;
    }
    return bytes[end] == '\n' ? end + 1 - at : 0;
}

// The end of a part whose delimiter line starts at `at`: the line end before it belongs to the delimiter (RFC 2046 5.1.1).
std::size_t end_before(std::string_view bytes, std::size_t begin, std::size_t at) {
    std::size_t end = at;
    if (end > begin && bytes[end - 1] == '\n') {
        --end;
        if (end > begin && bytes[end - 1] == '\r') {
            --end;
        }
    }
    return end;
}

std::vector<Range> split_multipart(std::string_view bytes,
                                   std::size_t body,
                                   std::string_view boundary,
                                   std::size_t most) {
    std::vector<Range> parts;
    const std::string delimiter = "--" + std::string(boundary);
    bool open = false;
    std::size_t begin = body;
    for (std::size_t at = bytes.find(delimiter, body);
         at != std::string_view::npos && parts.size() <= most;) {
        bool closing = false;
        const bool at_line_start = at == body || bytes[at - 1] == '\n';
        const std::size_t length =
            at_line_start ? delimiter_length(bytes, at, delimiter, closing) : 0;
        if (length == 0) {
            at = bytes.find(delimiter, at + 1);
            continue;
        }
        if (open) {
            parts.push_back({.begin = begin, .end = end_before(bytes, begin, at)});
        }
        begin = at + length;
        open = !closing;
        if (closing) {
            return parts;
        }
        at = bytes.find(delimiter, begin);
    }
    if (open) {
        parts.push_back({.begin = begin, .end = bytes.size()});
    }
    return parts;
}

class Builder {
  public:
    Builder(const Message& message, const MimeLimits& limits)
        : bytes_(message.bytes()), limits_(limits) {}

    Result<MimeTree> run() {
        BULLA_CHECK(add({.begin = 0, .end = bytes_.size()}, MimePart::no_parent, 0));
        for (std::size_t i = 0; i < tree_.parts.size(); ++i) {
            BULLA_CHECK(open(i));
        }
        return std::move(tree_);
    }

  private:
    Result<void> open(std::size_t index) {
        // Copies: add() may move the parts.
        const MimePart part = tree_.parts[index];
        if (part.is_message()) {
            return add({.begin = part.body_begin, .end = part.end}, index, part.depth + 1);
        }
        if (!part.is_multipart() || part.boundary.empty()) {
            return {};
        }
        for (const Range& range : split_multipart(
                 bytes_.substr(0, part.end), part.body_begin, part.boundary, limits_.max_parts)) {
            BULLA_CHECK(add(range, index, part.depth + 1));
        }
        return {};
    }

    Result<void> add(Range range, std::size_t parent, std::size_t depth) {
        if (tree_.parts.size() == limits_.max_parts) {
            return fail("mime.too_many_parts",
                        Fault::sender,
                        "the message has more MIME parts than the limit allows");
        }
        if (depth > limits_.max_depth) {
            return fail("mime.too_deep",
                        Fault::sender,
                        "the MIME parts of the message are nested deeper than the limit allows");
        }
        const std::string_view bytes = bytes_.substr(range.begin, range.end - range.begin);
        BULLA_TRY(scan, scan_header(bytes, limits_.header));
        MimePart part;
        part.begin = range.begin;
        part.header_end = range.begin + scan.header_end;
        part.body_begin = range.begin + scan.body_begin;
        part.end = range.end;
        part.parent = parent;
        part.depth = depth;
        // RFC 2046 5.1.5: in a multipart/digest the default is message/rfc822.
        if (parent != MimePart::no_parent && tree_.parts[parent].type == "multipart/digest") {
            part.type = "message/rfc822";
        }
        for (const FieldSpan& span : scan.fields) {
            read_field(part, bytes, span);
        }
        tree_.parts.push_back(std::move(part));
        return {};
    }

    static void read_field(MimePart& part, std::string_view bytes, const FieldSpan& span) {
        std::string_view name = bytes.substr(span.begin, span.colon - span.begin);
        while (name.ends_with(' ') || name.ends_with('\t')) {
            name.remove_suffix(1);
        }
        const std::string_view value = bytes.substr(span.colon + 1, span.end - span.colon - 1);
        if (equal_ignoring_case(name, "Content-Type")) {
            const ParameterizedValue type = parse_parameterized(value);
            if (const std::size_t slash = type.value.find('/');
                slash != std::string::npos && slash > 0 && slash + 1 < type.value.size()) {
                part.type = type.value;
            }
            part.charset = type.parameter("charset");
            part.boundary = type.parameter("boundary").substr(0, longest_boundary);
            if (part.filename.empty()) {
                part.filename = type.parameter("name");
            }
        } else if (equal_ignoring_case(name, "Content-Transfer-Encoding")) {
            part.encoding = parse_parameterized(value).value;
        } else if (equal_ignoring_case(name, "Content-Disposition")) {
            const ParameterizedValue disposition = parse_parameterized(value);
            part.disposition = disposition.value;
            if (!disposition.parameter("filename").empty()) {
                part.filename = disposition.parameter("filename");
            }
        }
    }

    std::string_view bytes_;
    const MimeLimits& limits_;
    MimeTree tree_;
};

}  // namespace

bool MimePart::is_message() const {
    // RFC 2046 5.2.1: "No encoding other than '7bit', '8bit', or 'binary' is permitted for the body of a 'message/rfc822' entity."
    return type == "message/rfc822" && encoding != "base64" && encoding != "quoted-printable";
}

std::vector<std::size_t> MimeTree::children(std::size_t parent) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].parent == parent) {
            found.push_back(i);
        }
    }
    return found;
}

Result<MimeTree> parse_mime(const Message& message, const MimeLimits& limits) {
    return Builder(message, limits).run();
}

std::string decoded_body(const Message& message, const MimePart& part) {
    const std::string_view body =
        message.bytes().substr(part.body_begin, part.end - part.body_begin);
    if (part.encoding == "base64") {
        return read_base64_lines(body);
    }
    return part.encoding == "quoted-printable" ? read_quoted_printable(body) : std::string(body);
}

}  // namespace bulla::mail
