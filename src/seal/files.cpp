#include "seal/files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>

namespace bulla::seal {
namespace {

std::unexpected<Error> file_error(int error, std::string_view what) {
    const auto full = error == ENOSPC || error == EDQUOT;
    return fail(full ? "seal.full" : "seal.file",
                full ? Fault::temporary : Fault::us,
                std::string(what) + ": " + std::system_category().message(error));
}

std::unexpected<Error> open_error(int error, const std::string& path) {
    if (error == ENOENT) {
        return fail("seal.no_file", Fault::us, "there is no file " + path);
    }
    return file_error(error, "cannot open " + path);
}

class SystemFiles final : public FileOps {
  public:
    Result<File> create(const std::string& path) override {
        return open(path, O_CREAT | O_EXCL | O_WRONLY);
    }

    Result<File> open_existing(const std::string& path) override { return open(path, O_WRONLY); }

    Result<void> write(const File& file,
                       std::span<const std::string_view> pieces,
                       std::int64_t offset) override {
        constexpr std::size_t most = 1024;  // IOV_MAX of Linux
        std::array<iovec, most> vectors{};
        std::size_t done = 0;  // octets of pieces.front() that are written
        while (!pieces.empty()) {
            std::size_t count = 0;
            for (; count < std::min(pieces.size(), most); ++count) {
                const auto piece = count == 0 ? pieces[0].substr(done) : pieces[count];
                // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the interface of writev has no const
                vectors.at(count) = {const_cast<char*>(piece.data()), piece.size()};
            }
            const auto written =
                ::pwritev(file.descriptor(), vectors.data(), static_cast<int>(count), offset);
            if (written < 0 && errno != EINTR) {
                return file_error(errno, "cannot write");
            }
            auto rest = static_cast<std::size_t>(std::max<ssize_t>(written, 0));
            offset += static_cast<std::int64_t>(rest);
            rest += done;
            while (!pieces.empty() && rest >= pieces.front().size()) {
                rest -= pieces.front().size();
                pieces = pieces.subspan(1);
            }
            done = rest;
        }
        return {};
    }

    Result<void> sync(const File& file) override {
        if (::fdatasync(file.descriptor()) != 0) {
            return file_error(errno, "cannot sync");
        }
        return {};
    }

    Result<void> sync_folder(const std::string& path) override {
        const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!folder.is_open() || ::fsync(folder.descriptor()) != 0) {
            return file_error(errno, "cannot sync the directory " + path);
        }
        return {};
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) {
            return file_error(errno, "cannot rename " + from);
        }
        return {};
    }

    void remove(const std::string& path) override { ::unlink(path.c_str()); }

  private:
    static Result<File> open(const std::string& path, int flags) {
        File file(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file.is_open()) {
            return open_error(errno, path);
        }
        return file;
    }
};

}  // namespace

File::~File() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

FileOps& FileOps::system() {
    static SystemFiles files;
    return files;
}

Result<void> make_folder(FileOps& files, const std::string& path) {
    const std::filesystem::path folder(path);
    std::error_code error;
    if (folder.empty() || std::filesystem::is_directory(folder, error)) {
        return {};
    }
    const auto parent = folder.has_parent_path() ? folder.parent_path().string() : std::string(".");
    BULLA_CHECK(make_folder(files, parent));
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return file_error(errno, "cannot make the directory " + path);
    }
    return files.sync_folder(parent);
}

Result<std::string> read_at(const File& file, std::int64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const auto got = ::pread(file.descriptor(),
                                 bytes.data() + have,
                                 size - have,
                                 offset + static_cast<std::int64_t>(have));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return file_error(errno, "cannot read");
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

Result<File> open_to_read(const std::string& path) {
    File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file.is_open()) {
        return open_error(errno, path);
    }
    return file;
}

}  // namespace bulla::seal
