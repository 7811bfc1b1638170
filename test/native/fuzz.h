// Runs a fuzzer's LLVMFuzzerTestOneInput without libFuzzer: the corpus, then mutations of it for some seconds.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace fuzz {

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s does not hold\n", what);
  std::abort();
}

using Input = std::vector<uint8_t>;

inline void Mutate(Input& input, const std::vector<Input>& corpus, std::minstd_rand& random) {
  for (int changes = random() % 8; changes >= 0 && !input.empty(); --changes) {
    const size_t where = random() % input.size();
    switch (random() % 5) {
      case 0:
        input[where] ^= 1 << random() % 8;
        break;
      case 1:
        input[where] = static_cast<uint8_t>(random());
        break;
      case 2:
        input.resize(where);
        break;
      case 3:
        input.insert(input.begin() + where, random() % 2 ? 0 : 255);
        break;
      default: {
        const Input& other = corpus[random() % corpus.size()];
        const size_t from = other.empty() ? 0 : random() % other.size();
        input.insert(input.begin() + where, other.begin() + from, other.end());
        input.resize(std::min<size_t>(input.size(), 65536));
      }
    }
  }
}

// FUZZ_SECONDS: for how long, by default 5. FUZZ_SEED: another seed makes other mutations.
inline int Run(const std::vector<Input>& corpus) {
  const auto number = [](const char* name, int otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atoi(text) : otherwise;
  };
  Require(corpus.size() >= 4, "a corpus of at least four inputs");
  for (const Input& input : corpus) LLVMFuzzerTestOneInput(input.data(), input.size());
  std::minstd_rand random(number("FUZZ_SEED", 1));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(number("FUZZ_SECONDS", 5));
  uint64_t runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    Input input = corpus[random() % corpus.size()];
    Mutate(input, corpus, random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::fprintf(stderr, "%llu inputs\n", static_cast<unsigned long long>(runs));
  return 0;
}

}  // namespace fuzz
