#include "milter/message_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace bulla::milter {

namespace {

// RFC 5322 2.2: "A field name MUST be composed of printable US-ASCII characters (i.e., characters that have values between 33 and 126,
// inclusive), except colon."  White space before the colon is of the obsolete syntax (4.5), which mail servers pass on.
bool is_field_name(std::string_view name) {
    const auto end = name.find_last_not_of(" \t");
    return end != std::string_view::npos &&
           std::ranges::all_of(name.substr(0, end + 1),
                               [](char c) { return c > ' ' && c < '\x7F' && c != ':'; });
}

}  // namespace

void MessageReader::refuse(Flaw flaw) {
    if (!flaw_) {
        flaw_ = flaw;
    }
    std::string().swap(bytes_);
}

void MessageReader::add_field(std::string_view name, std::string_view value) {
    if (flaw_) {
        return;
    }
    if (in_body_ || !is_field_name(name)) {
        refuse(Flaw::bad_field);
        return;
    }
    if (++fields_ > limits_.fields) {
        refuse(Flaw::too_many_fields);
        return;
    }
    bytes_ += name;
    bytes_ += leading_space_ ? ":" : ": ";
    if (!append_value(value)) {
        return;
    }
    bytes_ += "\r\n";
    if (bytes_.size() > limits_.header_bytes) {
        refuse(Flaw::header_too_big);
    }
}

bool MessageReader::append_value(std::string_view value) {
    std::size_t before = bytes_.size() - bytes_.rfind('\n') - 1;
    while (true) {
        const auto end = value.find('\n');
        auto line = value.substr(0, end);
        if (end != std::string_view::npos && line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (line.find('\r') != std::string_view::npos) {
            refuse(Flaw::bare_newline);
            return false;
        }
        if (before + line.size() > limits_.line_bytes) {
            refuse(Flaw::line_too_long);
            return false;
        }
        bytes_ += line;
        if (end == std::string_view::npos) {
            return true;
        }
        value.remove_prefix(end + 1);
        // What does not begin with white space would be a field of its own, or the end of the header.
        if (value.empty() || (value.front() != ' ' && value.front() != '\t')) {
            refuse(Flaw::bad_field);
            return false;
        }
        bytes_ += "\r\n";
        before = 0;
    }
}

void MessageReader::end_header() {
    if (!in_body_ && !flaw_) {
        bytes_ += "\r\n";
    }
    in_body_ = true;
}

void MessageReader::add_body(std::string_view piece) {
    end_header();
    if (flaw_ || piece.empty()) {
        return;
    }
    if (piece.size() > limits_.bytes || bytes_.size() > limits_.bytes - piece.size()) {
        refuse(Flaw::too_big);
        return;
    }
    look_at_body(piece);
    if (!flaw_) {
        bytes_ += piece;
    }
}

void MessageReader::look_at_body(std::string_view piece) {
    if (std::memchr(piece.data(), '\0', piece.size()) != nullptr) {
        refuse(Flaw::nul_octet);
        return;
    }
    while (!piece.empty()) {
        if (after_cr_) {
            if (piece.front() != '\n') {
                refuse(Flaw::bare_newline);
                return;
            }
            after_cr_ = false;
            line_ = 0;
            piece.remove_prefix(1);
            continue;
        }
        const auto end = std::min(piece.find('\n'), piece.size());
        const auto line = piece.substr(0, end);
        const auto cr = line.find('\r');
        const bool ended = end < piece.size();
        // A line that ends here has its CR right before the LF; one that does not may have it as the last octet.
        if ((cr == std::string_view::npos ? ended : cr + 1 != line.size())) {
            refuse(Flaw::bare_newline);
            return;
        }
        line_ += line.size() - (cr == std::string_view::npos ? 0 : 1);
        if (line_ > limits_.line_bytes) {
            refuse(Flaw::line_too_long);
            return;
        }
        after_cr_ = !ended && cr != std::string_view::npos;
        line_ = ended ? 0 : line_;
        piece.remove_prefix(std::min(piece.size(), end + 1));
    }
}

void MessageReader::end() {
    end_header();
    if (after_cr_) {
        refuse(Flaw::bare_newline);
    } else if (!flaw_ && !bytes_.ends_with('\n')) {
        // A mail server's last line has an end, even where none was sent.
        bytes_ += "\r\n";
    }
    if (bytes_.size() > limits_.bytes) {
        refuse(Flaw::too_big);
    }
}

}  // namespace bulla::milter
