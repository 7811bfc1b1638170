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
  CHECK(ring.units().empty());  // Too long a GOP is not kept at all.
  ring.Add(Unit(true, GopRing::kMaxBytes + 1));
  CHECK(ring.units().empty());
  ring.Add(Unit(true));
  CHECK_EQ(ring.units().size(), 1u);
  return check::Finish();
}
