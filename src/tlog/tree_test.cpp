#include "tlog/tree.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "tlog/proof.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace bulla::tlog {
namespace {

/// RFC 9162 2.1.1 word for word: the slow reference.
Hash reference_root(const std::vector<std::string>& entries, std::size_t begin, std::size_t end) {
    if (begin == end) {
        return empty_root();
    }
    if (end - begin == 1) {
        return leaf_hash(entries[begin]);
    }
    std::size_t split = 1;
    while (split * 2 < end - begin) {
        split *= 2;
    }
    return node_hash(reference_root(entries, begin, begin + split),
                     reference_root(entries, begin + split, end));
}

std::vector<std::string> make_entries(std::size_t count) {
    std::vector<std::string> entries;
    entries.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        entries.push_back(fmt::format("entry {}", i));
    }
    return entries;
}

/// A tree in memory, stored as the database stores it: leaf hashes and full tiles.
struct Stored {
    std::vector<Hash> leaves;
    std::map<std::pair<unsigned, std::uint64_t>, std::vector<Hash>> tiles;
    Frontier frontier;

    void append(const Hash& leaf) {
        std::vector<Tile> full;
        frontier.append(leaf, full);
        leaves.push_back(leaf);
        for (auto& tile : full) {
            EXPECT_TRUE(tiles.try_emplace({tile.level, tile.index}, std::move(tile.hashes)).second);
        }
    }

    [[nodiscard]] ReadTile read_tile() const {
        return [this](unsigned level, std::uint64_t index) -> Result<std::vector<Hash>> {
            const auto found = tiles.find({level, index});
            if (found == tiles.end()) {
                return fail("test.missing", Fault::us, fmt::format("no tile {} {}", level, index));
            }
            return found->second;
        };
    }

    [[nodiscard]] ReadLeaves read_leaves() const {
        return [this](std::uint64_t first, std::uint64_t count) -> Result<std::vector<Hash>> {
            const auto begin = leaves.begin() + static_cast<std::ptrdiff_t>(first);
            return std::vector<Hash>(begin, begin + static_cast<std::ptrdiff_t>(count));
        };
    }

    [[nodiscard]] TileReader reader(std::uint64_t size) const {
        return {size, read_tile(), read_leaves()};
    }
};

Stored make_stored(std::size_t count) {
    Stored stored;
    for (const auto& entry : make_entries(count)) {
        stored.append(leaf_hash(entry));
    }
    return stored;
}

constexpr std::size_t all_sizes = 300;

TEST(Tree, rfc9162_2_1_1_roots_equal_the_reference_for_all_sizes_to_300) {
    const auto entries = make_entries(all_sizes);
    Stored stored;
    EXPECT_EQ(stored.frontier.root(), empty_root());
    for (std::size_t size = 1; size <= all_sizes; ++size) {
        stored.append(leaf_hash(entries[size - 1]));
        const Hash reference = reference_root(entries, 0, size);
        EXPECT_EQ(stored.frontier.root(), reference) << size;
        EXPECT_EQ(stored.frontier.size(), size);
        auto reader = stored.reader(size);
        EXPECT_EQ(make_root(size, reader.reader()).value(), reference) << size;
    }
}

TEST(Tree, rfc9162_2_1_1_published_roots) {
    // The roots and leaves of the Certificate Transparency project's own test tree.
    const std::vector<std::string> leaves{"",
                                          "00",
                                          "10",
                                          "2021",
                                          "3031",
                                          "40414243",
                                          "5051525354555657",
                                          "606162636465666768696a6b6c6d6e6f"};
    const std::vector<std::string> roots{
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    Frontier frontier;
    std::vector<Tile> full;
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        frontier.append(leaf_hash(hex_decode(leaves[i]).value()), full);
        EXPECT_EQ(hex_encode(view(frontier.root())), roots[i]) << i;
    }
    EXPECT_EQ(hex_encode(view(empty_root())),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Tree, leaf_hash_of_long_entries_is_that_of_the_formula) {
    for (const std::size_t size : {1022U, 1023U, 1024U, 1025U, 5000U}) {
        const std::string entry(size, 'x');
        EXPECT_EQ(leaf_hash(entry), crypto::sha256(std::string(1, '\0') + entry)) << size;
    }
}

TEST(Proof, rfc9162_2_1_3_inclusion_of_every_leaf_in_every_tree_to_300) {
    const auto stored = make_stored(all_sizes);
    for (std::size_t size = 1; size <= all_sizes; ++size) {
        auto reader = stored.reader(size);
        const Hash root = make_root(size, reader.reader()).value();
        for (std::size_t index = 0; index < size; ++index) {
            const auto proof = make_inclusion_proof(index, size, reader.reader()).value();
            ASSERT_TRUE(verify_inclusion(stored.leaves[index], index, size, proof, root))
                << index << "/" << size;
            ASSERT_FALSE(
                verify_inclusion(stored.leaves[(index + 1) % all_sizes], index, size, proof, root));
            ASSERT_EQ(
                size > 1 && verify_inclusion(stored.leaves[index], index ^ 1U, size, proof, root),
                false);
        }
    }
}

TEST(Proof, rfc9162_2_1_4_consistency_of_every_pair_to_300) {
    const auto stored = make_stored(all_sizes);
    std::vector<Hash> roots;
    for (std::size_t size = 0; size <= all_sizes; ++size) {
        auto reader = stored.reader(size);
        roots.push_back(make_root(size, reader.reader()).value());
    }
    for (std::size_t to = 0; to <= all_sizes; ++to) {
        auto reader = stored.reader(to);
        for (std::size_t from = 0; from <= to; ++from) {
            auto proof = make_consistency_proof(from, to, reader.reader()).value();
            ASSERT_TRUE(verify_consistency(from, roots[from], to, roots[to], proof))
                << from << "-" << to;
            if (from > 0 && from < to) {
                ASSERT_FALSE(verify_consistency(from, roots[from - 1], to, roots[to], proof))
                    << from << "-" << to;
                ASSERT_FALSE(verify_consistency(from, roots[from], to, roots[to - 1], proof))
                    << from << "-" << to;
                proof.push_back(roots[from]);
                ASSERT_FALSE(verify_consistency(from, roots[from], to, roots[to], proof))
                    << from << "-" << to;
                proof.resize(proof.size() - 2);
                ASSERT_FALSE(verify_consistency(from, roots[from], to, roots[to], proof))
                    << from << "-" << to;
            }
        }
    }
}

TEST(Proof, rfc9162_2_1_5_the_example_tree_of_seven) {
    const auto stored = make_stored(7);
    const auto& d = stored.leaves;
    auto reader = stored.reader(7);
    const auto read = reader.reader();
    const Hash g = node_hash(d[0], d[1]);
    const Hash h = node_hash(d[2], d[3]);
    const Hash i = node_hash(d[4], d[5]);
    const Hash k = node_hash(g, h);
    const Hash l = node_hash(i, d[6]);
    // RFC 9162 2.1.5: the proofs for d0, d3, d4, d6, and between the trees of 3, 4, 6 and 7 entries.
    EXPECT_EQ(make_inclusion_proof(0, 7, read).value(), (std::vector{d[1], h, l}));
    EXPECT_EQ(make_inclusion_proof(3, 7, read).value(), (std::vector{d[2], g, l}));
    EXPECT_EQ(make_inclusion_proof(4, 7, read).value(), (std::vector{d[5], d[6], k}));
    EXPECT_EQ(make_inclusion_proof(6, 7, read).value(), (std::vector{i, k}));
    EXPECT_EQ(make_consistency_proof(3, 7, read).value(), (std::vector{d[2], d[3], g, l}));
    EXPECT_EQ(make_consistency_proof(4, 7, read).value(), (std::vector{l}));
    EXPECT_EQ(make_consistency_proof(6, 7, read).value(), (std::vector{i, d[6], k}));
}

TEST(Proof, rfc9162_2_1_3_2_vectors_of_transparency_dev) {
    std::size_t files = 0;
    for (const auto& file :
         std::filesystem::recursive_directory_iterator("tests/data/merkle/inclusion")) {
        if (file.path().extension() != ".json") {
            continue;
        }
        ++files;
        std::ifstream in(file.path());
        const auto json = nlohmann::json::parse(in);
        const auto leaf = parse_hash(json["leafHash"].get<std::string>());
        const auto root = parse_hash(json["root"].get<std::string>());
        std::vector<Hash> proof;
        bool readable = leaf.has_value() && root.has_value();
        for (const auto& text : json["proof"].is_null() ? nlohmann::json::array() : json["proof"]) {
            const auto hash = parse_hash(text.get<std::string>());
            readable = readable && hash.has_value();
            proof.push_back(hash.value_or(Hash{}));
        }
        const bool accepted = readable && verify_inclusion(*leaf,
                                                           json["leafIdx"].get<std::uint64_t>(),
                                                           json["treeSize"].get<std::uint64_t>(),
                                                           proof,
                                                           *root);
        EXPECT_EQ(accepted, !json["wantErr"].get<bool>()) << file.path();
    }
    EXPECT_EQ(files, 98U);
}

TEST(Proof, what_lies_outside_is_refused) {
    const auto stored = make_stored(10);
    auto reader = stored.reader(10);
    const auto read = reader.reader();
    EXPECT_EQ(make_inclusion_proof(10, 10, read).error().code, "tlog.out_of_range");
    EXPECT_EQ(make_inclusion_proof(0, 0, read).error().code, "tlog.out_of_range");
    EXPECT_EQ(make_inclusion_proof(0, 11, read).error().code, "tlog.out_of_range");
    EXPECT_EQ(make_consistency_proof(5, 4, read).error().code, "tlog.out_of_range");
    EXPECT_EQ(reader.node(4, 0).error().code, "tlog.out_of_range");
    EXPECT_EQ(reader.node(63, 0).error().code, "tlog.out_of_range");
    EXPECT_FALSE(verify_consistency(5, {}, 4, {}, {}));
    EXPECT_FALSE(verify_inclusion({}, 0, ~std::uint64_t{0}, {}, {}));
}

TEST(Tile, c2sp_tlog_tiles_seventy_thousand_leaves) {
    // C2SP tlog-tiles: a tree of 70,000 has 273 full level 0 tiles, one of width 112, one full level 1 tile, one of width 17, one
    // level 2 tile of width 1.
    Stored stored;
    std::string octets(4, '\0');
    for (std::uint32_t i = 0; i < 70000; ++i) {
        octets.clear();
        put_u32(octets, i);
        stored.append(leaf_hash(octets));
    }
    EXPECT_EQ(stored.tiles.size(), 274U);
    EXPECT_TRUE(stored.tiles.contains({1, 0}));
    EXPECT_EQ(stored.tiles.at({1, 0})[255], tile_root(stored.tiles.at({0, 255})));
    const std::vector<Hash> last(stored.leaves.end() - 112, stored.leaves.end());
    auto loaded = Frontier::load(70000, last, stored.read_tile()).value();
    EXPECT_EQ(loaded.root(), stored.frontier.root());
    auto reader = stored.reader(70000);
    EXPECT_EQ(make_root(70000, reader.reader()).value(), stored.frontier.root());
    for (const std::uint64_t index : {0U, 255U, 256U, 65535U, 65536U, 69887U, 69888U, 69999U}) {
        const auto proof = make_inclusion_proof(index, 70000, reader.reader()).value();
        EXPECT_TRUE(
            verify_inclusion(stored.leaves[index], index, 70000, proof, stored.frontier.root()))
            << index;
    }
    for (const std::uint64_t from : {1U, 256U, 65536U, 65537U, 69888U, 69999U}) {
        auto old_reader = stored.reader(from);
        const auto proof = make_consistency_proof(from, 70000, reader.reader()).value();
        EXPECT_TRUE(verify_consistency(from,
                                       make_root(from, old_reader.reader()).value(),
                                       70000,
                                       stored.frontier.root(),
                                       proof));
    }
}

TEST(Tile, c2sp_tlog_tiles_an_edge_loaded_at_any_size_goes_on_like_the_first) {
    const auto entries = make_entries(1100);
    Stored stored;
    for (std::size_t size = 0; size < 1100; ++size) {
        if (size % 37 == 0 || size % 256 < 2) {
            const std::vector<Hash> last(
                stored.leaves.end() - static_cast<std::ptrdiff_t>(size % 256), stored.leaves.end());
            Stored again = stored;
            again.frontier = Frontier::load(size, last, stored.read_tile()).value();
            EXPECT_EQ(again.frontier.root(), stored.frontier.root()) << size;
            for (std::size_t more = size; more < std::min<std::size_t>(size + 300, 1100); ++more) {
                again.append(leaf_hash(entries[more]));
            }
            EXPECT_EQ(again.frontier.root(), reference_root(entries, 0, again.frontier.size()))
                << size;
        }
        stored.append(leaf_hash(entries[size]));
    }
}

TEST(Tile, an_edge_is_not_loaded_from_too_few_hashes) {
    const auto stored = make_stored(600);
    EXPECT_EQ(Frontier::load(600, {}, stored.read_tile()).error().code, "tlog.bad_tile");
    const std::vector<Hash> last(stored.leaves.end() - 88, stored.leaves.end());
    EXPECT_TRUE(Frontier::load(600, last, stored.read_tile()));
    const auto short_tile = [](unsigned, std::uint64_t) -> Result<std::vector<Hash>> {
        return std::vector<Hash>(255);
    };
    EXPECT_EQ(Frontier::load(600, last, short_tile).error().code, "tlog.bad_tile");
    const auto missing = [](unsigned, std::uint64_t) -> Result<std::vector<Hash>> {
        return fail("test.gone", Fault::us, "");
    };
    EXPECT_EQ(Frontier::load(600, last, missing).error().code, "test.gone");
}

TEST(Tile, c2sp_tlog_tiles_bytes_and_paths) {
    const auto stored = make_stored(256);
    const auto& tile = stored.tiles.at({0, 0});
    const auto bytes = write_tile(tile);
    EXPECT_EQ(bytes.size(), 8192U);
    EXPECT_EQ(parse_tile(bytes).value(), tile);
    EXPECT_EQ(parse_tile(bytes.substr(1)).error().code, "tlog.bad_tile");
    EXPECT_EQ(tile_path(0, 1234067), "tile/0/x001/x234/067");
    EXPECT_EQ(tile_path(0, 0), "tile/0/000");
    EXPECT_EQ(tile_path(1, 1000, 17), "tile/1/x001/000.p/17");
}

}  // namespace
}  // namespace bulla::tlog
