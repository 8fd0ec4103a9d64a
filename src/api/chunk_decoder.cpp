#include "api/chunk_decoder.h"

#include "api/request.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace bulla::api {

namespace {

constexpr std::size_t line_limit = 4096;
// A chunk of 4 GiB and more is above every limit of a body.
constexpr std::size_t size_digits = 8;

std::unexpected<Error> bad(std::string_view why) {
    return fail(
        "http.bad_request", Fault::sender, fmt::format("The body {}.", why), "RFC 9112 7.1");
}

std::string_view take_token(std::string_view& rest) {
    const auto end = std::ranges::find_if_not(rest, is_token_char);
    const std::string_view token = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    rest.remove_prefix(token.size());
    return token;
}

bool take_quoted(std::string_view& rest) {
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != '"') {
        rest.remove_prefix(rest.front() == '\\' && rest.size() > 1 ? 2 : 1);
    }
    if (rest.empty()) {
        return false;
    }
    rest.remove_prefix(1);
    return true;
}

// RFC 9112 7.1.1: chunk-ext = *( ";" chunk-ext-name [ "=" chunk-ext-val ] ), here without the white space that is only for reading.
bool are_extensions(std::string_view rest) {
    while (!rest.empty()) {
        if (rest.front() != ';') {
            return false;
        }
        rest.remove_prefix(1);
        if (take_token(rest).empty()) {
            return false;
        }
        if (!rest.starts_with('=')) {
            continue;
        }
        rest.remove_prefix(1);
        if (rest.starts_with('"') ? !take_quoted(rest) : take_token(rest).empty()) {
            return false;
        }
    }
    return true;
}

}  // namespace

Result<std::size_t> ChunkDecoder::feed(std::string_view bytes, std::string& body) {
    std::size_t used = 0;
    while (used < bytes.size() && !is_done()) {
        if (stage_ == Stage::data) {
            const std::size_t size = std::min<std::uint64_t>(left_, bytes.size() - used);
            body.append(bytes.substr(used, size));
            used += size;
            left_ -= size;
            stage_ = left_ == 0 ? Stage::end_of_data : Stage::data;
            continue;
        }
        const char c = bytes[used++];
        if (has_cr_) {
            if (c != '\n') {
                return bad("has a CR without LF");
            }
            has_cr_ = false;
            BULLA_CHECK(take_line());
            line_.clear();
        } else if (c == '\r') {
            has_cr_ = true;
        } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
            return bad("has a control character in a chunk's head or a trailer");
        } else if (stage_ == Stage::end_of_data || line_.size() >= line_limit) {
            return bad(stage_ == Stage::end_of_data ? "has a chunk longer than it says"
                                                    : "has a line that is too long");
        } else {
            line_.push_back(c);
        }
    }
    return used;
}

Result<void> ChunkDecoder::take_line() {
    switch (stage_) {
        case Stage::size:
            return take_size();
        case Stage::end_of_data:
            stage_ = Stage::size;
            return {};
        case Stage::trailer:
            return take_trailer();
        case Stage::data:
        case Stage::done:
            break;
    }
    return {};
}

Result<void> ChunkDecoder::take_size() {
    const std::size_t digits =
        std::min(line_.find_first_not_of("0123456789abcdefABCDEF"), line_.size());
    if (digits == 0 || digits > size_digits) {
        return bad("has a chunk without a size, or of 4 GiB");
    }
    if (!are_extensions(std::string_view(line_).substr(digits))) {
        return bad("has a chunk extension that is none");
    }
    std::from_chars(line_.data(), line_.data() + digits, left_, 16);
    stage_ = left_ == 0 ? Stage::trailer : Stage::data;
    return {};
}

Result<void> ChunkDecoder::take_trailer() {
    if (line_.empty()) {
        stage_ = Stage::done;
        return {};
    }
    trailer_octets_ += line_.size();
    std::string_view rest = line_;
    const std::string_view name = take_token(rest);
    if (name.empty() || !rest.starts_with(':') || trailer_octets_ > line_limit) {
        return bad("has trailers that cannot be read");
    }
    // RFC 9110 6.5.1: "A sender MUST NOT generate a trailer field unless […]"; of these, that they decide how a message is framed.
    for (const std::string_view framing : {"content-length", "transfer-encoding", "host"}) {
        if (equals_ignoring_case(name, framing)) {
            return bad("has a trailer that belongs to the head");
        }
    }
    return {};
}

}  // namespace bulla::api
