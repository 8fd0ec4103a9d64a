#include "emblem/seal_svg.h"

#include "base/encoding.h"
#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

namespace bulla::emblem {
namespace {

LeafHash hash_of(const std::string& hex) {
    LeafHash out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
    }
    return out;
}

std::string digest_of(const std::string& svg) {
    return hex_encode(crypto::view(crypto::sha256(svg)));
}

// The vectors that web/src/lib/seal/seal.test.ts holds the console to.
TEST(SealSvg, c3_3_the_program_and_the_console_draw_the_same_octets) {
    std::ifstream file("web/src/lib/seal/vectors.json");
    ASSERT_TRUE(file);
    const std::regex line(R"re(^\s*"(hash|small|large|cracked_leaf)": "([0-9a-f]{64})",?$)re");
    LeafHash hash{};
    std::size_t drawn = 0;
    std::size_t hashes = 0;
    for (std::string text; std::getline(file, text);) {
        std::smatch match;
        if (!std::regex_match(text, match, line)) {
            continue;
        }
        if (match[1] == "hash") {
            hash = hash_of(match[2]);
            ++hashes;
            continue;
        }
        const bool small = match[1] == "small";
        const bool cracked = match[1] == "cracked_leaf";
        const std::string svg = seal_svg(hash,
                                         {.cut = small ? Cut::small : Cut::large,
                                          .state = cracked ? SealState::cracked : SealState::whole,
                                          .link = Link::leaf});
        EXPECT_EQ(digest_of(svg), match[2]) << match[1] << ' ' << svg.substr(0, 2000);
        ++drawn;
    }
    EXPECT_GE(hashes, 5U);
    EXPECT_EQ(drawn, 3 * hashes);
}

TEST(SealSvg, c3_3_every_figure_field_and_rim_is_another_picture) {
    for (const std::size_t octet : {0U, 1U}) {
        std::set<std::string> pictures;
        for (unsigned value = 0; value < 256; ++value) {
            LeafHash hash{};
            hash[octet] = static_cast<std::uint8_t>(value);
            pictures.insert(seal_svg(hash, {.state = SealState::whole}));
        }
        EXPECT_EQ(pictures.size(), 256U) << octet;
    }
}

}  // namespace
}  // namespace bulla::emblem
