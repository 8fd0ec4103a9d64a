#include "importers/text.h"

#include <algorithm>

namespace bulla::importers {

namespace {

char lower_char(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool Lines::next() {
    if (rest_.empty()) {
        return false;
    }
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return true;
}

Piece trim(Piece piece) {
    const std::size_t begin = piece.text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
        return {.text = {}, .column = piece.column};
    }
    const std::size_t end = piece.text.find_last_not_of(blanks);
    return {.text = piece.text.substr(begin, end - begin + 1), .column = piece.column + begin};
}

std::string_view trim(std::string_view text) {
    return trim(Piece{.text = text, .column = 1}).text;
}

Piece take_word(Piece& piece) {
    piece = trim(piece);
    const std::size_t end = std::min(piece.text.find_first_of(blanks), piece.text.size());
    const Piece word{.text = piece.text.substr(0, end), .column = piece.column};
    piece = trim(Piece{.text = piece.text.substr(end), .column = piece.column + end});
    return word;
}

std::vector<Piece> split(Piece piece, std::string_view marks) {
    std::vector<Piece> out;
    while (!piece.text.empty()) {
        const std::size_t end = std::min(piece.text.find_first_of(marks), piece.text.size());
        const Piece one = trim(Piece{.text = piece.text.substr(0, end), .column = piece.column});
        if (!one.text.empty()) {
            out.push_back(one);
        }
        const std::size_t gone = std::min(end + 1, piece.text.size());
        piece = {.text = piece.text.substr(gone), .column = piece.column + gone};
    }
    return out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower_char);
    return out;
}

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower_char, lower_char);
}

std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) {
        out.append(out.empty() ? "" : ", ").append(word);
    }
    return out;
}

std::string replace_all(std::string_view text, std::string_view mark, std::string_view with) {
    std::string out;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t found = text.find(mark, at);
        out.append(text.substr(at, found - at));
        if (found == std::string_view::npos) {
            break;
        }
        out.append(with);
        at = found + mark.size();
    }
    return out;
}

}  // namespace bulla::importers
