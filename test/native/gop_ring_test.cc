// The ring holds exactly what a decoder needs to show the newest frame.
#include "core/gop_ring.h"

#include "check.h"

using namespace framegate;

namespace {

AccessUnitPtr Unit(bool key, size_t size = 1000) {
  auto unit = std::make_shared<AccessUnit>();
  unit->key = key;
  unit->size_bytes = size;
  return unit;
}

}  // namespace

int main() {
  GopRing ring;
  ring.Add(Unit(false));
  CHECK(ring.units().empty());  // Nothing to build on.
  ring.Add(Unit(true));
  ring.Add(Unit(false));
  ring.Add(Unit(false));
  CHECK_EQ(ring.units().size(), 3u);
  CHECK_EQ(ring.bytes(), 3000u);
  ring.Add(Unit(true));
  CHECK_EQ(ring.units().size(), 1u);
  CHECK(ring.units().front()->key);
  ring.Clear();
  ring.Add(Unit(false));
  CHECK(ring.units().empty());

  ring.Add(Unit(true));
  for (size_t i = 0; i < GopRing::kMaxUnits; ++i) ring.Add(Unit(false));
  CHECK(ring.units().empty());  // Too long a GOP is not kept at all, and a decoder is told to run along.
  CHECK(ring.outgrown());
  ring.Add(Unit(false));
  CHECK(ring.units().empty() && ring.outgrown());
  ring.Add(Unit(true, GopRing::kMaxBytes + 1));
  CHECK(ring.units().empty() && ring.outgrown());
  ring.Clear();  // The gate closed: nothing can be decoded on.
  CHECK(!ring.outgrown());
  ring.Add(Unit(true));
  CHECK(!ring.outgrown());
  for (size_t i = 0; i < GopRing::kLongUnits; ++i) ring.Add(Unit(false));
  CHECK(ring.outgrown());  // Early enough for a decoder to begin with all of it.
  CHECK_EQ(ring.units().size(), GopRing::kLongUnits + 1);
  ring.Add(Unit(true));
  CHECK(!ring.outgrown());
  CHECK_EQ(ring.units().size(), 1u);
  return check::Finish();
}
