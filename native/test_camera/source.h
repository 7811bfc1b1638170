// What a camera sends, as units on a timeline of its own (feeder thread).
#ifndef FRAMEGATE_TEST_CAMERA_SOURCE_H_
#define FRAMEGATE_TEST_CAMERA_SOURCE_H_

#include <gst/gst.h>

#include <cstdint>

class Source {
 public:
  virtual ~Source() = default;

  // When the next unit is to be handed over, in ns from 0; never goes back.
  virtual uint64_t NextDue() const = 0;
  virtual bool NextIsVideo() const = 0;

  // The next unit, its PTS and DTS on the same timeline as NextDue() (transfer full).
  virtual GstBuffer* Take() = 0;

  // Starts over with something that a decoder can begin with, for a new pipeline.
  virtual void Restart() = 0;

  // What goes into the pipeline; null where there is no such track (transfer none).
  virtual GstCaps* video_caps() const = 0;
  virtual GstCaps* audio_caps() const = 0;
};

#endif  // FRAMEGATE_TEST_CAMERA_SOURCE_H_
