#include "dkim/field_writer.h"

#include <algorithm>

namespace bulla::dkim {

namespace {

constexpr std::size_t last_column = 78;

// How much of `text` fits in `room` without cutting an escape.
std::size_t whole_escapes(std::string_view text, std::size_t room) {
    std::size_t size = std::min(room, text.size());
    if (size < text.size()) {
        for (std::size_t back = 1; back <= 2 && back <= size; ++back) {
            if (text[size - back] == '=') {
                size -= back;
                break;
            }
        }
    }
    return size;
}

}  // namespace

FieldWriter::FieldWriter(std::string_view name) {
    text_.reserve(1024);
    text_.append(name).append(":");
    column_ = text_.size();
}

void FieldWriter::fold() {
    text_.append("\r\n ");
    column_ = 1;
}

void FieldWriter::word(std::string_view text) {
    if (column_ + 1 + text.size() > last_column) {
        fold();
    } else {
        text_.push_back(' ');
        ++column_;
    }
    text_.append(text);
    column_ += text.size();
}

void FieldWriter::glue(std::string_view text) {
    if (column_ + text.size() > last_column && column_ > 1) {
        fold();
    }
    text_.append(text);
    column_ += text.size();
}

void FieldWriter::line() {
    text_.append("\r\n");
    column_ = 0;
}

void FieldWriter::stream(std::string_view text, bool has_escapes) {
    while (!text.empty()) {
        const std::size_t room = column_ < last_column ? last_column - column_ : 0;
        const std::size_t size =
            has_escapes ? whole_escapes(text, room) : std::min(room, text.size());
        text_.append(text.substr(0, size));
        column_ += size;
        text.remove_prefix(size);
        if (!text.empty()) {
            fold();
        }
    }
}

}  // namespace bulla::dkim
