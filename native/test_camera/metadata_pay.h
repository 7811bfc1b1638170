// The camera's ONVIF metadata: a payloader and what it sends (GStreamer's threads).
#ifndef FRAMEGATE_TEST_CAMERA_METADATA_PAY_H_
#define FRAMEGATE_TEST_CAMERA_METADATA_PAY_H_

#include <gst/gst.h>

// Makes the element "framegatemetadatapay" known to this process. It sends each buffer of
// application/x-onvif-metadata as one RTP packet (ONVIF Streaming Specification 5.1.2.1),
// since Debian 12 has no such payloader.
bool RegisterMetadataPay();

// Begins to push a small document into `appsrc` and one more each second, until it is
// shut down (transfer none).
void FeedMetadata(GstElement* appsrc);

#endif  // FRAMEGATE_TEST_CAMERA_METADATA_PAY_H_
