// Fuzzes the code that reads the camera's bytes: the parsers of parameter sets and access units, and the gate.
//
// As a test: runs the corpus in test/native/corpus, then mutations of it for some seconds, under ASan and UBSan.
// With clang's libFuzzer: CONTRIBUTING.md.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/access_unit_parser.h"
#include "core/gate.h"
#include "fuzz.h"

using namespace framegate;
using fuzz::Require;

namespace {

// Reads the same bytes as access units of the codecs without NAL units.
void ReadAsOthers(const std::vector<uint8_t>& bytes) {
  for (const Codec codec : {Codec::kMjpeg, Codec::kMpeg4, Codec::kVp8, Codec::kVp9}) {
    auto parser = MakeParser(codec);
    parser->SetCodecData(bytes.data(), bytes.size());
    parser->Parse(bytes.data(), bytes.size());
    const ParameterSetInfo parameters = parser->parameters();
    Require(parameters.width >= 0 && parameters.width <= 65536 && parameters.height >= 0 && parameters.height <= 65536,
            "a possible picture size");
  }
}

}  // namespace

// Byte 0: the codec, and which units carry DISCONT. Then records with a 2-byte length: first the codec data, then
// access units.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const bool h265 = data[0] & 1;
  auto parser = h265 ? MakeH265Parser() : MakeH264Parser();
  Gate gate(h265 ? GateRules::kH265 : GateRules::kH264);
  bool was_open = false;
  size_t at = 1;
  for (int record = 0; size - at >= 2; ++record) {
    const size_t length = std::min<size_t>(data[at] << 8 | data[at + 1], size - at - 2);
    // A separate copy, so that ASan sees reads past its end.
    const std::vector<uint8_t> bytes(data + at + 2, data + at + 2 + length);
    at += 2 + length;
    ReadAsOthers(bytes);
    if (record == 0) {
      parser->SetCodecData(bytes.data(), bytes.size());
      continue;
    }
    const AccessUnitInfo info = parser->Parse(bytes.data(), bytes.size());
    const ParameterSetInfo parameters = parser->parameters();
    Require(parameters.width >= 0 && parameters.width <= 16384 && parameters.height >= 0 && parameters.height <= 32768,
            "a possible picture size");
    Require(!info.frame_num_known || info.frame_num < info.max_frame_num, "frame_num below its modulus");
    const bool gap = data[0] >> (record % 7 + 1) & 1;
    const GateVerdict verdict = gate.Check(info, gap);
    Require(verdict == GateVerdict::kDrop || gate.open(), "only an open gate passes units");
    if (!was_open && gate.open()) {
      Require(info.well_formed && (!gap || record == 1) && (info.key || info.recovery_frames >= 0),
              "only a complete key picture or recovery point opens the gate");
    }
    was_open = gate.open();
  }
  return 0;
}

#ifndef FRAMEGATE_LIBFUZZER
int main(int argc, char** argv) {
  std::vector<fuzz::Input> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(argc > 1 ? argv[1] : FRAMEGATE_CORPUS)) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return fuzz::Run(corpus);
}
#endif
