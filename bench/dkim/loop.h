#pragma once
#include "../program.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

// The measuring loop that all programs of this folder share. PERF_SECS is the time for one figure, BENCH_ONLY a part of the keys wanted.

inline double seconds_of(clockid_t clock) {
    timespec t{};
    (void)::clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        give_up("cannot read " + path);
    }
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void check(bool ok, const char* what) {
    if (!ok) {
        give_up(std::string("failed: ") + what);
    }
}

inline bool wanted(const std::string& key) {
    const char* only = std::getenv("BENCH_ONLY");
    return only == nullptr || key.find(only) != std::string::npos;
}

/// The name of a figure: "sign.rsa2048.4k".
inline std::string figure(std::string what, const std::string& key, const std::string& size) {
    return what.append(".").append(key).append(".").append(size);
}

/// Runs `work` again and again and prints "key rate-per-CPU-second rate-per-second".
template <class Work>
void measure(const std::string& key, const Work& work) {
    if (!wanted(key)) {
        return;
    }
    const char* text = std::getenv("PERF_SECS");
    const double length = text != nullptr ? parse_number<double>(text) : 0.6;
    work();
    std::int64_t count = 0;
    const double wall = seconds_of(CLOCK_MONOTONIC);
    const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    double passed = 0;
    do {
        work();
        ++count;
        passed = seconds_of(CLOCK_MONOTONIC) - wall;
    } while (passed < length);
    const double spent = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    (void)std::printf("%s %.2f %.2f\n",
                      key.c_str(),
                      static_cast<double>(count) / spent,
                      static_cast<double>(count) / passed);
    (void)std::fflush(stdout);
}
