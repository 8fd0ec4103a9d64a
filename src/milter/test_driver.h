#pragma once
#include "milter/packet.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What a mail server says and reads, for tests.

namespace bulla::milter::testing {

inline std::string packet(char command, std::string_view data = {}) {
    std::string out;
    write_packet(out, command, data);
    return out;
}

/// A packet of texts that each end with NUL.
inline std::string texts(char command, const std::vector<std::string>& parts) {
    std::string data;
    for (const auto& part : parts) {
        data += part;
        data.push_back('\0');
    }
    return packet(command, data);
}

inline std::string macros(char command, const std::vector<std::string>& parts) {
    auto out = texts('D', parts);
    out.insert(5, 1, command);
    out[3] = static_cast<char>(out[3] + 1);
    return out;
}

inline std::string negotiation(std::uint32_t version = 6,
                               std::uint32_t actions = 0x1FF,
                               std::uint32_t steps = 0x1FFFFF) {
    std::string data;
    write_number(data, version);
    write_number(data, actions);
    write_number(data, steps);
    return packet('O', data);
}

inline std::string client(std::string_view address = "192.0.2.7", char family = '4') {
    std::string data = "client.example";
    data.push_back('\0');
    data.push_back(family);
    data += "\x04\xD2";
    data += address;
    data.push_back('\0');
    return packet('C', data);
}

/// The first octets of the packets in `output`.
inline std::string commands(std::string_view output) {
    PacketReader reader(1U << 24U);
    reader.feed(output);
    std::string out;
    while (true) {
        const auto packet = reader.next();
        if (!packet || !*packet) {
            return out + (reader.held() > 0 ? "?" : "");
        }
        out.push_back((*packet)->command);
    }
}

/// One message to bob@example.net with a header and a body, and the end of it.
inline std::string message(std::string_view from = "<alice@example.test>",
                           std::string_view body = "hello\r\n") {
    return texts('M', {std::string(from)}) + texts('R', {"<bob@example.net>"}) +
           texts('L', {"From", " alice@example.test"}) + texts('L', {"Subject", " a\n\tb"}) +
           packet('N') + packet('B', body) + packet('E');
}

}  // namespace bulla::milter::testing
