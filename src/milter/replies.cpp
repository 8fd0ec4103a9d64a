#include "milter/replies.h"

#include "milter/packet.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::milter {

namespace {

// What every mail server takes in one packet.
constexpr std::size_t body_piece = 65535;
// Sendmail's own limit on a line of a reply is 980 octets.
constexpr std::size_t max_reply_text = 900;

std::string with_lf(std::string_view value) {
    std::string out(value);
    std::erase(out, '\r');
    return out;
}

void write_texts(std::string& out, char command, std::string data, std::string_view text) {
    write_text(data, text);
    write_packet(out, command, data);
}

}  // namespace

void insert_header(std::string& out,
                   std::uint32_t index,
                   std::string_view name,
                   std::string_view value) {
    std::string data;
    write_number(data, index);
    write_text(data, name);
    write_texts(out, 'i', std::move(data), with_lf(value));
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
    std::string data;
    write_text(data, name);
    write_texts(out, 'h', std::move(data), with_lf(value));
}

void change_header(std::string& out,
                   std::uint32_t index,
                   std::string_view name,
                   std::string_view value) {
    std::string data;
    write_number(data, index);
    write_text(data, name);
    write_texts(out, 'm', std::move(data), with_lf(value));
}

void replace_body(std::string& out, std::string_view body) {
    do {
        write_packet(out, 'b', body.substr(0, body_piece));
        body.remove_prefix(std::min(body.size(), body_piece));
    } while (!body.empty());
}

void add_recipient(std::string& out, std::string_view address) {
    write_texts(out, '+', {}, address);
}

void delete_recipient(std::string& out, std::string_view address) {
    write_texts(out, '-', {}, address);
}

void quarantine(std::string& out, std::string_view reason) {
    write_texts(out, 'q', {}, reason);
}

void progress(std::string& out) {
    write_packet(out, 'p', {});
}

void go_on(std::string& out) {
    write_packet(out, 'c', {});
}

void discard(std::string& out) {
    write_packet(out, 'd', {});
}

void reply(std::string& out, int code, std::string_view enhanced, std::string_view text) {
    if (code < 400 || code > 599) {
        code = 451;
        enhanced = "4.3.0";
    }
    std::string line;
    for (const char c : text.substr(0, max_reply_text)) {
        // Mail servers take the text for a format of printf: "%" stands for itself when it is doubled.
        line += c == '%' ? "%%" : std::string(1, c >= ' ' && c != '\x7F' ? c : '?');
    }
    // A code alone is none to Sendmail.
    line = fmt::format("{} {} {}", code, enhanced, line.empty() ? "Refused" : line);
    write_texts(out, 'y', {}, line);
}

}  // namespace bulla::milter
