#include "seal/packs.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace bulla::seal {
namespace {

constexpr int node_shift = 40;

/// The greatest pack number of `node` in the directory, or `least`.
std::int64_t find_last_number(const std::string& path, unsigned node, std::int64_t least) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
        const auto name = entry.path().stem().string();
        std::int64_t number = 0;
        const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (bad == std::errc{} && end == name.data() + name.size() &&
            number >> node_shift == static_cast<std::int64_t>(node)) {
            least = std::max(least, number);
        }
    }
    return least;
}

}  // namespace

Address Pack::reserve(std::uint64_t length, const SecretBytes& record_key, Random& random) {
    Address address{.volume = name_.volume,
                    .pack = name_.number,
                    .offset = end_,
                    .length = static_cast<std::int64_t>(length),
                    .slot = slots_};
    write_slot(new_slots_, key_, name_, slots_, record_key.view(), random.bytes(12));
    end_ += address.length;
    ++slots_;
    return address;
}

Result<void> Pack::write_slots() {
    const std::string_view bytes = new_slots_;
    BULLA_CHECK(files_.write(keys_, {&bytes, 1}, slot_offset(slots_written_)));
    slots_written_ = slots_;
    new_slots_.clear();
    return {};
}

Result<std::unique_ptr<PackFolder>> PackFolder::open(const Options& options,
                                                     std::string_view volumes_key,
                                                     FileOps& files) {
    if (options.volume.empty() || options.volume.size() > max_volume_name ||
        options.volume.find('/') != std::string::npos) {
        return fail(
            "seal.file", Fault::us, "\"" + options.volume + "\" cannot be the name of a volume");
    }
    BULLA_CHECK(make_folder(files, options.path));
    const auto least =
        std::max(options.last_number, static_cast<std::int64_t>(options.node) << node_shift);
    return std::make_unique<PackFolder>(
        options, volumes_key, files, find_last_number(options.path, options.node, least) + 1);
}

Result<File> PackFolder::create_file(FileKind kind, const PackName& name) {
    BULLA_TRY(file,
              files_.create(path_of(name.number, kind == FileKind::pack ? ".pack" : ".keys")));
    const auto header = write_file_header(kind, name);
    const std::string_view piece = header;
    BULLA_CHECK(files_.write(file, {&piece, 1}, 0));
    BULLA_CHECK(files_.sync(file));
    return std::move(file);
}

Result<std::unique_ptr<Pack>> PackFolder::create_pack() {
    const PackName name{.volume = options_.volume, .number = next_.fetch_add(1)};
    const auto both = [&]() -> Result<std::unique_ptr<Pack>> {
        BULLA_TRY(keys, create_file(FileKind::keys, name));
        BULLA_TRY(pack, create_file(FileKind::pack, name));
        BULLA_CHECK(files_.sync_folder(options_.path));
        return std::make_unique<Pack>(
            files_, name, std::move(pack), std::move(keys), make_pack_key(volumes_key_, name));
    };
    auto made = both();
    if (!made) {
        files_.remove(path_of(name.number, ".pack"));
        files_.remove(path_of(name.number, ".keys"));
    }
    return made;
}

void PackFolder::abandon(std::unique_ptr<Pack> pack) {
    if (pack != nullptr && !pack->is_named) {
        files_.remove(path_of(pack->name().number, ".pack"));
        files_.remove(path_of(pack->name().number, ".keys"));
    }
}

}  // namespace bulla::seal
