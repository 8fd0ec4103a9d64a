#include "vault/locked_memory.h"

#include <new>
#include <sodium.h>
#include <stdexcept>

namespace bulla::vault {

void start_sodium() {
    static const bool started = sodium_init() >= 0;
    if (!started) {
        throw std::runtime_error("libsodium does not start");
    }
}

LockedMemory::LockedMemory(std::size_t size) : size_(size) {
    start_sodium();
    // sodium_malloc locks, and goes on without where RLIMIT_MEMLOCK is too low.
    start_.reset(static_cast<char*>(sodium_malloc(size)));
    if (!start_) {
        throw std::bad_alloc();
    }
}

void LockedMemory::Freer::operator()(char* start) const {
    sodium_free(start);
}

}  // namespace bulla::vault
