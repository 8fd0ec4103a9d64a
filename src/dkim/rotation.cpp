#include "dkim/rotation.h"

#include <algorithm>
#include <array>

namespace bulla::dkim {
namespace {

constexpr std::array<std::string_view, 6> words{
    "next", "seen", "active", "retiring", "retired", "revoked"};

void enter(KeyLife& key, KeyStage stage, Time now) {
    key.stage = stage;
    key.since = now;
}

/// What a key does by itself.
void step(KeyLife& key, Time now, std::chrono::seconds grace) {
    if (key.stage == KeyStage::next && key.sight == RecordSight::exact) {
        enter(key, KeyStage::seen, now);
    } else if (key.stage == KeyStage::seen &&
               (key.sight == RecordSight::absent || key.sight == RecordSight::different)) {
        enter(key, KeyStage::next, now);
    } else if (key.stage == KeyStage::retiring && now >= key.since + grace) {
        enter(key, KeyStage::retired, now);
    }
}

bool waits(const KeyLife& key) {
    return key.rotating && (key.stage == KeyStage::next || key.stage == KeyStage::seen);
}

/// A resolver that gave no answer now may have given one long ago: only what was seen in this look counts.
bool is_ready(const KeyLife& key) {
    return key.stage == KeyStage::seen && key.sight == RecordSight::exact;
}

void switch_over(std::vector<KeyLife>& keys, Time now) {
    for (KeyLife& old : keys) {
        const bool replaced = std::ranges::any_of(
            keys, [&](const KeyLife& key) { return waits(key) && key.algorithm == old.algorithm; });
        if (old.stage == KeyStage::active && replaced) {
            enter(old, KeyStage::retiring, now);
        }
    }
    for (KeyLife& key : keys) {
        if (waits(key)) {
            enter(key, KeyStage::active, now);
            key.rotating = false;
        }
    }
}

}  // namespace

std::string_view to_string(KeyStage stage) {
    return words.at(static_cast<std::size_t>(stage));
}

Result<KeyStage> parse_stage(std::string_view text) {
    const auto* const found = std::ranges::find(words, text);
    if (found == words.end()) {
        return fail("dkim.bad_stage", Fault::us, "a DKIM key is in a stage that nobody knows");
    }
    return static_cast<KeyStage>(found - words.begin());
}

std::vector<KeyLife> decide_stages(std::span<const KeyLife> keys,
                                   Time now,
                                   std::chrono::seconds grace) {
    std::vector<KeyLife> out(keys.begin(), keys.end());
    for (KeyLife& key : out) {
        step(key, now, grace);
    }
    const bool any = std::ranges::any_of(out, waits);
    if (any &&
        std::ranges::all_of(out, [](const KeyLife& key) { return !waits(key) || is_ready(key); })) {
        switch_over(out, now);
    }
    return out;
}

}  // namespace bulla::dkim
