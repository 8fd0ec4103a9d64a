#include "services/tar.h"

#include <fmt/format.h>
#include <numeric>

namespace bulla::services {
namespace {

constexpr std::size_t block = 512;
constexpr std::size_t checksum_at = 148;
constexpr std::size_t checksum_size = 8;

void put(std::string& header, std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
}

std::string make_header(std::string_view name, std::size_t size, Time time) {
    std::string header(block, '\0');
    put(header, 0, name.substr(0, 100));
    put(header, 100, "0000644");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, fmt::format("{:011o}", size));
    put(header, 136, fmt::format("{:011o}", to_unix(time)));
    put(header, checksum_at, std::string(checksum_size, ' '));
    put(header, 156, "0");
    put(header, 257, std::string_view("ustar\00000", 8));
    const auto sum = std::accumulate(header.begin(), header.end(), 0U, [](unsigned sum, char c) {
        return sum + static_cast<unsigned char>(c);
    });
    put(header, checksum_at, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    return header;
}

}  // namespace

void append_tar(std::string& tar, std::string_view name, std::string_view bytes, Time time) {
    tar += make_header(name, bytes.size(), time);
    tar += bytes;
    tar.append((block - bytes.size() % block) % block, '\0');
}

void end_tar(std::string& tar) {
    tar.append(2 * block, '\0');
}

}  // namespace bulla::services
