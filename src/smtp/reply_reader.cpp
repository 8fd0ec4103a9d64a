#include "smtp/reply_reader.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bulla::smtp {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// RFC 5321 4.2: the first digit is 2 to 5, the second 0 to 5; the third is any. Servers in use stretch the second, so it is not checked.
bool is_code(std::string_view line) {
    return line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) &&
           is_digit(line[2]) && (line.size() == 3 || line[3] == ' ' || line[3] == '-');
}

}  // namespace

void ReplyReader::drop() {
    buffer_.clear();
    used_ = 0;
    code_ = 0;
    lines_.clear();
    total_ = 0;
}

// True if the line ended a reply, false if more lines follow, nullopt if no whole line is there.
Result<std::optional<bool>> ReplyReader::read_line() {
    const std::size_t end = buffer_.find('\n', used_);
    const std::size_t length = (end == std::string::npos ? buffer_.size() : end + 1) - used_;
    if (length > limits_.line || total_ + length > limits_.total ||
        lines_.size() >= limits_.lines) {
        return fail("smtp.reply_too_long",
                    Fault::temporary,
                    "The server's reply exceeds the limits.",
                    "RFC 5321 4.5.3.1.5");
    }
    if (end == std::string::npos) {
        return std::nullopt;
    }
    std::string_view line = std::string_view(buffer_).substr(used_, length - 1);
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    if (!is_code(line)) {
        return fail("smtp.reply_bad",
                    Fault::temporary,
                    "The server sent a line that is no SMTP reply.",
                    "RFC 5321 4.2");
    }
    const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    // RFC 5321 4.2.1: "In a multiline reply, the reply code on each of the lines MUST be the same."
    if (!lines_.empty() && code != code_) {
        return fail("smtp.reply_bad",
                    Fault::temporary,
                    "The lines of the server's reply have different codes.",
                    "RFC 5321 4.2.1");
    }
    const bool last = line.size() == 3 || line[3] == ' ';
    code_ = code;
    lines_.emplace_back(line.size() > 4 ? line.substr(4) : std::string_view{});
    total_ += length;
    used_ += length;
    return last;
}

Reply ReplyReader::finish() {
    Reply reply{
        .code = code_, .enhanced = std::string(find_enhanced_code(lines_.front())), .text = {}};
    // An enhanced code contradicting the reply code is no use to anyone (RFC 2034 4: the classes agree).
    if (!reply.enhanced.empty() && reply.enhanced[0] - '0' != code_ / 100) {
        reply.enhanced.clear();
    }
    bool first = true;
    for (std::string_view line : lines_) {
        if (!reply.enhanced.empty() && find_enhanced_code(line) == reply.enhanced) {
            line.remove_prefix(std::min(line.size(), reply.enhanced.size() + 1));
        }
        if (!std::exchange(first, false)) {
            reply.text.push_back('\n');
        }
        reply.text.append(line);
    }
    lines_.clear();
    total_ = 0;
    if (used_ == buffer_.size()) {
        buffer_.clear();
        used_ = 0;
    }
    return reply;
}

Result<std::optional<Reply>> ReplyReader::next() {
    for (;;) {
        BULLA_TRY(ended, read_line());
        if (!ended) {
            buffer_.erase(0, used_);
            used_ = 0;
            return std::nullopt;
        }
        if (*ended) {
            return finish();
        }
    }
}

}  // namespace bulla::smtp
