// The units that a camera sends, on their own timeline (feeder thread).
#ifndef FRAMEGATE_TEST_CAMERA_SOURCE_H_
#define FRAMEGATE_TEST_CAMERA_SOURCE_H_

#include <gst/gst.h>

#include <cstdint>

class Source {
 public:
  virtual ~Source() = default;

  // When the next unit is due, in ns from 0; never goes back.
  virtual uint64_t NextDue() const = 0;
  virtual bool NextIsVideo() const = 0;

  // The number of the next video frame; only grows. It identifies the frame's picture: see docs/test-camera.md.
  virtual uint64_t NextNumber() const = 0;

  // The next unit; its PTS and DTS are on the timeline of NextDue() (transfer full).
  virtual GstBuffer* Take() = 0;

  // Starts over at a unit where a decoder can start, for a new pipeline.
  virtual void Restart() = 0;

  // The caps of the units; null without such a track (transfer none).
  virtual GstCaps* video_caps() const = 0;
  virtual GstCaps* audio_caps() const = 0;
};

#endif  // FRAMEGATE_TEST_CAMERA_SOURCE_H_
