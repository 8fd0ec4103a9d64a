#include "seal/compress.h"

#include <memory>
#include <new>
#include <zstd.h>

namespace bulla::seal {
namespace {

constexpr int level = 3;

template <auto function>
struct Free {
    template <class T>
    void operator()(T* object) const {
        function(object);
    }
};

ZSTD_CCtx* compressor() {
    thread_local const std::unique_ptr<ZSTD_CCtx, Free<ZSTD_freeCCtx>> context(ZSTD_createCCtx());
    if (context == nullptr) {
        throw std::bad_alloc();
    }
    ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
    return context.get();
}

ZSTD_DCtx* decompressor() {
    thread_local const std::unique_ptr<ZSTD_DCtx, Free<ZSTD_freeDCtx>> context(ZSTD_createDCtx());
    if (context == nullptr) {
        throw std::bad_alloc();
    }
    return context.get();
}

}  // namespace

bool append_compressed(std::string& out, std::string_view plain) {
    const auto start = out.size();
    out.resize(start + plain.size());
    // No more room than the plain text takes: what does not fit is not worth compressing.
    const auto size =
        ZSTD_compress2(compressor(), out.data() + start, plain.size(), plain.data(), plain.size());
    if (ZSTD_isError(size) != 0 || size >= plain.size()) {
        out.replace(start, plain.size(), plain);
        return false;
    }
    out.resize(start + size);
    return true;
}

Result<void> compress_pieces(std::string_view plain,
                             const std::function<Result<void>(std::string& piece)>& take) {
    auto* context = compressor();
    ZSTD_CCtx_setPledgedSrcSize(context, plain.size());
    ZSTD_inBuffer in{plain.data(), plain.size(), 0};
    std::string piece;
    std::size_t left = 0;
    do {
        piece.resize(ZSTD_CStreamOutSize());
        ZSTD_outBuffer out{piece.data(), piece.size(), 0};
        left = ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
        if (ZSTD_isError(left) != 0) {
            return fail("pack.bad_compression",
                        Fault::us,
                        std::string("zstd cannot compress: ") + ZSTD_getErrorName(left));
        }
        piece.resize(out.pos);
        BULLA_CHECK(take(piece));
    } while (left != 0);
    return {};
}

Result<std::string> decompress(std::string_view frame, std::uint64_t plain_size) {
    std::string plain;
    // The frame says its size too: a disagreement is found before memory is taken.
    if (ZSTD_getFrameContentSize(frame.data(), frame.size()) == plain_size) {
        plain.resize(plain_size);
        const auto size = ZSTD_decompressDCtx(
            decompressor(), plain.data(), plain.size(), frame.data(), frame.size());
        if (ZSTD_isError(size) == 0 && size == plain_size) {
            return plain;
        }
    }
    return fail("pack.bad_compression",
                Fault::us,
                "the record does not decompress to as many octets as it says");
}

}  // namespace bulla::seal
