#include "tlog/tree.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace bulla::tlog {

namespace {

constexpr unsigned tile_height = 8;

std::unexpected<Error> bad_tile(std::string text) {
    return fail("tlog.bad_tile", Fault::us, std::move(text));
}

}  // namespace

std::string write_tile(const std::vector<Hash>& hashes) {
    std::string out;
    out.reserve(hashes.size() * std::tuple_size_v<Hash>);
    for (const Hash& hash : hashes) {
        out.append(view(hash));
    }
    return out;
}

Result<std::vector<Hash>> parse_tile(std::string_view bytes) {
    constexpr std::size_t hash_size = std::tuple_size_v<Hash>;
    if (bytes.size() != tile_width * hash_size) {
        return bad_tile(fmt::format(
            "a tile of the log has {} octets instead of {}", bytes.size(), tile_width * hash_size));
    }
    std::vector<Hash> hashes(tile_width);
    for (std::size_t i = 0; i < tile_width; ++i) {
        bytes.substr(i * hash_size).copy(hashes[i].data(), hash_size);
    }
    return hashes;
}

std::string tile_path(unsigned level, std::uint64_t index, unsigned width) {
    // C2SP tlog-tiles: "encoded into zero-padded 3-digit path elements. All but the last path element MUST begin with an x."
    std::string path = fmt::format("{:03}", index % 1000);
    for (std::uint64_t rest = index / 1000; rest > 0; rest /= 1000) {
        path = fmt::format("x{:03}/{}", rest % 1000, path);
    }
    path = fmt::format("tile/{}/{}", level, path);
    return width < tile_width ? fmt::format("{}.p/{}", path, width) : path;
}

Hash tile_root(std::vector<Hash> hashes) {
    if (hashes.empty()) {
        return empty_root();
    }
    // Pairing neighbours and carrying a last odd one up gives the tree of RFC 9162 2.1.1.
    for (std::size_t count = hashes.size(); count > 1; count = (count + 1) / 2) {
        for (std::size_t i = 0; i + 1 < count; i += 2) {
            hashes[i / 2] = node_hash(hashes[i], hashes[i + 1]);
        }
        if (count % 2 != 0) {
            hashes[count / 2] = hashes[count - 1];
        }
    }
    return hashes.front();
}

Result<Frontier> Frontier::load(std::uint64_t size,
                                const std::vector<Hash>& last_leaves,
                                const ReadTile& read_tile) {
    if (last_leaves.size() != size % tile_width) {
        return bad_tile(fmt::format("a log of {} leaves needs the last {} of them, {} were found",
                                    size,
                                    size % tile_width,
                                    last_leaves.size()));
    }
    Frontier frontier;
    frontier.size_ = size;
    frontier.partial_.push_back(last_leaves);
    for (std::uint64_t nodes = size / tile_width; nodes > 0; nodes /= tile_width) {
        const auto below = static_cast<unsigned>(frontier.partial_.size() - 1);
        std::vector<Hash> hashes;
        for (std::uint64_t index = nodes - nodes % tile_width; index < nodes; ++index) {
            BULLA_TRY(tile, read_tile(below, index));
            if (tile.size() != tile_width) {
                return bad_tile(
                    fmt::format("tile {} of level {} of the log is not full", index, below));
            }
            hashes.push_back(tile_root(std::move(tile)));
        }
        frontier.partial_.push_back(std::move(hashes));
    }
    for (auto level = frontier.partial_.rbegin(); level != frontier.partial_.rend(); ++level) {
        auto first = level->begin();
        for (std::size_t left = level->size(); left > 0;) {
            const auto width = static_cast<std::ptrdiff_t>(std::bit_floor(left));
            frontier.edge_.push_back(tile_root({first, first + width}));
            first += width;
            left -= static_cast<std::size_t>(width);
        }
    }
    return frontier;
}

void Frontier::append(const Hash& leaf, std::vector<Tile>& full) {
    const auto keep = [this](unsigned level, const Hash& hash) {
        if (partial_.size() <= level) {
            partial_.emplace_back();
        }
        partial_[level].push_back(hash);
    };
    keep(0, leaf);
    Hash hash = leaf;
    unsigned height = 0;
    // Adding one to a binary number: each carry joins two subtrees of the same height.
    while ((size_ >> height & 1U) != 0) {
        hash = node_hash(edge_.back(), hash);
        edge_.pop_back();
        ++height;
        if (height % tile_height == 0) {
            const unsigned level = height / tile_height;
            full.push_back({level - 1, size_ >> height, std::move(partial_[level - 1])});
            partial_[level - 1].clear();
            keep(level, hash);
        }
    }
    edge_.push_back(hash);
    ++size_;
}

Hash Frontier::root() const {
    if (edge_.empty()) {
        return empty_root();
    }
    Hash root = edge_.back();
    for (auto subtree = edge_.rbegin() + 1; subtree != edge_.rend(); ++subtree) {
        root = node_hash(*subtree, root);
    }
    return root;
}

TileReader::TileReader(std::uint64_t size, ReadTile read_tile, ReadLeaves read_leaves)
    : size_(size), read_tile_(std::move(read_tile)), read_leaves_(std::move(read_leaves)) {}

Result<const std::vector<Hash>*> TileReader::tile(unsigned level, std::uint64_t index) {
    constexpr std::size_t max_tiles = 1024;
    const auto place = std::pair{level, index};
    if (const auto known = tiles_.find(place); known != tiles_.end()) {
        return &known->second;
    }
    const std::uint64_t width =
        std::min(tile_width, (size_ >> (tile_height * level)) - index * tile_width);
    std::vector<Hash> hashes;
    if (width == tile_width) {
        BULLA_TRY(stored, read_tile_(level, index));
        hashes = std::move(stored);
    } else if (level == 0) {
        BULLA_TRY(stored, read_leaves_(index * tile_width, width));
        hashes = std::move(stored);
    } else {
        for (std::uint64_t below = index * tile_width; below < index * tile_width + width;
             ++below) {
            BULLA_TRY(child, tile(level - 1, below));
            hashes.push_back(tile_root(*child));
        }
    }
    if (hashes.size() != width) {
        return bad_tile(fmt::format("tile {} of level {} of the log has {} hashes instead of {}",
                                    index,
                                    level,
                                    hashes.size(),
                                    width));
    }
    if (tiles_.size() >= max_tiles) {
        tiles_.clear();
    }
    return &tiles_.insert_or_assign(place, std::move(hashes)).first->second;
}

Result<Hash> TileReader::node(unsigned height, std::uint64_t index) {
    if (height >= 63 || index >= size_ >> height) {
        return fail("tlog.out_of_range", Fault::sender, "the log has no such node at that size");
    }
    const unsigned level = height / tile_height;
    const unsigned inner = height % tile_height;
    const std::uint64_t first = index << inner;
    BULLA_TRY(hashes, tile(level, first / tile_width));
    const auto begin = hashes->begin() + static_cast<std::ptrdiff_t>(first % tile_width);
    return tile_root({begin, begin + (std::ptrdiff_t{1} << inner)});
}

}  // namespace bulla::tlog
