#include "dmarc/suffix_list.h"

#include <cstdio>
#include <libpsl.h>
#include <utility>

namespace bulla::dmarc {

namespace {

struct CloseFile {
    void operator()(std::FILE* file) const {
        (void)std::fclose(file);  // NOLINT(cppcoreguidelines-owning-memory): unique_ptr's deleter
    }
};

struct FreeList {
    void operator()(psl_ctx_t* list) const { psl_free(list); }
};

}  // namespace

struct SuffixList::Impl {
    const psl_ctx_t* list;  // the built-in one is never freed
    std::unique_ptr<psl_ctx_t, FreeList> owned;
};

SuffixList SuffixList::built_in() {
    return SuffixList(std::make_shared<const Impl>(Impl{.list = psl_builtin(), .owned = nullptr}));
}

Result<SuffixList> SuffixList::parse(std::string_view text) {
    std::string bytes(text);
    bytes.push_back('\n');
    // The library reads from streams only; this one lies in memory.
    const std::unique_ptr<std::FILE, CloseFile> file(::fmemopen(bytes.data(), bytes.size(), "r"));
    std::unique_ptr<psl_ctx_t, FreeList> list(file ? psl_load_fp(file.get()) : nullptr);
    if (!list || psl_suffix_count(list.get()) <= 0) {
        return fail("dmarc.bad_suffix_list", Fault::us, "the public suffix list holds no suffix");
    }
    const psl_ctx_t* plain = list.get();
    return SuffixList(std::make_shared<const Impl>(Impl{.list = plain, .owned = std::move(list)}));
}

std::optional<DomainName> SuffixList::registered_part(const DomainName& domain) const {
    const char* part = psl_registrable_domain(impl_->list, domain.ascii().c_str());
    auto name = part == nullptr ? fail("domain.bad", Fault::us, "no registered part")
                                : DomainName::parse(part);
    return name ? std::optional(*std::move(name)) : std::nullopt;
}

}  // namespace bulla::dmarc
