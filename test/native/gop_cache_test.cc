// The cache holds exactly the units that a decoder needs for the newest frame.
#include "core/gop_cache.h"

#include "check.h"

using namespace framegate;

namespace {

AccessUnitPtr Unit(bool key, size_t size = 1000) {
  auto unit = std::make_shared<AccessUnit>();
  unit->key = key;
  unit->size_bytes = size;
  return unit;
}

TEST(HoldsWhatADecoderNeeds) {
  GopCache cache;
  cache.Add(Unit(false));
  CHECK(cache.units().empty());  // Cannot be decoded on its own.
  cache.Add(Unit(true));
  cache.Add(Unit(false));
  cache.Add(Unit(false));
  CHECK_EQ(cache.units().size(), 3u);
  CHECK_EQ(cache.bytes(), 3000u);
  cache.Add(Unit(true));
  CHECK_EQ(cache.units().size(), 1u);
  CHECK(cache.units().front()->key);
  cache.Clear();
  cache.Add(Unit(false));
  CHECK(cache.units().empty());
}

TEST(ALongGopOutgrowsTheCache) {
  GopCache cache;
  cache.Add(Unit(true));
  for (size_t i = 0; i < GopCache::kMaxUnits; ++i) cache.Add(Unit(false));
  CHECK(cache.units().empty());  // A GOP that is too long is dropped: a decoder has to keep running.
  CHECK(cache.outgrown());
  cache.Add(Unit(false));
  CHECK(cache.units().empty() && cache.outgrown());
  cache.Add(Unit(true, GopCache::kMaxBytes + 1));
  CHECK(cache.units().empty() && cache.outgrown());
  cache.Clear();  // As when the gate closes: the decoder is of no use any more.
  CHECK(!cache.outgrown());
  cache.Add(Unit(true));
  CHECK(!cache.outgrown());
  for (size_t i = 0; i < GopCache::kLongUnits; ++i) cache.Add(Unit(false));
  CHECK(cache.outgrown());  // Early enough for a decoder to start from the whole GOP.
  CHECK_EQ(cache.units().size(), GopCache::kLongUnits + 1);
  cache.Add(Unit(true));
  CHECK(!cache.outgrown());
  CHECK_EQ(cache.units().size(), 1u);
}

TEST(ADecoderCanStartAtAnyTimeIfTwoGopsInARowFit) {
  GopCache cache;
  CHECK(!cache.fits());
  cache.Add(Unit(true));
  CHECK(cache.fits());
  for (size_t i = 0; i < GopCache::kLongUnits; ++i) cache.Add(Unit(false));
  CHECK(!cache.fits());
  cache.Add(Unit(true));
  CHECK(!cache.fits());  // This GOP may become as long as the one before.
  cache.Add(Unit(true));
  CHECK(cache.fits());
}

}  // namespace

int main() { return check::RunTests(); }
