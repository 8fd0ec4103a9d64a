#include "seal/files.h"
#include "seal/format.h"
#include "seal/sealer.h"

#include <list>
#include <mutex>
#include <string>

namespace bulla::seal {
namespace {

constexpr std::size_t max_open_packs = 64;

/// A pack open for reading, its headers checked.
struct OpenPack {
    File pack, keys;
    SecretBytes key;
};

std::string place_of(const Address& address) {
    return "volume " + address.volume + ", pack " + std::to_string(address.pack) + ", offset " +
           std::to_string(address.offset) + ", slot " + std::to_string(address.slot);
}

/// The same error, with the place before its sentence.
std::unexpected<Error> at(const Address& address, Error error) {
    error.text = place_of(address) + ": " + error.text;
    return std::unexpected(std::move(error));
}

Result<File> open_checked(const std::string& path, FileKind kind, const PackName& name) {
    auto file = open_to_read(path);
    if (!file) {
        return fail("pack.missing", Fault::us, file.error().text);
    }
    BULLA_TRY(header, read_at(*file, 0, file_header_size));
    BULLA_CHECK(check_file_header(header, kind, name));
    return std::move(*file);
}

bool is_volume_name(const std::string& name) {
    return !name.empty() && name.size() <= max_volume_name && name.find('/') == std::string::npos &&
           !name.starts_with('.');
}

}  // namespace

struct RecordReader::Impl {
    Impl(Options chosen, std::string_view key) : options(std::move(chosen)), volumes_key(key) {}

    Result<std::shared_ptr<const OpenPack>> open(const PackName& name);
    Result<std::string> read_record(const OpenPack& pack, const Address& address) const;

    Options options;
    std::string_view volumes_key;
    std::mutex mutex;
    std::list<std::pair<std::string, std::shared_ptr<const OpenPack>>>
        recent;  // the last used first
};

Result<std::shared_ptr<const OpenPack>> RecordReader::Impl::open(const PackName& name) {
    const auto folder =
        options.volumes_path + "/" + name.volume + "/" + std::to_string(name.number);
    {
        const std::scoped_lock lock(mutex);
        for (auto entry = recent.begin(); entry != recent.end(); ++entry) {
            if (entry->first == folder) {
                recent.splice(recent.begin(), recent, entry);
                return entry->second;
            }
        }
    }
    auto pack = std::make_shared<OpenPack>();
    BULLA_TRY(pack_file, open_checked(folder + ".pack", FileKind::pack, name));
    BULLA_TRY(keys_file, open_checked(folder + ".keys", FileKind::keys, name));
    pack->pack = std::move(pack_file);
    pack->keys = std::move(keys_file);
    pack->key = make_pack_key(volumes_key, name);
    const std::scoped_lock lock(mutex);
    recent.emplace_front(folder, pack);
    if (recent.size() > max_open_packs) {
        recent.pop_back();
    }
    return pack;
}

Result<std::string> RecordReader::Impl::read_record(const OpenPack& pack,
                                                    const Address& address) const {
    const auto length = static_cast<std::uint64_t>(address.length);
    // zstd makes nothing longer by more than 1/256 and a little.
    const auto longest = options.max_plain_bytes + options.max_plain_bytes / 128 + 4096;
    if (address.offset < static_cast<std::int64_t>(file_header_size) ||
        address.length < static_cast<std::int64_t>(record_overhead) || address.slot < 0) {
        return fail(
            "pack.bad_header", Fault::us, "the database gives a place where no record can be");
    }
    if (length > longest) {
        return fail(
            "pack.too_large",
            Fault::us,
            "the record is " + std::to_string(length) + " octets long, more than may be read");
    }
    auto bytes = read_at(pack.pack, address.offset, record_header_size);
    // The header is read first, so that a made-up length in the database takes no memory.
    if (bytes && bytes->size() == record_header_size) {
        BULLA_TRY(header, parse_record_header(*bytes));
        if (header.length != length) {
            return fail("pack.bad_header",
                        Fault::us,
                        "the record's length is not the one that the database gives");
        }
        bytes = read_at(pack.pack, address.offset, length);
    }
    if (!bytes || bytes->size() != length) {
        return fail("pack.short_read",
                    Fault::us,
                    bytes ? "the pack ends before the record does" : bytes.error().text);
    }
    return bytes;
}

RecordReader::RecordReader(Options options, const vault::Vault& vault)
    : impl_(std::make_unique<Impl>(std::move(options), vault.label_key(vault::Label::volumes))) {}

RecordReader::~RecordReader() = default;

Result<RecordReader::Opened> RecordReader::read(const Address& address,
                                                MessageId message,
                                                RecordKind kind) const {
    const auto read_all = [&]() -> Result<Opened> {
        if (!is_volume_name(address.volume)) {
            return fail("pack.missing", Fault::us, "the database names a volume that cannot be");
        }
        const PackName name{.volume = address.volume, .number = address.pack};
        BULLA_TRY(pack, impl_->open(name));
        BULLA_TRY(record, impl_->read_record(*pack, address));
        BULLA_TRY(header, parse_record_header(record));
        if (header.message != message || header.kind != kind) {
            return fail("pack.wrong_message",
                        Fault::us,
                        "the record here is that of another message or of another kind");
        }
        auto slot = read_at(pack->keys, slot_offset(address.slot), slot_size);
        if (!slot) {
            return fail("pack.bad_slot", Fault::us, slot.error().text);
        }
        BULLA_TRY(key, read_slot(*slot, pack->key, name, address.slot));
        BULLA_TRY(plain, open_record(std::move(record), key, impl_->options.max_plain_bytes));
        return Opened{.plain = std::move(plain), .salt = commitment_salt(key)};
    };
    auto opened = read_all();
    if (!opened) {
        return at(address, std::move(opened).error());
    }
    return opened;
}

}  // namespace bulla::seal
