// folders: base smtp
// The reader of DATA and BDAT: no bare CR or LF and no NUL comes through, cuts do not matter, and what is stuffed again reads as the same.
#include "smtp/data_reader.h"
#include "smtp/dot_stuffer.h"

#include "target.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace {

using bulla::smtp::DataReader;

void check(bool good) {
    if (!good) {
        std::abort();
    }
}

bool is_clean(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\0' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) ||
            (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))) {
            return false;
        }
    }
    return true;
}

void read(DataReader& reader, std::string_view input, std::size_t piece, bool chunked) {
    reader.begin(0);
    while (!input.empty() && !reader.at_end()) {
        const std::string_view part = input.substr(0, piece);
        if (chunked) {
            reader.take_chunk(part);
            input.remove_prefix(part.size());
        } else {
            input.remove_prefix(reader.take_data(part));
        }
    }
    if (chunked) {
        reader.end_chunks();
    }
}

}  // namespace

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const bool chunked = (data[0] & 1) != 0;
    const bulla::smtp::DataLimits limits{
        .message_bytes = 2048, .line_bytes = 200, .repair = (data[0] & 2) != 0};
    const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
    DataReader whole(limits, nullptr);
    DataReader cut(limits, nullptr);
    read(whole, input, input.size() + 1, chunked);
    read(cut, input, 1 + data[1] % 16, chunked);
    check(whole.at_end() == cut.at_end() && whole.octets() == cut.octets());
    check(whole.fault().has_value() == cut.fault().has_value() && whole.text() == cut.text());
    check(whole.text().size() <= 2048);
    if (!whole.at_end() || whole.fault()) {
        return 0;
    }
    check(is_clean(whole.text()));
    std::vector<std::string_view> pieces;
    bulla::smtp::DotStuffer stuffer({whole.text()});
    while (stuffer.next(pieces, 7)) {
    }
    DataReader again(limits, nullptr);
    again.begin(0);
    for (const auto piece : pieces) {
        check(again.take_data(piece) == piece.size());
    }
    check(again.at_end() && again.text() == whole.text());
    return 0;
}
