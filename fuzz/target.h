#pragma once
#include <cstddef>
#include <cstdint>

/// What a fuzz target defines: takes one input, which is the caller's, and aborts if bulla does with it what it must never do. Gives 0.
/// The engine, and replay_main.cpp, find it by the engine's own name.
extern "C" int run_fuzz_target(const std::uint8_t* data,
                               std::size_t size) __asm__("LLVMFuzzerTestOneInput");
