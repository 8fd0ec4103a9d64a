#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace bulla {

/// Where randomness comes from; an argument wherever tests need to know it. Implementations may be called from any thread.
class Random {
  public:
    Random() = default;
    Random(const Random&) = delete;
    Random& operator=(const Random&) = delete;
    virtual ~Random() = default;
    /// Fills `out` with bytes fit for keys. Ends the program when the system has none to give.
    virtual void fill(std::span<char> out) = 0;

    /// `count` random bytes.
    [[nodiscard]] std::string bytes(std::size_t count) {
        std::string out(count, '\0');
        fill(out);
        return out;
    }
};

/// The kernel's generator (getrandom).
class SystemRandom final : public Random {
  public:
    void fill(std::span<char> out) override;
};

}  // namespace bulla
