// The pipeline that clients share: encoders and payloaders (GStreamer's threads).
#ifndef FRAMEGATE_TEST_CAMERA_MEDIA_H_
#define FRAMEGATE_TEST_CAMERA_MEDIA_H_

#include <gst/rtsp-server/rtsp-server.h>

#include "faults.h"
#include "feeder.h"
#include "options.h"
#include "source.h"

// What the media factory's callbacks need; outlives the factory.
struct MediaContext {
  const Options* options;
  const Source* source;  // Null where the pipeline makes everything itself.
  Feeder* feeder;
  Faults* faults;
};

// A shared factory whose media are fed by `context->feeder` (transfer full).
GstRTSPMediaFactory* NewMediaFactory(MediaContext* context);

// What `options` say now is what the next media is made of.
void Relaunch(GstRTSPMediaFactory* factory, const MediaContext& context);

#endif  // FRAMEGATE_TEST_CAMERA_MEDIA_H_
