#include "dkim/canon.h"

#include "dkim/scan.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace bulla::dkim {

namespace {

bool is_wsp(char c) {
    return c == ' ' || c == '\t';
}

// Hashes what it is given: long runs at once, short ones gathered first, because every call of the digest has its price.
class HashSink {
  public:
    explicit HashSink(std::optional<std::uint64_t> limit)
        : room_(limit.value_or(std::numeric_limits<std::uint64_t>::max())) {}

    void write(std::string_view run) {
        length_ += run.size();
        run = run.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room_, run.size())));
        room_ -= run.size();
        if (run.size() > stage_.size() - staged_) {
            flush();
        }
        if (run.size() > longest_staged) {
            flush();
            hash_.update(run);
        } else if (!run.empty()) {
            std::memcpy(stage_.data() + staged_, run.data(), run.size());
            staged_ += run.size();
        }
    }

    BodyDigest finish() {
        flush();
        return {.hash = hash_.finish(), .length = length_};
    }

  private:
    static constexpr std::size_t longest_staged = 1024;

    void flush() {
        if (staged_ > 0) {
            hash_.update({stage_.data(), staged_});
            staged_ = 0;
        }
    }

    crypto::Sha256Stream hash_;
    std::uint64_t room_;
    std::uint64_t length_ = 0;
    std::size_t staged_ = 0;
    std::array<char, 8192> stage_;  // only what was written is read
};

struct StringSink {
    std::string out;

    void write(std::string_view run) { out.append(run); }
};

// The end of `body` without the empty lines that end it; for relaxed, lines of white space count as empty.
std::size_t content_end(Canon canon, std::string_view body) {
    std::size_t end = body.size();
    for (;;) {
        std::size_t line = body.substr(0, end).ends_with("\r\n") ? end - 2 : end;
        while (canon == Canon::relaxed && line > 0 && is_wsp(body[line - 1])) {
            --line;
        }
        if (line == 0) {
            return 0;
        }
        if (!body.substr(0, line).ends_with("\r\n")) {
            return end;
        }
        end = line;
    }
}

template <class Sink>
void relax_body(std::string_view content, Sink& sink) {
    const char* const end = content.data() + content.size();
    const char* start = content.data();
    for (const char* at = start; at != end;) {
        at = find_special(at, end);
        if (at == end) {
            break;
        }
        if (*at == '\t' && at > start && at[-1] == ' ') {
            --at;
        }
        const char* const after = std::find_if_not(at, end, is_wsp);
        const auto before = static_cast<std::size_t>(at - start);
        // RFC 6376 3.4.4: "Ignore all whitespace at the end of lines."
        if (after == end || (*after == '\r' && after + 1 != end && after[1] == '\n')) {
            sink.write({start, before});
            start = after;
        } else if (*at == ' ') {
            // RFC 6376 3.4.4: "Reduce all sequences of WSP within a line to a single SP character."
            if (after - at > 1) {
                sink.write({start, before + 1});
                start = after;
            }
        } else {
            sink.write({start, before});
            sink.write(" ");
            start = after;
        }
        at = after;
    }
    sink.write({start, static_cast<std::size_t>(end - start)});
}

template <class Sink>
void write_body(Canon canon, std::string_view body, Sink& sink) {
    const std::string_view content = body.substr(0, content_end(canon, body));
    if (canon == Canon::simple) {
        sink.write(content);
    } else {
        relax_body(content, sink);
    }
    // RFC 6376 3.4.3: "If there is no body or no trailing CRLF on the message body, a CRLF is added."
    // RFC 6376 3.4.4: "If the body is non-empty but does not end with a CRLF, a CRLF is added."
    if (content.empty() ? canon == Canon::simple : !content.ends_with("\r\n")) {
        sink.write("\r\n");
    }
}

// Copies octets from `at` up to one that relaxing a field may have to change: a control, or a SP before anything but a visible octet.
// May write up to 15 octets beyond what it copied.
const char* copy_plain(char*& to, const char* at, const char* end) {
#if defined(__x86_64__)
    const __m128i space = _mm_set1_epi8(' ');
    const auto up_to_space = [&](__m128i octets) {
        return static_cast<unsigned>(
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(octets, space), octets)));
    };
    while (end - at > 16) {
        const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 1));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), here);
        const auto spaces = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(here, space)));
        const unsigned stops = up_to_space(here) & ~(spaces & ~up_to_space(next));
        const int plain = stops == 0 ? 16 : std::countr_zero(stops);
        at += plain;
        to += plain;
        if (stops != 0) {
            return at;
        }
    }
#endif
    while (at != end && static_cast<unsigned char>(*at) > ' ') {
        *to++ = *at++;
    }
    return at;
}

// RFC 6376 3.4.2: name in lower case, unfolded, white space reduced to one SP, none at the end of the value nor around the colon.
char* relax_field(char* to, std::string_view field) {
    const std::size_t colon = std::min(field.find(':'), field.size());
    std::string_view name = field.substr(0, colon);
    while (!name.empty() && is_wsp(name.back())) {
        name.remove_suffix(1);
    }
    for (const char c : name) {
        *to++ = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    *to++ = ':';
    const char* const value = to;
    const char* at = field.data() + std::min(colon + 1, field.size());
    const char* const end = field.data() + field.size();
    bool space = false;
    while (at != end) {
        if (is_wsp(*at)) {
            space = true;
            ++at;
        } else if (*at == '\r' && at + 1 != end && at[1] == '\n') {
            at += 2;
        } else {
            if (space && to != value) {
                *to++ = ' ';
            }
            space = false;
            *to++ = *at++;
            at = copy_plain(to, at, end);
        }
    }
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

}  // namespace

void append_canonical_field(std::string& out, Canon canon, std::string_view field) {
    if (canon == Canon::simple) {
        out.append(field);
        if (!field.ends_with("\r\n")) {
            out.append("\r\n");
        }
        return;
    }
    const std::size_t before = out.size();
    out.resize_and_overwrite(before + field.size() + 3 + 16, [&](char* data, std::size_t) {
        return static_cast<std::size_t>(relax_field(data + before, field) - data);
    });
}

BodyDigest digest_body(Canon canon, std::string_view body, std::optional<std::uint64_t> limit) {
    // Clearing the stage would cost as much as canonicalising a small message.
    [[clang::uninitialized]] HashSink sink(limit);
    write_body(canon, body, sink);
    return sink.finish();
}

std::string canonical_body(Canon canon, std::string_view body) {
    StringSink sink;
    write_body(canon, body, sink);
    return std::move(sink.out);
}

}  // namespace bulla::dkim
