// The pipeline that clients share: encoders and payloaders (GStreamer's threads).
#ifndef FRAMEGATE_TEST_CAMERA_MEDIA_H_
#define FRAMEGATE_TEST_CAMERA_MEDIA_H_

#include <gst/rtsp-server/rtsp-server.h>

#include "faults.h"
#include "feeder.h"
#include "options.h"
#include "source.h"

// Context of the media factory's callbacks; must outlive the factory.
struct MediaContext {
  const Options* options;
  const Source* source;  // Null if the pipeline makes everything itself.
  Feeder* feeder;
  Faults* faults;
};

// A shared factory; `context->feeder` feeds its media (transfer full).
GstRTSPMediaFactory* NewMediaFactory(MediaContext* context);

// Makes the next media from the current options.
void Relaunch(GstRTSPMediaFactory* factory, const MediaContext& context);

#endif  // FRAMEGATE_TEST_CAMERA_MEDIA_H_
