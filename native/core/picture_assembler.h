// Puts pictures together that the depayloader split. It ends an access unit at the RTP marker, which some senders set
// on every NAL unit. A picture begins with the slice that starts at its first block, so a part that does not begin one
// belongs to the part before it.
//
// While markers are right, each unit passes at once. Only the first picture waits, for the next unit or for kSettleNs.
// Once a marker was wrong, every picture waits for the next one. Not synchronized.
#pragma once

#include <optional>
#include <vector>

#include "gst_ptr.h"
#include "stream_intake.h"
#include "stream_types.h"

namespace framegate {

class PictureAssembler {
 public:
  struct Picture {
    SamplePtr sample;
    StreamIntake::Arrival arrival;  // Of its last part.
  };
  // The parts of a picture arrive together.
  static constexpr int64_t kSettleNs = MsToNs(100);

  explicit PictureAssembler(Codec codec) : codec_(codec) {}

  // The pictures that are complete with this part of the stream.
  std::vector<Picture> Add(SamplePtr sample, const StreamIntake::Arrival& arrival);

  // The first picture, if nothing has followed it for kSettleNs.
  std::optional<Picture> TakeSettled(int64_t now_ns);

 private:
  enum class Kind { kBegins, kContinues, kNoSlice };
  Kind KindOf(GstSample* sample) const;
  Picture Join();

  const Codec codec_;
  std::vector<SamplePtr> parts_;  // Of the next picture.
  StreamIntake::Arrival arrival_;
  bool has_slice_ = false;  // The parts are more than what precedes the first slice.
  size_t no_slice_bytes_ = 0;
  std::optional<uint32_t> timestamp_;  // RTP's, of the newest picture, passed on or not.
  bool markers_wrong_ = false;
  bool first_picture_ = true;
};

}  // namespace framegate
